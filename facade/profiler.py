"""Where time goes (torch.profiler): each operation by itself, on the host. JAX's own profiler (`jax.profiler.trace`) sees the compiled programs."""

import os
import socket
import time
from enum import Enum

from facade.autograd.profiler import profile as autograd_profile, record_function

__all__ = ["ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities", "tensorboard_trace_handler"]

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
    """The time of each operation in a block, or of the steps in it that a schedule chooses (torch.profiler.profile).

    schedule: a function from the number of a step to a ProfilerAction; `step()` ends a step. on_trace_ready: called with this object when a
    cycle of recorded steps is over. activities and the other options are accepted and change nothing. What is measured: see
    torch.autograd.profiler.
    """

    def __init__(self, *, activities=None, schedule=None, on_trace_ready=None, record_shapes=False, profile_memory=False, with_stack=False,
                 with_flops=False, with_modules=False, experimental_config=None, execution_trace_observer=None, acc_events=False, use_cuda=None,
                 custom_trace_id_callback=None, post_processing_timeout_s=None):
        self.schedule, self.on_trace_ready, self.step_num = schedule or (lambda step: ProfilerAction.RECORD), on_trace_ready, 0
        self.profiler, self._is_on = autograd_profile(), False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def start(self):
        """Begin with the step that is to come."""
        self.action = self.schedule(self.step_num)
        self._switch(self.action)

    def stop(self):
        """End; what was recorded and not handed over is now."""
        was_on = self._is_on
        self._switch(ProfilerAction.NONE)
        if was_on and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def step(self):
        """A step is over."""
        before, self.step_num = self.action, self.step_num + 1
        self.action = self.schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE:
            self.stop()
        self._switch(self.action)

    def _switch(self, action):
        wanted = action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if wanted and not self._is_on:
            self.profiler = autograd_profile()
            self.profiler.__enter__()
        elif self._is_on and not wanted:
            self.profiler.__exit__(None, None, None)
        self._is_on = wanted

    def events(self):
        """The single events."""
        return self.profiler._finished()

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, group_by_overload_name=False):
        """The events of one name added up."""
        return self.profiler.key_averages()

    def export_chrome_trace(self, path):
        """Write the events as JSON for chrome://tracing and Perfetto."""
        self.profiler.export_chrome_trace(path)

    def add_metadata(self, key, value):
        """Accepted; there is no place for it in the table."""

    add_metadata_json = add_metadata


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False):
    """For on_trace_ready: write each trace into a directory, as JSON for Perfetto and chrome://tracing; use_gzip is not supported."""
    if use_gzip:
        raise NotImplementedError("facade does not support torch.profiler.tensorboard_trace_handler(use_gzip=True): compress the file afterwards")
    os.makedirs(dir_name, exist_ok=True)

    def handler(prof):
        name = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        prof.export_chrome_trace(os.path.join(dir_name, f"{name}.{time.time_ns()}.pt.trace.json"))
    return handler


def supported_activities():
    """What can be watched: the processor."""
    return {ProfilerActivity.CPU}
