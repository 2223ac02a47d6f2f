"""Evaluating a tape: everything alive on it, as one program.

A tape's programs are filed at its state, by which slots are alive. One that is small and new runs on the host,
through NumPy; the third time that a loop comes by it becomes one `jax.jit` program.
"""

from itertools import chain
from sys import getrefcount
from time import perf_counter
from weakref import ref

import jax
import numpy as np

from facade.core.engine.compiles import timing
from facade.core.engine.graph import Value
from facade.core.engine.policy import settings
from facade.core.engine.program import Program
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
            if tapes.watch is not None:
                tapes.started = perf_counter()
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
        with timing(state, len(program.steps)):
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
        _note_compile(program)
        program.compile(epoch.device)
    _touch(state, key)
    totals.compiled_runs += 1
    return program.on_device


def _is_due(program):
    """Whether a program has been met often enough to be compiled: soon where it returns at once, as a loop's does, later where it is rare."""
    gap, program.met = tapes.evaluations - program.met, tapes.evaluations
    program.returns = program.returns + (program.runs > 1) if gap <= settings.loop_evaluations else 0
    patience = settings.patience(len(program.steps), program.size) << last_compiled.get(program.likeness, _NONE)[1]
    return program.returns >= patience or program.runs > max(patience, settings.rare_runs(program.size))


_NONE = (None, 0)
last_compiled = {}     # likeness -> (the program of it that was compiled last, how many before it in a row were compiled for too few runs)


def _note_compile(program):
    """Note whether the last program of the same operations was worth its compilation: if not, the next has to return twice as often first."""
    last, wasted = last_compiled.get(program.likeness, _NONE)
    before = last and last()
    if before is not None:
        wasted = min(wasted + 1, 3) if before.runs - before.due < settings.worth else 0
    if len(last_compiled) > settings.programs:
        last_compiled.clear()
    program.due, last_compiled[program.likeness] = program.runs, (ref(program), wasted)


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
