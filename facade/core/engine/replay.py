"""What was recorded, handed to JAX: pending values as a pure function, and recording inside a JAX trace.

A recorded kernel is a pure function of JAX arrays, and JAX's tracers are such arrays. So the same walk through a tape
that makes a compiled program also makes a jaxpr, or one more piece of a trace that `jax.jit`, `jax.grad` or `jax.vmap` began.
"""

import contextlib

import jax
from jax.extend.core import ClosedJaxpr
from jax.interpreters.partial_eval import dce_jaxpr

from facade.core.engine.evaluate import computed, evaluate_all
from facade.core.engine.policy import settings
from facade.core.engine.program import Program, number_array
from facade.core.engine.tape import Epoch, tapes


def jaxpr_of(values):
    """(closed jaxpr, inputs): how this thread's tape leads to `values` from computed ones. Evaluates nothing of this tape.

    inputs: the computed values that go in, in the order of the jaxpr's arguments. A Python number stands in the jaxpr as it is.
    """
    function, inputs = _as_function(values)
    with jax.enable_x64(True):
        closed = jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(value.spec.shape, value.spec.dtype) for value in inputs))
    living, _ = dce_jaxpr(closed.jaxpr, [True] * len(values), instantiate=True)
    return ClosedJaxpr(living, closed.consts), inputs


def _as_function(values):
    """(function of arrays, inputs): the arrays of `values` from those of the inputs."""
    epoch = tapes.epoch
    pending = [value for value in values if value.array is None and value.epoch is epoch]
    program = Program(epoch.state, tuple(value.slot for value in pending))
    leaves = [epoch.leaves[leaf] for leaf in program.leaves]
    given = [computed(value) for value in values if value not in pending]
    inputs = list(dict.fromkeys([*leaves, *given]))

    def function(*arrays):
        array_of = dict(zip(inputs, arrays))
        results = program.replay([array_of[leaf] for leaf in leaves], lambda kind, where: number_array(epoch.numbers[where], kind))
        array_of.update(zip(pending, results))
        return [array_of[value] for value in values]
    return function, inputs


@contextlib.contextmanager
def recording_in_trace():
    """A tape of its own for this thread, whose leaves may be tracers; to evaluate it goes on with their trace.

    What was pending before is computed first, outside of the trace.
    """
    with jax.ensure_compile_time_eval():
        evaluate_all()
    before, tapes.epoch = tapes.epoch, Epoch(settings.tape_limit, traced=True)
    try:
        yield
    finally:
        tapes.epoch = before
