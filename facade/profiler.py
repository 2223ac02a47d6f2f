"""Where time goes (torch.profiler): JAX's own profiler sees the compiled programs; torch's would see only their recording."""

import contextlib
from enum import Enum

__all__ = ["ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "tensorboard_trace_handler"]

_INSTEAD = ("an operator here is part of a compiled program, so there is no time of its own to show. Trace with "
            "`jax.profiler.trace(directory)` around the block, and look at it with jax.profiler.ProfileData, TensorBoard or Perfetto")


class ProfilerActivity(Enum):
    """What is watched."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What a schedule says of a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(*, wait, warmup, active, repeat=0, skip_first=0):
    """A function of the number of a step: cycles of steps left out, warmed up, and recorded; repeat: how many, 0 for no end."""
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError("Invalid profiler schedule arguments")

    def action_of(step):
        step -= skip_first
        if step < 0 or repeat and step // (wait + warmup + active) >= repeat:
            return ProfilerAction.NONE
        place = step % (wait + warmup + active)
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if place == wait + warmup + active - 1 else ProfilerAction.RECORD
    return action_of


class profile:
    """NotImplementedError: use JAX's profiler."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError(f"torch.profiler.profile: {_INSTEAD}.")


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False):
    """NotImplementedError: use JAX's profiler."""
    raise NotImplementedError(f"torch.profiler.tensorboard_trace_handler: {_INSTEAD}.")


class record_function(contextlib.ContextDecorator):
    """A name for a block; the block runs as it is."""

    def __init__(self, name, args=None):
        self.name, self.args = name, args

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        return False
