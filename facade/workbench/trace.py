"""A function on tensors as the pure program that it records: its jaxpr, its StableHLO, its source.

    >>> program = facade.trace_program(model, x)
    >>> print(program.to_source())      # JAX that a person would have written
    >>> program.check()                 # which computes what the model does
"""

import sys

import jax
from jax.extend.core import jaxpr_as_fun

from facade.core.tensor.tensor import Tensor
from facade.workbench.emitting.arguments import arrays_of, as_arguments, stands_in_source
from facade.workbench.emitting.comparing import compare
from facade.workbench.emitting.emitted import as_written, assembled, executed
from facade.workbench.emitting.flattening import flatten
from facade.workbench.emitting.folding import folded
from facade.workbench.emitting.helpers import Helpers, idioms_in, names_in
from facade.workbench.emitting.lines import returned
from facade.workbench.emitting.names import Names
from facade.workbench.naming import Namer, scopes_of
from facade.workbench.recording import Recording, path_to, pending_entries
from facade.workbench.emitting.source import Writer
from facade.workbench.emitting.width import is_wide, needs_wide


class Program:
    """A recorded program. name: of the function; inputs: `Input(group, name)` for each argument of the jaxpr; jaxpr: closed;
    arguments: what goes in, by name, with the groups (params, buffers, constants) as dicts.
    """

    def __init__(self, name, path, namer, results=()):
        """path: what was recorded; namer: knows what goes in; results: names for what comes out."""
        cut = path.jaxpr(scopes_of(namer.found))
        self.name, self._path, self.jaxpr, self.results = name, path, cut.jaxpr, results
        self.inputs = namer.all(cut.inputs, cut.wishes)
        self._arrays = arrays_of(cut.inputs)
        handed = [(each, array) for each, array in zip(self.inputs, self._arrays) if not stands_in_source(each, array)]
        alone, groups = as_arguments(sorted(handed, key=lambda pair: namer.rank(pair[0])))
        self.arguments = {group: groups[group] for group in ("params", "buffers", "constants") if group in groups} | alone

    def stablehlo(self):
        """The program as XLA gets it, as text (https://openxla.org/stablehlo)."""
        with jax.enable_x64(True):
            return jax.jit(jaxpr_as_fun(self.jaxpr)).lower(*self._arrays).as_text()

    def to_source(self):
        """The program as JAX source: imports, and one function with the name of what was traced."""
        constants = {place: array for place, (each, array) in enumerate(zip(self.inputs, self._arrays)) if stands_in_source(each, array)}
        wide = needs_wide(flatten(self.jaxpr, constants=constants), self._arrays) or any(map(is_wide, self.jaxpr.out_avals))
        own = [self.name, *self.arguments]
        helpers = Helpers([self.jaxpr], own, wide)
        flat = flatten(self.jaxpr, helpers, wide, constants)
        functions = [*helpers.lines, *idioms_in([flat], [*own, *helpers.named.values()])]
        return assembled(wide, [*functions, self._function(flat, [*own, *names_in(functions)], wide)])

    def _function(self, flat, taken, wide):
        """The function, of two ways to write it the one that takes fewer lines."""
        bodies = [self._body(flat, Writer(Names(taken), wide=wide, names_sums=names_sums)) for names_sums in (False, True)]
        return [f"def {self.name}({', '.join(self.arguments)}):", *min(bodies, key=len)]

    def _body(self, flat, writer):
        wishes = self.results if len(self.results) == len(flat.outputs) else ()
        outputs = [each.text for each in writer.body(flat, [each.expression for each in self.inputs], wishes)]
        result = ", ".join(outputs)
        lines = [*writer.lines, f"    return {result}"] if wishes else returned(writer.lines, result)
        return folded(lines, [*self.arguments, *writer.names.taken])

    def check(self, tolerance=1e-5):
        """Run the emitted source and hold its results against those of the operators that were recorded; AssertionError where they
        differ.
        """
        source = self.to_source()
        with as_written(source):
            made = jax.jit(executed(source)[self.name])(**self.arguments)
        for place, (actual, wanted) in enumerate(zip(made if isinstance(made, tuple) else (made,), self._path.values(), strict=True)):
            compare(f"result {place}", actual, wanted, tolerance)

    def __repr__(self):
        return f"<{self.name}({', '.join(self.arguments)}): {len(self.jaxpr.eqns)} operations of JAX; .to_source(), .jaxpr, .stablehlo()>"

    def _repr_html_(self):
        return self.to_source()._repr_html_()


def tensors_in(result):
    """The tensors in what a function returned."""
    if isinstance(result, Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, (list, tuple)) else ()
    return [tensor for each in parts for tensor in tensors_in(each)]


def trace_program(function, *args, **kwargs):
    """The program that `function(*args, **kwargs)` records, a `Program`; or that a tensor, or several in a list or tuple, wait for.

    A function is called once. Its parameters and buffers are known by the names that their module has for them. A tensor that is computed
    already has no program left: trace the function that makes it.
    """
    namer = Namer()
    if isinstance(function, (Tensor, list, tuple)):
        return _of_pending(tensors_in(function), namer, sys._getframe(1))
    namer.add_function(function, args, kwargs)
    with Recording() as recorded:
        tensors = tensors_in(function(*args, **kwargs))
        values = [each.value for each in tensors]
    if not tensors:
        raise TypeError(f"what is traced has to return tensors, and {getattr(function, '__name__', function)!r} returned none")
    return Program(_name_of(function), path_to(recorded.entries, values), namer)


def _name_of(function):
    name = getattr(function, "__name__", type(function).__name__).lower()
    return name if name.isidentifier() else "program"


def _of_pending(tensors, namer, frame):
    """The program behind pending tensors, with the names of the variables in a frame."""
    values = [each.value for each in tensors]
    if all(value.array is not None for value in values):
        raise ValueError("this tensor is computed already, and what was recorded for it is gone: trace the function that makes it, "
                         "facade.trace_program(function, *args), or ask before its value is read")
    entries = pending_entries()
    wanted = {id(each) for each in tensors}
    for name, thing in {**frame.f_globals, **frame.f_locals}.items():
        if not name.startswith("_") and id(thing) not in wanted:
            namer.add(name, thing)
    return Program("program", path_to(entries, values), namer, _variable_names(frame, tensors))


def _variable_names(frame, tensors):
    """The variables that hold these tensors, where each has one."""
    variables = {id(thing): name for name, thing in reversed((frame.f_globals | frame.f_locals).items()) if not name.startswith("_")}
    names = [variables.get(id(each)) for each in tensors]
    return tuple(names) if all(names) and len(set(names)) == len(names) else ()
