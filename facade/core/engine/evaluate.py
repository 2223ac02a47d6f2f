"""Evaluating a tape: everything alive on it, as one program.

A tape's programs are filed at its state, by which slots are alive. One that is small and new runs on the host,
through NumPy; the third time that a loop comes by it becomes one `jax.jit` program.
"""

import functools
import os
from collections import Counter
from itertools import chain
from sys import getrefcount

import jax
import numpy as np

from facade.core.engine.compiles import timing
from facade.core.engine.graph import SCALARS, Value
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
    epoch = value.epoch      # looked up first: the thread whose tape it is sets the array, and then takes the epoch away
    if value.array is None:
        evaluate(epoch)
        if value.array is None:
            raise RuntimeError("this value's evaluation did not finish")
    return value


def evaluate_all():
    """Evaluate all that this thread has recorded."""
    if tapes.epoch.state is not trie.root:
        evaluate(tapes.epoch)


def settle():
    """Say that a round of work ends here, such as an optimizer's step: a good place to evaluate, unless the last program was a small one.

    A large round then is the same program whatever came before it, where one dispatch less would be a small gain.
    """
    if tapes.size >= settings.settled_elements:
        evaluate_all()


def evaluate(epoch):
    """Compute every live value of this epoch; if it is this thread's, a new one begins.

    An exception (an interrupt, a full memory) leaves all as it was: the values are still pending and can be read again.
    """
    own = tapes.owns(epoch)
    with epoch.lock:
        state = epoch.state
        values = epoch.values if own else dict(epoch.values)      # the thread that records may add to its tape at any time
        unused = _UNUSED + (not own)
        live = [slot for slot, value in values.items() if getrefcount(value) > unused and value.array is None and slot < state.slots]
        if live:
            totals.evaluations += 1
            live.sort()         # a stretch that was repeated enters its results in another order
            _run(state, epoch, tuple(live), _spent(epoch) if own and not epoch.traced else ())
    checks = epoch.checks
    if own:
        tapes.replace(epoch, Epoch(settings.tape_limit, epoch.traced, epoch.host))
        for slot in live:
            values[slot].epoch = None
        epoch.values, epoch.leaves, epoch.slot_of = {}, {}, {}      # what died unread refers to the epoch: no cycle may be left
        if trie.states > settings.states:
            trie.clear()
    if checks:
        _judge(checks)


def _calibrated():
    """What `getrefcount` says, in the comprehension above, of a value that only the epoch refers to."""
    values = {0: Value()}
    return [getrefcount(value) for _, value in values.items()][0]


_UNUSED = _calibrated()


def _spent(epoch):
    """The leaves that nothing refers to any more but this epoch: their memory may be written over."""
    return tuple(index for index, value in epoch.leaves.items()
                 if value.spec.size >= settings.donated_elements and getrefcount(value) <= _UNUSED + 1
                 and (value.array.__class__ is np.ndarray or getrefcount(value.array) == 2))


def _judge(checks):
    """Raise what the first failing check says; the others have been answered too. A tracer has no data to judge."""
    ready = [each for each in checks if each[0].array is not None]
    pending = [check(np.asarray(value.array)) for value, check in ready if not isinstance(value.array, jax.core.Tracer)]
    for each in ready:
        checks.remove(each)
    for error in pending:
        if error is not None:
            raise error


