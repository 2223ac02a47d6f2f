"""Evaluating a tape: everything alive on it, as one program.

A tape's programs are filed at its state, by which slots are alive. One that is small and new runs on the host,
through NumPy; the third time it is met it becomes one `jax.jit` program.
"""

import jax
import numpy as np

from facade.core.engine.graph import SCALARS
from facade.core.engine.policy import settings
from facade.core.engine.stats import totals
from facade.core.engine.tape import Epoch, tapes, trie


def read(value):
    """The NumPy array that `value` is, computed if need be; what a deferred check found is raised."""
    array = computed(value).array
    if array.__class__ is not np.ndarray:
        array = np.asarray(array)
    return array


def computed(value):
    """`value`, after evaluating the tape that it is pending on."""
    if value.array is None:
        evaluate(value.epoch)
        if value.array is None:
            raise RuntimeError("this value's evaluation did not finish")
    return value


def evaluate_all():
    """Evaluate all that this thread has recorded."""
    if tapes.epoch.state is not trie.root:
        evaluate(tapes.epoch)


def evaluate(epoch):
    """Compute every live value of this epoch; if it is this thread's, a new one begins.

    An exception (an interrupt, a full memory) leaves all as it was: the values are still pending and can be read again.
    """
    state = epoch.state
    live = [(slot, value) for slot, reference in list(epoch.values.items())
            if slot < state.slots and (value := reference()) is not None and value.array is None]
    if live:
        totals.evaluations += 1
        arrays = _run(state, epoch, tuple(slot for slot, _ in live))
        for (_, value), array in zip(live, arrays):
            value.array = array
    checks = epoch.checks
    if epoch is tapes.epoch:
        tapes.epoch = Epoch(settings.tape_limit)
        for _, value in live:
            value.epoch = None
        if trie.states > settings.states:
            trie.clear()
    if checks:
        _judge(checks)


def _judge(checks):
    """Raise what the first failing check says; the others have been answered too."""
    pending = [check(np.asarray(value.array)) for value, check in checks]
    checks.clear()
    for error in pending:
        if error is not None:
            raise error


class Program:
    """What computes some slots of a state: met for the first time on the host, then compiled."""

    __slots__ = ("steps", "slots", "leaves", "leaf_slots", "outputs", "kinds", "runs", "compiled", "small")

    def __init__(self, state, outputs):
        path = state.path()
        needed = set(outputs)
        self.steps, leaf_slots, self.kinds, size = [], [], [], 0
        for at in reversed(path):
            slots = range(at.parent.slots, at.slots)
            if at.kernel is None:
                if at.parent.slots in needed:
                    leaf_slots.append((at.parent.leaves, at.parent.slots))
                    size += at.inputs.size
            elif not needed.isdisjoint(slots):
                self.steps.append(_step(at, slots))
                needed.update(source for source in at.inputs if source.__class__ is int)
                size += sum(spec.size for spec in at.kernel.outs)
        self.steps.reverse()
        self.leaves, self.leaf_slots = zip(*reversed(leaf_slots)) if leaf_slots else ((), ())
        self.outputs, self.slots, self.runs, self.compiled = outputs, state.slots, 0, None
        self.small = size <= settings.host_elements

    def on_host(self, epoch):
        """Run through NumPy."""
        slots = dict(zip(self.leaf_slots, (np.asarray(epoch.leaves[leaf].array) for leaf in self.leaves)))
        numbers = epoch.numbers
        for kernel, sources, targets in self.steps:
            results = kernel.host([numbers_array(numbers[where], kind) if kind is not None else slots[where]
                                   for kind, where in sources])
            slots.update(zip(targets, results))
        return [slots[slot] for slot in self.outputs]

    def compile(self):
        """Make one jitted function of (arrays, numbers by kind)."""
        totals.programs += 1
        kinds = {kind for _, sources, _ in self.steps for kind, _ in sources if kind is not None}
        self.kinds = {kind: [where for _, sources, _ in self.steps for this, where in sources if this is kind] for kind in kinds}
        place = {where: index for wheres in self.kinds.values() for index, where in enumerate(wheres)}

        def program(leaves, numbers):
            slots = dict(zip(self.leaf_slots, leaves))
            for kernel, sources, targets in self.steps:
                results = kernel.call(*(numbers[kind.__name__][place[where]] if kind is not None else slots[where]
                                        for kind, where in sources))
                slots.update(zip(targets, results))
            return [slots[slot] for slot in self.outputs]
        self.compiled = jax.jit(program)

    def on_device(self, epoch):
        """Run the compiled program."""
        numbers = {kind.__name__: np.array([epoch.numbers[where] for where in wheres], SCALARS[kind])
                   for kind, wheres in self.kinds.items()}
        leaves = epoch.leaves
        with jax.enable_x64(True):
            return self.compiled([_on_device(leaves[leaf]) for leaf in self.leaves], numbers)


def _step(state, targets):
    """(kernel, sources, targets) of one entry; a source is (None, slot) or (a number's type, its index)."""
    sources, number = [], state.parent.numbers
    for source in state.inputs:
        if source.__class__ is int:
            sources.append((None, source))
        elif source is not None:
            sources.append((source, number))
            number += 1
    return state.kernel, sources, targets


def numbers_array(number, kind):
    """A Python number as the zero-dimensional array that a kernel takes."""
    return np.array(number, SCALARS[kind])


def _on_device(value):
    array = value.array
    if array.__class__ is np.ndarray and array.nbytes > settings.inline_bytes:
        array = value.array = jax.device_put(array)
    return array


_recent = {}     # the programs in use, least recently used first: (state, outputs) -> None


def _run(state, epoch, outputs):
    """Run the program for these slots of this state, by the cheapest way for how often it has been met."""
    program = state.programs.get(outputs)
    if program is None:
        program = state.programs[outputs] = Program(state, outputs)
    program.runs += 1
    if program.compiled is None and program.small and program.runs <= settings.host_runs:
        totals.host_runs += 1
        return program.on_host(epoch)
    if program.compiled is None:
        program.compile()
    _touch(state, outputs)
    totals.compiled_runs += 1
    return program.on_device(epoch)


def _touch(state, outputs):
    """Note that a program was used; drop the one unused for longest when there are too many."""
    _recent.pop((state, outputs), None)
    _recent[state, outputs] = None
    if len(_recent) > settings.programs:
        old_state, old_outputs = next(iter(_recent))
        del _recent[old_state, old_outputs]
        old_state.programs.pop(old_outputs, None)


# ---------------------------------------------------------------- long tapes
def cut(epoch):
    """Evaluate a tape that has grown long, and have the next one end after whole periods of the loop that made it."""
    totals.cuts += 1
    period = _period([state.kernel for state in epoch.state.path() if state.kernel is not None])
    limit = epoch.limit
    evaluate(epoch)
    if period:
        limit = period * max(1, settings.piece // period)
    if epoch is not tapes.epoch:
        tapes.epoch.limit = limit


def _period(kernels):
    """How many operations the loop at the end of the tape has, or 0: the last stretch equals the one before it."""
    last = kernels[-1]
    for length in range(1, len(kernels) // 2 + 1):
        if kernels[-1 - length] is last and kernels[-length:] == kernels[-2 * length:-length]:
            return length
    return 0
