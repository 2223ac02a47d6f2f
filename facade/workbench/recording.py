"""What ran, as entries: each operation with where its inputs come from, over all the programs that a stretch of code made.

The engine forgets a tape when it is evaluated. A `Recording` keeps a copy of each before it goes, so a training step that reads a number in
its middle is still one list of entries afterwards. From entries come jaxprs: `path_to` finds what leads from some values to others.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from facade.core import engine
from facade.core.engine import Value, tapes
from facade.core.engine.graph import SCALARS
from facade.core.engine.stats import operator_name
from facade.workbench.emitting.known import known_function, marked
from facade.workbench.emitting.trimming import trimmed


class Number(NamedTuple):
    """A Python number among the inputs of an entry."""

    kind: type
    number: object


class Entry(NamedTuple):
    """One operation: sources are values, Numbers or None; results are values. epoch, slot: where it was recorded; place: which tape, and
    where on it.
    """

    kernel: object
    sources: tuple
    results: tuple
    epoch: object
    slot: int
    place: tuple


class Segment:
    """A copy of one tape."""

    def __init__(self, epoch, number=0):
        self.epoch, self.state, self.number = epoch, epoch.state, number
        self.values, self.leaves, self.numbers = dict(epoch.values), dict(epoch.leaves), dict(epoch.numbers)

    def entries(self):
        """Its operations in order. A result that no handle was ever made for is an object of its own."""
        at, found = {}, []
        for state in self.state.path():
            first = state.parent.slots
            if state.kernel is None:
                at[first] = self.leaves[state.parent.leaves]
                continue
            at.update((slot, self.values.get(slot) or _unheld(spec)) for slot, spec in zip(range(first, state.slots), state.kernel.outs))
            results = tuple(at[slot] for slot in range(first, state.slots))
            found.append(Entry(state.kernel, self._sources(state, at), results, self.epoch, first, (self.number, first)))
        return found

    def _sources(self, state, at):
        number, sources = state.parent.numbers, []
        for source in state.inputs:
            if source.__class__ is int:
                sources.append(at[source])
            elif source is None:
                sources.append(None)
            else:
                sources.append(Number(source, self.numbers[number]))
                number += 1
        return tuple(sources)


def _unheld(spec):
    value = Value()
    value.spec, value.array, value.epoch, value.slot = spec, None, None, -1
    return value


class Recording:
    """What is recorded in a `with` block: entries, complete when the block ends. noticed(segment): called at each evaluation within."""

    def __init__(self, noticed=None):
        self.noticed, self.segments, self.entries = noticed, [], []

    def __enter__(self):
        engine.evaluate_all()
        self._before, tapes.watch = tapes.watch, self._keep
        return self

    def __exit__(self, *exc):
        tapes.watch = self._before
        self.segments.append(Segment(tapes.epoch, len(self.segments)))
        self.entries += [entry for segment in self.segments for entry in segment.entries()]

    def _keep(self, epoch):
        self.segments.append(Segment(epoch, len(self.segments)))
        if self.noticed is not None:
            self.noticed(self.segments[-1])

    @property
    def place(self):
        """Where the next operation will be recorded, in the order of `Entry.place`."""
        return len(self.segments), tapes.epoch.state.slots


def pending_entries():
    """The operations that this thread has recorded and not yet evaluated."""
    return Segment(tapes.epoch).entries()


def fill_in(entries, values):
    """Compute those of the values that nothing held when their tape was evaluated."""
    missing = [value for value in dict.fromkeys(values) if value.array is None]
    if missing:
        path = path_to(entries, missing, {result for entry in entries for result in entry.results if result.array is not None})
        for value, array in zip(missing, path.values()):
            value.array, value.epoch = np.asarray(array), None


def operand_names(kernel):
    """What torch calls the inputs of a kernel, where a row says it."""
    row = getattr(kernel.operator, "row", kernel.operator)
    return row.operand_names(kernel.statics) if hasattr(row, "operand_names") else []


# ---------------------------------------------------------------- cutting out a function
class Cut(NamedTuple):
    """What leads to some values: a closed jaxpr, the values that its arguments are, and what each might be called: value -> name."""

    jaxpr: ClosedJaxpr
    inputs: list
    wishes: dict


class Path(NamedTuple):
    """What leads to some values: the entries in order, and the values that they start from."""

    entries: list
    inputs: list
    outputs: list

    @property
    def shape(self):
        """Equal for paths that are the same but for the values, and the Python numbers, that go in."""
        values = dict.fromkeys((*self.inputs, *(each for entry in self.entries for each in entry.results)))
        places = {value: place for place, value in enumerate(values)}
        return tuple((entry.kernel, tuple(places[each] if each.__class__ is Value else each and each.kind for each in entry.sources))
                     for entry in self.entries), tuple(places[each] for each in self.outputs)

    def jaxpr(self, scopes=None, stopped=frozenset(), is_differentiated=True, find=known_function):
        """The `Cut` along this path.

        scopes: value that goes in -> what is made of it is called, where that is more than the operator's name; stopped: (epoch, slot,
        index) of inputs through which no derivative goes; is_differentiated: whether any is taken; find: what an operator is in place of
        its kernel.
        """
        scopes = scopes or {}

        def function(*arrays):
            known = dict(zip(self.inputs, arrays))
            for entry in self.entries:
                named = (scopes[each] for each in entry.sources if each.__class__ is Value and each in scopes)
                scope = next(named, operator_name(entry.kernel))
                with jax.named_scope(scope):
                    results = _apply(entry, known, stopped, lambda kernel, numbers: find(kernel, numbers, is_differentiated))
                known.update((value, array) for value, array in zip(entry.results, results) if value not in known)
            return [known[value] for value in self.outputs]
        with jax.enable_x64(True):
            closed = jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(value.spec.shape, value.spec.dtype) for value in self.inputs))
        living, used = trimmed(closed.jaxpr)
        inputs = [value for value, is_used in zip(self.inputs, used) if is_used]
        return Cut(ClosedJaxpr(living, closed.consts), inputs, {value: self.wish(value) for value in inputs})

    def values(self):
        """What this path computes by the operators' own kernels, as arrays."""
        cut = self.jaxpr(find=lambda *operator: None)
        with jax.enable_x64(True):
            return jax.jit(jaxpr_as_fun(cut.jaxpr))(*(engine.computed(value).array for value in cut.inputs))

    def operand(self, value):
        """What an operator calls a value that goes in; empty where nothing takes it, or it is called no more than an input."""
        entry = self._taker(value)
        names = [] if entry is None else operand_names(entry.kernel)
        name = names[entry.sources.index(value)] if entry is not None and len(names) == len(entry.sources) else ""
        return "" if name in ("self", "other", "input", "tensors", "src", "tensor1", "tensor2", "mat2") else name

    def wish(self, value):
        """What a value might be called that goes in: after the operand that it is, or the operator that takes it."""
        entry = self._taker(value)
        return self.operand(value) or (operator_name(entry.kernel) if entry is not None else "constant")

    def _taker(self, value):
        return next((entry for entry in self.entries if value in entry.sources), None)


