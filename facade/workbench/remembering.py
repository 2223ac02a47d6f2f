"""What `explain` and `find_nan` can look back on: the lines that recorded, and the last evaluations with their values.

The engine forgets a tape when it is evaluated. Within `facade.explaining()` a copy is kept, which costs memory, and of each operation that
is tracked the source line, which costs a look at the stack.
"""

import contextlib
from collections import deque

from facade.core.engine import tapes
from facade.core.tensor.modes import modes
from facade.workbench.recording import Segment, pending_entries

_EVALUATIONS = 16   # how many are remembered: a training step is two or three
_evaluated = deque(maxlen=_EVALUATIONS)


@contextlib.contextmanager
def explaining():
    """Remember, in this block, the source line of each operation that is tracked, and the last evaluations, for `explain`, `find_nan` and
    errors to name. The evaluations are kept until the next such block.
    """
    _evaluated.clear()
    before = modes.anomaly, modes.check_nan, tapes.watch
    modes.anomaly, modes.check_nan, tapes.watch = True, False, _remembering(tapes.watch)
    try:
        yield
    finally:
        modes.anomaly, modes.check_nan, tapes.watch = before
        _evaluated.append(Segment(tapes.epoch))     # what is pending still, and will be gone with the next evaluation


def _remembering(watch):
    """A watcher that keeps each evaluation, and calls the one that was there."""
    def remember(epoch):
        _evaluated.append(Segment(epoch))
        if watch is not None:
            watch(epoch)
    return remember


def known_entries():
    """The operations of the evaluations that are remembered, and those that are pending."""
    return [entry for segment in _evaluated for entry in segment.entries()] + pending_entries()


def has_memories():
    """Whether any evaluation is remembered."""
    return bool(_evaluated)