class Program:
    """What computes some slots of a state: met for the first time on the host, then compiled.

    leaves, leaf_slots: the computed values that are needed, and where they go; given_up: those of them whose memory the
    results may take over; numbers: the Python numbers that are needed, as (type, index); fresh: compiled, and not run yet;
    met: the thread's evaluation when it was last run; returns: how often it was met again soon, the last times.
    """

    __slots__ = ("steps", "leaves", "leaf_slots", "given_up", "outputs", "numbers", "runs", "met", "returns", "compiled", "fresh", "size")

    def __init__(self, state, outputs, spent=()):
        needed = set(outputs)
        self.steps, self.outputs, self.runs, self.compiled, self.fresh, size = [], outputs, 0, None, False, 0
        self.met = self.returns = 0
        leaves, specs = {}, {}
        for at in reversed(state.path()):
            slots = range(at.parent.slots, at.slots)
            if at.kernel is None:
                if at.parent.slots in needed:
                    leaves[at.parent.leaves] = at.parent.slots
                    specs[at.parent.slots] = at.inputs
                    size += at.inputs.size
            elif not needed.isdisjoint(slots):
                self.steps.append(_step(at, slots))
                needed.update(source for source in at.inputs if source.__class__ is int)
                size += sum(spec.size for spec in at.kernel.outs)
                specs.update(zip(slots, at.kernel.outs))
        self.steps.reverse()
        wanted = Counter(specs[slot] for slot in outputs)
        self.given_up = tuple(leaf for leaf in spent if leaf in leaves and _take(wanted, specs[leaves[leaf]]))
        self.leaves = self.given_up + tuple(leaf for leaf in reversed(leaves) if leaf not in self.given_up)
        self.leaf_slots = tuple(leaves[leaf] for leaf in self.leaves)
        self.size = size
        self.numbers = [source for _, sources, _ in self.steps for source in sources if source[0] is not None]

    def replay(self, arrays, number):
        """The outputs, from the arrays of the leaves and `number(kind, index)`: under a trace, a piece of that trace."""
        slots = dict(zip(self.leaf_slots, arrays))
        for kernel, sources, targets in self.steps:
            results = kernel.call(*(slots[where] if kind is None else number(kind, where) for kind, where in sources))
            slots.update(zip(targets, results))
        return [slots[slot] for slot in self.outputs]

    def on_host(self, epoch):
        """Run through NumPy."""
        slots = {slot: np.asarray(epoch.leaves[leaf].array) for leaf, slot in zip(self.leaves, self.leaf_slots)}
        numbers = epoch.numbers
        for kernel, sources, targets in self.steps:
            results = kernel.host([slots[where] if kind is None else number_array(numbers[where], kind) for kind, where in sources])
            slots.update(zip(targets, results))
        return [slots[slot] for slot in self.outputs]

    def in_trace(self, epoch):
        """Go on with the JAX trace that the leaves belong to."""
        with jax.enable_x64(True):
            return self.replay([epoch.leaves[leaf].array for leaf in self.leaves],
                               lambda kind, where: number_array(epoch.numbers[where], kind))

    def compile(self, device):
        """Make one jitted function of (arrays given up, arrays kept and numbers, in order)."""
        totals.programs += 1
        self.fresh = True
        _use_cache(settings.cache)
        count, leaves = len(self.given_up), len(self.leaves)
        place = {number: leaves + index for index, (_, number) in enumerate(self.numbers)}

        def program(*arguments):
            return self.replay(arguments[:leaves], lambda kind, where: arguments[place[where]].astype(SCALARS[kind]))
        options = settings.compiler_options(self.size) if device is None else None
        self.compiled = jax.jit(program, donate_argnums=tuple(range(count)), compiler_options=options)

    def on_device(self, epoch):
        """Run the compiled program."""
        leaves, numbers = epoch.leaves, epoch.numbers
        arguments = []
        for place, leaf in enumerate(self.leaves):
            array = leaves[leaf].array
            if array.__class__ is np.ndarray:
                array = _on_device(leaves[leaf]) if place >= len(self.given_up) else _put(array, may_alias=False)
            elif leaves[leaf].spec.device is not epoch.device:
                array = np.asarray(array)               # a scalar from elsewhere
            arguments.append(array)
        for kind, where in self.numbers:
            arguments.append(_number_on_device(kind, numbers[where]))
        if _has_other_devices():
            with jax.enable_x64(True), jax.default_device(epoch.device or jax.local_devices(backend="cpu")[0]):
                return self.compiled(*arguments)
        with jax.enable_x64(True):
            return self.compiled(*arguments)