def path_to(entries, outputs, given=()):
    """The `Path` from computed values to `outputs`. given: values to start from though they were computed from others."""
    needed, kept = dict.fromkeys(outputs), []
    given = set(given)
    for entry in reversed(entries):
        if any(result in needed and result not in given for result in entry.results):
            kept.append(entry)
            needed.update(dict.fromkeys(each for each in entry.sources if each.__class__ is Value))
    kept.reverse()
    made = {result for entry in kept for result in entry.results} - given
    used = dict.fromkeys((*(each for entry in kept for each in entry.sources if each.__class__ is Value), *outputs))
    return Path(kept, [value for value in used if value not in made], list(outputs))


def _apply(entry, known, stopped, find):
    """The results of one entry on tracers; under its operator's mark where JAX has no function for it."""
    arguments, numbers = {}, {}
    for index, source in enumerate(entry.sources):
        if source.__class__ is Number:
            numbers[index] = source.number
        elif source is not None:
            array = known[source]
            arguments[index] = jax.lax.stop_gradient(array) if (entry.epoch, entry.slot, index) in stopped else array

    def call(*arrays):
        given = {index: np.array(number, SCALARS[entry.sources[index].kind]) for index, number in numbers.items()}
        given |= zip(arguments, arrays)
        return entry.kernel.call(*(given[index] for index in sorted(given)))
    function = find(entry.kernel, numbers)
    if function is None:
        names = operand_names(entry.kernel)
        names = [names[index] for index in arguments] if len(names) == len(entry.sources) else []
        function = marked(call, operator_name(entry.kernel), names)
    return function(*arguments.values())
