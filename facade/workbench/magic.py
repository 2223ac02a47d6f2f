"""`%load_ext facade` and `%%facade`: a cell of PyTorch, and beneath it what it was for JAX.

The cell runs as any other, with `torch` meaning facade. Then follow the pure function of its last result (the value of its last line, or
what its last assignment made), its gradient where that is one number, what was compiled, the time, and the memory that arrays hold.
"""

import ast
import time

import jax

from facade.core.engine import counters
from facade.core.engine.stats import compiles
from facade.core.tensor.tensor import Tensor
from facade.port.alias import install
from facade.workbench.compiling import Compiles
from facade.workbench.naming import Namer
from facade.workbench.recording import Recording, path_to
from facade.workbench.trace import Program, tensors_in


class Report:
    """What a cell was for JAX. program: of its last result, or None; tracked: which of its arguments require grad; new: what was
    compiled; seconds; held: bytes of arrays, before and after.
    """

    def __init__(self, program, tracked, new, seconds, held, host_runs):
        self.program, self.tracked, self.new, self.seconds, self.held, self.host_runs = program, tracked, new, seconds, held, host_runs

    def __repr__(self):
        return f"{self._shown()}\n# {self._costs()}"

    def _shown(self):
        if self.program is None:
            return "# no tensor was computed for the last result"
        try:
            return str(self.program.to_source()) + self._gradient()
        except NotImplementedError as error:
            return f"# {error}\n{self.program.jaxpr}"

    def _gradient(self):
        """The gradient with respect to the arguments that require grad, where the result is one number."""
        outs, places = self.program.jaxpr.out_avals, [place for place, name in enumerate(self.program.arguments) if name in self.tracked]
        if not places or len(outs) > 1 or outs[0].shape or outs[0].dtype.kind != "f":
            return ""
        return f"\n\ngradient = jax.grad({self.program.name}, argnums={places[0] if len(places) == 1 else tuple(places)})\n"

    def _costs(self):
        before, after = self.held
        made = f"{len(self.new)} program{'s' * (len(self.new) > 1)} compiled in {Compiles(self.new).seconds:.2f} s"
        return (f"{self.seconds:.3f} s; {made if self.new else 'nothing compiled'}; {self.host_runs} small or new ones left to NumPy; "
                f"JAX holds {after / 2**20:.1f} MiB ({(after - before) / 2**20:+.1f})")


def run_cell(shell, cell):
    """Run a cell in IPython's shell; the `Report`, or None where the cell failed."""
    namer = Namer()
    _add_variables(namer, shell.user_ns)
    before, entries_before, held = counters(), len(compiles()), _held()
    began = time.perf_counter()
    with install() as facade, Recording() as recorded:
        shell.user_ns.setdefault("torch", facade)
        outcome = shell.run_cell(cell)
    seconds = time.perf_counter() - began
    if not outcome.success:
        return None
    program = _program(recorded.entries, _last_result(outcome.result, cell, shell.user_ns), namer, shell.user_ns)
    tracked = {each.group or each.name for each, tensor in namer.tensors.items() if tensor.requires_grad}
    new = compiles()[entries_before:]
    return Report(program, tracked, new, seconds, (held, _held()), counters()["host_runs"] - before["host_runs"])


def _held():
    """The bytes of JAX's arrays."""
    return sum(array.nbytes for array in jax.live_arrays())


def _add_variables(namer, names):
    for name, thing in list(names.items()):
        if not name.startswith("_") and name not in ("In", "Out"):
            namer.add(name, thing)


def _last_result(value, cell, names):
    """The tensors of a cell's value, or of the variable that its last assignment made."""
    if value is not None:
        return tensors_in(value)
    assigned = [target for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Assign) for target in node.targets]
    targets = [target.id for target in assigned if isinstance(target, ast.Name)]
    return next((found for name in reversed(targets) if (found := tensors_in(names.get(name)))), [])


def _program(entries, tensors, namer, names):
    made = {result for entry in entries for result in entry.results}
    values = [each.value for each in tensors if each.value in made]
    if not values:
        return None
    path = path_to(entries, values)
    _add_variables(namer, {name: thing for name, thing in names.items() if not isinstance(thing, Tensor) or thing.value in path.inputs})
    return Program("program", path, namer)


def load_ipython_extension(ipython):
    """Called by `%load_ext facade`."""
    def facade(line, cell):
        return run_cell(ipython, cell)
    ipython.register_magic_function(facade, "cell", "facade")
