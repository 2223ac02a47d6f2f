"""Evaluation of a jaxpr on the host, by NumPy, with nothing compiled.

XLA takes 20 to 60 ms to compile an operation of any size, NumPy a few microseconds to run a small one: a program that is run once or
twice on little data is better off here. ``prepare`` flattens a jaxpr to a list of steps: calls are inlined, values get slots, dead
equations go, and each equation that is left is bound to a NumPy function by the table in ``host_primitives``. What the table has not,
JAX evaluates, one operation at a time. Values are never written to after they are made, so results may alias arguments and each other.
"""

import functools
from operator import itemgetter
from typing import Callable, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from facade.core.engine.host_primitives import TABLE
from facade.core.engine.policy import settings

CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}
"""Primitives that are no more than a call of an inner jaxpr, which this parameter holds."""

IDENTITIES = frozenset({"copy", "copy_p", "name", "optimization_barrier", "reshard", "stop_gradient"})
"""Primitives whose results are their arguments."""


def evaluate(jaxpr: ClosedJaxpr, arguments: list[np.ndarray]) -> list[np.ndarray]:
    """The results of a closed jaxpr for these arrays, as a list of NumPy arrays."""
    return prepare(jaxpr)(arguments)


def prepare(jaxpr: ClosedJaxpr) -> "Program":
    """A ``Program`` that evaluates this closed jaxpr, faster at each call than ``evaluate``."""
    return Program(jaxpr)


class Record(NamedTuple):
    """An equation of the flattened jaxpr: whence it reads and where it writes."""

    equation: object
    sources: list
    targets: list


class Flattener:
    """Gives each value of a jaxpr and of those it calls a slot, and lists the equations in order."""

    def __init__(self, jaxpr):
        self.records, self.constants, self.size = [], {}, 0
        self.inputs = [self.new() for _ in jaxpr.jaxpr.invars]
        self.outputs = self.inline(jaxpr, self.inputs)

    def new(self):
        self.size += 1
        return self.size - 1

    def constant(self, value, dtype):
        slot = self.new()
        self.constants[slot] = value if is_foreign(dtype) else np.asarray(value, dtype)
        return slot

    def inline(self, jaxpr, inputs):
        """List the equations of a jaxpr, closed or open, whose arguments are in these slots; the slots of its results."""
        inner, values = (jaxpr.jaxpr, jaxpr.consts) if isinstance(jaxpr, ClosedJaxpr) else (jaxpr, ())
        slots = dict(zip(inner.invars, inputs))
        slots.update((variable, self.constant(value, variable.aval.dtype)) for variable, value in zip(inner.constvars, values))
        for equation in inner.eqns:
            sources = self.read(equation.invars, slots)
            slots.update(zip(equation.outvars, self.record(equation, sources)))
        return self.read(inner.outvars, slots)

    def read(self, atoms, slots):
        return [self.constant(atom.val, atom.aval.dtype) if isinstance(atom, Literal) else slots[atom] for atom in atoms]

    def record(self, equation, sources):
        name, parameters = equation.primitive.name, equation.params
        if name in IDENTITIES:
            return sources
        if name in CALLS:
            return self.inline(parameters[CALLS[name]], sources)
        if name == "custom_linear_solve":
            return self.solve(parameters, sources)
        if name == "platform_index":
            return [self.constant(cpu_branch(parameters["platforms"]), equation.outvars[0].aval.dtype)]
        if name == "cond" and sources[0] in self.constants:
            return self.inline(chosen(parameters["branches"], self.constants[sources[0]]), sources[1:])
        targets = [self.new() for _ in equation.outvars]
        self.records.append(Record(equation, sources, targets))
        return targets

    def solve(self, parameters, sources):
        """List the equations of a linear solve: of its four functions, the third."""
        counts, jaxprs = parameters["const_lengths"], parameters["jaxprs"]
        *_, constants, _, right = parted(sources, *counts)
        return self.inline(jaxprs.solve, constants + right)

    def living(self):
        """The records on which an output or an effect depends, in order."""
        needed, living = set(self.outputs), []
        for record in reversed(self.records):
            if record.equation.effects or not needed.isdisjoint(record.targets):
                needed.update(record.sources)
                living.append(record)
        return living[::-1]


