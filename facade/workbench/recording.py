"""What ran, as entries: each operation with where its inputs come from, over all the programs that a stretch of code made.

The engine forgets a tape when it is evaluated. `recording()` keeps a copy of each before it goes, so a training step that reads a number in
its middle is still one list of entries afterwards. From entries come jaxprs: `function_of` cuts out what leads from some values to others.
"""

import contextlib
from typing import NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr
from jax.interpreters.partial_eval import dce_jaxpr

from facade.core import engine
from facade.core.engine import Value, tapes
from facade.core.engine.graph import SCALARS
from facade.core.engine.stats import operator_name  # noqa: F401  (a name that the workbench shows)
from facade.workbench.known import known_function


class Number(NamedTuple):
    """A Python number among the inputs of an entry."""

    kind: type
    number: object


class Entry(NamedTuple):
    """One operation: sources are values, Numbers or None; results are values. epoch, slot: where it was recorded."""

    kernel: object
    sources: tuple
    results: tuple
    epoch: object
    slot: int


class Segment:
    """A copy of one tape."""

    def __init__(self, epoch):
        self.epoch, self.state = epoch, epoch.state
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
            found.append(Entry(state.kernel, self._sources(state, at), tuple(at[slot] for slot in range(first, state.slots)), self.epoch, first))
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


@contextlib.contextmanager
def recording(noticed=None):
    """Record in this block; yields a list that holds all entries afterwards. noticed(segment): called at each evaluation within."""
    engine.evaluate_all()
    segments, entries = [], []

    def keep(epoch):
        segments.append(Segment(epoch))
        if noticed is not None:
            noticed(segments[-1])
    before, tapes.watch = tapes.watch, keep
    try:
        yield entries
    finally:
        tapes.watch = before
        segments.append(Segment(tapes.epoch))
        entries += [entry for segment in segments for entry in segment.entries()]


def pending_entries():
    """The operations that this thread has recorded and not yet evaluated."""
    return Segment(tapes.epoch).entries()


# ---------------------------------------------------------------- cutting out a function
class Cut(NamedTuple):
    """What leads to some values: a closed jaxpr, and the values that its arguments are."""

    jaxpr: ClosedJaxpr
    inputs: list


def function_of(entries, outputs, given=(), stopped=frozenset()):
    """The `Cut` from computed values to `outputs`. given: values to take as inputs though they were computed from others;
    stopped: (entry, index) of inputs through which no derivative goes.
    """
    needed, kept = dict.fromkeys(outputs), []
    given = set(given)
    for entry in reversed(entries):
        if any(result in needed and result not in given for result in entry.results):
            kept.append(entry)
            needed.update(dict.fromkeys(each for each in entry.sources if each.__class__ is Value))
    kept.reverse()
    made = {result for entry in kept for result in entry.results} - given
    inputs = [value for value in needed if value not in made]
    return _trimmed(kept, inputs, outputs, stopped)


def _trimmed(entries, inputs, outputs, stopped):
    """The cut through these entries, without inputs that turn out not to matter."""
    def function(*arrays):
        known = dict(zip(inputs, arrays))
        for entry in entries:
            results = _apply(entry, known, stopped)
            known.update((value, array) for value, array in zip(entry.results, results) if value not in known)
        return [known[value] for value in outputs]
    with jax.enable_x64(True):
        closed = jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(value.spec.shape, value.spec.dtype) for value in inputs))
    living, used = dce_jaxpr(closed.jaxpr, [True] * len(outputs))
    return Cut(ClosedJaxpr(living, closed.consts), [value for value, is_used in zip(inputs, used) if is_used])


def _apply(entry, known, stopped):
    """The results of one entry on tracers."""
    arguments = []
    for index, source in enumerate(entry.sources):
        if source.__class__ is Number:
            arguments.append(np.array(source.number, SCALARS[source.kind]))
        elif source is not None:
            array = known[source]
            arguments.append(jax.lax.stop_gradient(array) if (entry.epoch, entry.slot, index) in stopped else array)
    with jax.named_scope(operator_name(entry.kernel)):
        call = known_function(entry.kernel) or entry.kernel.call
        return call(*arguments)