@functools.cache
def _use_cache(directory):
    """Have JAX keep what it compiles in this directory, however small."""
    if directory:
        jax.config.update("jax_compilation_cache_dir", os.path.expanduser(directory))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@functools.cache
def _has_other_devices():
    """Whether JAX may choose another device than the CPU by itself."""
    return jax.default_backend() != "cpu" or jax.local_device_count() > 1


def number_array(number, kind):
    """A Python number as the zero-dimensional array that a kernel takes."""
    return np.array(number, SCALARS[kind])


def _take(wanted, spec):
    """Whether a result of this spec still wants memory; then it has got some."""
    if not wanted[spec]:
        return False
    wanted[spec] -= 1
    return True


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


_numbers = {}       # (type, number) -> its array, None for one that went to a program once


def _number_on_device(kind, number):
    """A Python number as a program's argument: a learning rate that comes again and again is on the device already (1.6 us less)."""
    key = kind, number
    found = _numbers.get(key)
    if found is None:
        found = number_array(number, kind)
        if key in _numbers and number:          # 0.0 and -0.0 are equal
            found = _numbers[key] = _put(found)
        else:
            if len(_numbers) >= settings.numbers:
                _numbers.clear()
            _numbers[key] = None
    return found


def _on_device(value):
    """The array of a value made by NumPy: put on the device when it is large, or used again and again."""
    value.uses = value.uses + 1
    if value.array.nbytes > settings.inline_bytes or value.uses > settings.inline_uses:
        value.array = _put(value.array)
    return value.array


def _put(array, may_alias=None):
    """NumPy's array on the device; may_alias: False for a copy."""
    with jax.enable_x64(True):          # else 64-bit numbers arrive as 32-bit ones
        return jax.device_put(array, may_alias=may_alias)


_recent = {}     # the programs in use, least recently used first: (state, key) -> None


def _run(state, epoch, outputs, spent):
    """Compute these slots of this state, by the cheapest way for how often the program has been met."""
    key = outputs, spent
    program = state.programs.get(key)
    if program is None:
        program = state.programs[key] = Program(state, outputs, spent)
    run = _way(program, state, key, epoch)
    tapes.size = program.size
    if program.fresh:
        program.fresh = False
        with timing(state, outputs, len(program.steps)):
            _fill(epoch, outputs, run)
    else:
        _fill(epoch, outputs, run)


def _fill(epoch, outputs, run):
    """Put what `run` computes into the values at these slots."""
    results = []
    try:
        results.extend(chain.from_iterable(map(run, (epoch,))))
    finally:
        # In here because the memory of what was given up is gone once the program has run: an interrupt must not part the two.
        for slot, array in zip(outputs, results):
            epoch.values[slot].array = array


def _way(program, state, key, epoch):
    """The cheapest way to run this program: on the host while it is small and new, then compiled."""
    if epoch.traced:
        return program.in_trace
    if settings.host_only:
        return program.on_host
    program.runs += 1
    tapes.evaluations += 1
    if program.compiled is None and epoch.device is None and program.size <= settings.host_elements and not _is_due(program):
        totals.host_runs += 1
        return program.on_host
    if program.compiled is None:
        program.compile(epoch.device)
    _touch(state, key)
    totals.compiled_runs += 1
    return program.on_device


def _is_due(program):
    """Whether a program has been met often enough to be compiled: soon where it returns at once, as a loop's does, later where it is rare."""
    gap, program.met = tapes.evaluations - program.met, tapes.evaluations
    program.returns = program.returns + (program.runs > 1) if gap <= settings.loop_evaluations else 0
    patience = settings.patience(len(program.steps), program.size)
    return program.returns >= patience or program.runs > max(patience, settings.rare_runs(program.size))


def _touch(state, key):
    """Note that a program was used; drop the one unused for longest when there are too many."""
    _recent.pop((state, key), None)
    _recent[state, key] = None
    if len(_recent) > settings.programs:
        old_state, old_key = next(iter(_recent))
        del _recent[old_state, old_key]
        old_state.programs.pop(old_key, None)


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
