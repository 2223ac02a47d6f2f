"""Recording: one dictionary lookup an operation.

The lookup goes from the present state of the tape to the next, which already knows the kernel and so the shapes
of the results. Only an operation that was never recorded at this point before is looked at any closer.
"""

from facade.core.engine.aside import at_once
from facade.core.engine.evaluate import computed, cut, evaluate_all, read
from facade.core.engine.graph import Value, kernel_of, set_kernel_context
from facade.core.engine.policy import settings
from facade.core.engine.tape import Epoch, State, tapes, trie


class OtherDevice(Exception):
    """A tape works for one device at a time, and a value is on another: what was recorded has to be evaluated first."""


def record(operator, statics, inputs):
    """Record one operation: (results, kernel), the results as a list of pending values.

    operator: has `specialize`; statics: a hashable tuple; inputs: values, Python numbers (a changing number never
    recompiles) or None. What `specialize` raises comes through, and then nothing has been recorded.
    """
    epoch = tapes.epoch
    if epoch.host:
        made = at_once(operator, statics, inputs)
        if made is not None:
            return made
        epoch = tapes.epoch = Epoch(settings.tape_limit)
    key = [operator, statics]
    fresh = None
    try:
        for value in inputs:
            if value.__class__ is Value:
                if value.epoch is epoch:
                    key.append(value.slot)
                else:
                    slot = epoch.slot_of.get(value)
                    key.append(_add_leaf(epoch, value) if slot is None else slot)
            elif value is None:
                key.append(None)
            else:
                key.append(value.__class__)
                if fresh is None:
                    fresh = [value]
                else:
                    fresh.append(value)
    except OtherDevice:
        evaluate_all()
        tapes.epoch = Epoch(settings.tape_limit)
        return record(operator, statics, inputs)
    key = tuple(key)
    state = epoch.state
    following = state.next.get(key)
    if following is None:
        following = _advance(state, key, inputs, fresh)
    values, slot = epoch.values, state.slots
    results = []
    for spec in following.kernel.outs:
        values[slot] = result = Value()
        result.spec, result.array, result.epoch, result.slot = spec, None, epoch, slot
        results.append(result)
        slot += 1
    if fresh is not None:
        for index, number in enumerate(fresh, state.numbers):
            epoch.numbers[index] = number
    epoch.state = following
    if following.length >= epoch.limit:
        cut(epoch)
    elif settings.eager:
        evaluate_all()
    return results, following.kernel


def _advance(state, key, inputs, fresh):
    """The state behind an operation that was never recorded at this point before."""
    specs = tuple(value.spec if value.__class__ is Value else None if value is None else value.__class__ for value in inputs)
    kernel = kernel_of(key[0], key[1], specs)
    trie.states += 1
    return state.next.setdefault(key, State(state, kernel, key[2:], state.slots + len(kernel.outs), state.leaves,
                                            state.numbers + len(fresh or ())))


def _add_leaf(epoch, value):
    """Enter a computed value into the tape; its slot."""
    computed(value)
    state, spec = epoch.state, value.spec
    if spec.device is not epoch.device and (spec.shape or spec.device is not None):
        if state.length:
            raise OtherDevice
        epoch.device = spec.device
    following = state.next.get(spec)
    if following is None:
        trie.states += 1
        following = state.next.setdefault(spec, State(state, None, spec, state.slots + 1, state.leaves + 1, state.numbers))
    slot = epoch.slot_of[value] = state.slots
    epoch.leaves[state.leaves] = value
    epoch.state = following
    return slot


def use_context(context):
    """Say that something changed on which operators depend beside their inputs (a hashable value, such as the default dtype).

    What was recorded before is evaluated; kernels and programs of each context are kept apart, so going back costs nothing.
    """
    evaluate_all()
    set_kernel_context(context)
    trie.enter(context)
    tapes.epoch = Epoch(settings.tape_limit, host=tapes.epoch.host)


def defer_check(value, judge):
    """Have `judge(array)` called with a computed result when the tape is evaluated: it returns an exception, or None.

    For errors that depend on data, such as an index out of range: raised at the latest when something is read.
    """
    if not tapes.epoch.host:
        tapes.epoch.checks.append((value, judge))
    elif (error := judge(read(value))) is not None:
        raise error


class Stretch:
    """A stretch of recording that was done before at the same state: what it enters, what it makes, and where it ends.

    entered: (position among the given values, leaf index, slot); made: (slot, spec) of the results; numbers: how many go in.
    """

    __slots__ = ("end", "entered", "made", "numbers")

    @classmethod
    def since(cls, epoch, start, given, numbers, results):
        """The stretch from the state `start` of `epoch` to now, or None where it cannot be repeated.

        given: the values that may have been entered; numbers: how many numbers the caller can bring again;
        results: pending values that it made.
        """
        if epoch is not tapes.epoch or epoch.state.numbers - start.numbers != numbers or any(value.epoch is not epoch for value in results):
            return None
        stretch, position, entered, state = cls(), {id(value): index for index, value in enumerate(given)}, [], epoch.state
        while state is not start:
            if state.kernel is None:
                leaf = state.parent.leaves
                entered.append((position.get(id(epoch.leaves[leaf])), leaf, state.parent.slots))
            state = state.parent
        if any(place is None for place, _, _ in entered):
            return None
        stretch.end, stretch.entered, stretch.numbers = epoch.state, entered, numbers
        stretch.made = [(value.slot, value.spec) for value in results]
        return stretch

    def repeat(self, epoch, given, numbers):
        """Record it again, with other values of the same specs; its results."""
        for position, leaf, slot in self.entered:
            value = given[position]
            epoch.leaves[leaf], epoch.slot_of[value] = value, slot
        for index, number in enumerate(numbers, epoch.state.numbers):
            epoch.numbers[index] = number
        results = []
        for slot, spec in self.made:
            epoch.values[slot] = result = Value()
            result.spec, result.array, result.epoch, result.slot = spec, None, epoch, slot
            results.append(result)
        epoch.state = self.end
        return results