class Program:
    """A jaxpr as a list of steps on a list of values.

    ``fallbacks`` names the primitives, one entry per equation, which JAX has to compile because the table has no row for them.
    """

    def __init__(self, jaxpr):
        flat = Flattener(jaxpr)
        self.fallbacks = []
        self.steps = [self.step(record) for record in flat.living()]
        self.input_count, self.outputs = len(flat.inputs), flat.outputs
        self.values = [flat.constants.get(slot) for slot in range(flat.size)]

    def __call__(self, arguments):
        with np.errstate(all="ignore"):
            return self.run(arguments)

    def run(self, arguments):
        """``__call__`` for callers that have silenced NumPy already."""
        values = self.values.copy()
        values[: self.input_count] = arguments
        for function, read, target, dtype in self.steps:
            result = function(*read(values))
            if dtype is None:
                for slot, value in zip(target, result):
                    values[slot] = value
            elif type(result) is np.ndarray and result.dtype == dtype:
                values[target] = result
            else:
                values[target] = np.asarray(result, dtype)
        return [values[slot] for slot in self.outputs]

    def step(self, record):
        """What ``run`` needs for an equation: function, reader of its arguments, target, dtype.

        The dtype is ``None`` where the function returns a list of arrays that are exact already.
        """
        equation, sources, targets = record
        function = self.bind(equation)
        if function is None:
            self.fallbacks.append(equation.primitive.name)
            return compiled(equation), reader(sources), targets, None
        if equation.primitive.multiple_results:
            return function, reader(sources), targets, None
        return function, reader(sources), targets[0], equation.outvars[0].aval.dtype

    def bind(self, equation):
        name = equation.primitive.name
        if name in CONTROL_FLOW:
            return CONTROL_FLOW[name](equation, self.inner)
        return TABLE[name](equation) if name in TABLE and is_plain(equation) else None

    def inner(self, jaxpr):
        program = Program(jaxpr)
        self.fallbacks += program.fallbacks
        return program.run


def reader(slots):
    """A function from the list of values to the sequence of those in the slots."""
    if len(slots) > 1:
        return itemgetter(*slots)
    return itemgetter(slice(slots[0], slots[0] + 1) if slots else slice(0, 0))  # one index alone would give no sequence


@functools.cache
def is_foreign(dtype):
    """Whether NumPy has no such dtype (that of random keys)."""
    return jax.dtypes.issubdtype(dtype, jax.dtypes.extended)


def is_plain(equation):
    return not any(is_foreign(atom.aval.dtype) for atom in (*equation.invars, *equation.outvars))


def compiled(equation):
    """JAX's own evaluation of one equation on the CPU."""
    primitive, parameters = equation.primitive, equation.primitive.get_bind_params(equation.params)

    def run(*arguments):
        if settings.host_only:
            raise NotImplementedError(f"{equation.primitive.name} needs XLA, whose threads do not live on in a forked process: "
                                      "start the process by 'spawn' or 'forkserver' (DataLoader: multiprocessing_context)")
        with jax.enable_x64(True), jax.default_device(processor()):
            results = primitive.bind(*arguments, **parameters)
        return [on_host(result) for result in (results if primitive.multiple_results else [results])]

    return run


def on_host(value):
    return value if is_foreign(value.dtype) else np.asarray(value)


@functools.cache
def processor():
    return jax.devices("cpu")[0]


def parted(items, *counts):
    """The items in consecutive groups of these sizes, and a last group of the rest."""
    groups, start = [], 0
    for count in counts:
        groups.append(items[start : start + count])
        start += count
    return *groups, items[start:]


def bind_while(equation, inner):
    parameters = equation.params
    condition, body = inner(parameters["cond_jaxpr"]), inner(parameters["body_jaxpr"])
    counts = parameters["cond_nconsts"], parameters["body_nconsts"]

    def run(*arguments):
        condition_constants, body_constants, carry = parted(arguments, *counts)
        while (goes_on := condition([*condition_constants, *carry])[0]).any():
            made = body([*body_constants, *carry])
            carry = made if goes_on.all() else [_where(goes_on, new, old) for new, old in zip(made, carry)]
        return carry

    return run


def _where(goes_on, new, old):
    """`new` for those of a batch, its first dimensions, whose loop goes on."""
    return np.where(goes_on.reshape(goes_on.shape + (1,) * (np.ndim(new) - goes_on.ndim)), new, old)


def bind_scan(equation, inner):
    parameters = equation.params
    body, carried = inner(parameters["jaxpr"]), parameters["num_carry"]
    order = range(parameters["length"])[:: -1 if parameters["reverse"] else 1]
    stacks = [variable.aval for variable in equation.outvars[carried:]]

    def run(*arguments):
        constants, carry, sequences = parted(arguments, parameters["num_consts"], carried)
        stacked = [np.empty(aval.shape, aval.dtype) for aval in stacks]
        for index in order:
            results = body([*constants, *carry, *[sequence[index, ...] for sequence in sequences]])
            carry, items = parted(results, carried)
            for stack, item in zip(stacked, items):
                stack[index] = item
        return [*carry, *stacked]

    return run


def bind_cond(equation, inner):
    branches = [inner(branch) for branch in equation.params["branches"]]

    def run(index, *arguments):
        return chosen(branches, index)(arguments)

    return run


def chosen(branches, index):
    """The branch that an index chooses."""
    return branches[min(max(int(index), 0), len(branches) - 1)]


def cpu_branch(platforms):
    """Which of the branches for these platforms is the CPU's; ``None`` stands for all others."""
    return next(place for place, names in enumerate(platforms) if names is None or "cpu" in names)


CONTROL_FLOW: dict[str, Callable] = {"while": bind_while, "scan": bind_scan, "cond": bind_cond}
