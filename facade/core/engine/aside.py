"""Small work beside the tape: each operation is computed by NumPy at once, and nothing is recorded.

Assembling a batch is a hundred tiny reads of data, other ones each time: as programs they would be compiled or at least kept, and
they would end the training step's own tape in the middle. So within `aside()` a thread's tape waits, and `record` computes. A
process that was forked works so from its first operation to its last, for XLA's threads are not in it.
"""

import contextlib
import warnings

import jax
import numpy as np

from facade.core.engine.evaluate import computed, evaluate_all
from facade.core.engine.graph import Value, constant, kernel_of
from facade.core.engine.policy import settings
from facade.core.engine.program import number_array
from facade.core.engine.tape import Epoch, tapes, trie


@contextlib.contextmanager
def aside():
    """Compute what is recorded in this block at once, by NumPy; what is pending outside goes on pending."""
    if tapes.epoch.host or tapes.epoch.traced:
        yield
        return
    tapes.epoch, tapes.outer, context = Epoch(settings.tape_limit, host=True), tapes.epoch, trie.context
    try:
        yield
    finally:
        tapes.epoch, tapes.outer = tapes.outer, None
        if trie.context != context:
            evaluate_all()


def at_once(operator, statics, inputs):
    """What `record` answers, computed now; None where the data is not on the CPU."""
    specs = tuple(value.spec if value.__class__ is Value else None if value is None else value.__class__ for value in inputs)
    kernel = kernel_of(operator, statics, specs)
    if any(spec.device is not None for spec in kernel.outs):
        if settings.host_only:
            raise RuntimeError("Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' "
                               "start method")
        return None
    arrays = [np.asarray(computed(value).array) if value.__class__ is Value else number_array(value, value.__class__)
              for value in inputs if value is not None]
    return [constant(array) for array in kernel.host(arrays)], kernel


@contextlib.contextmanager
def forking():
    """Processes that are forked in this block find everything computed that this thread has recorded, and nothing under way in XLA."""
    evaluate_all()
    jax.block_until_ready(jax.live_arrays())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"os\.fork\(\) was called|This process .* is multi-threaded")     # true, and provided for here
        yield


def forked():
    """Say, in a process that was forked, that it was."""
    settings.host_only = True
    tapes.epoch, tapes.outer = Epoch(settings.tape_limit), None
