"""Where time goes, operation by operation (torch.autograd.profiler).

While a profile is on, each operation is computed by itself as soon as it is called, as FACADE_EAGER=1 does, and its time is that of this
computation, on the host, to its end. So the operations can be compared with each other; their sum is more than a step takes that is compiled
as one program. What that costs is shown by `torch.utils.benchmark`, and what XLA makes of it by `jax.profiler.trace(directory)`.
"""

import contextlib
import json
import time

import jax

from facade.autograd.profiler_util import EventList, FunctionEvent, Interval
from facade.core import engine
from facade.core.engine import tapes
from facade.core.engine.stats import operator_name

__all__ = ["EventList", "FunctionEvent", "Interval", "profile", "record_function"]

_running = []       # the profiles that are on, the innermost last


def _now():
    """Microseconds."""
    return time.perf_counter() * 1e6


class _Watch:
    """Collects the events of one stretch: operations as they are computed, and named blocks."""

    def __init__(self):
        self.events, self.open, self.started = [], [], _now()

    def begin(self, name):
        """A named block begins."""
        event = FunctionEvent(name, _now() - self.started, self.open[-1] if self.open else None, is_user_annotation=True)
        self.events.append(event)
        self.open.append(event)
        return event

    def end(self, event):
        """It ends."""
        event.time_range.end = _now() - self.started
        self.open.remove(event)

    def evaluated(self, epoch):
        """The engine has computed what is on this epoch."""
        jax.block_until_ready([value.array for value in epoch.values.values() if value.array is not None])
        names = [operator_name(state.kernel) for state in epoch.state.path() if state.kernel is not None]
        if names:
            event = FunctionEvent("aten::" + ", ".join(names), tapes.started * 1e6 - self.started, self.open[-1] if self.open else None)
            event.time_range.end = _now() - self.started
            self.events.append(event)


class profile:
    """The time of each operation in a block (torch.autograd.profiler.profile).

    enabled: whether to do anything; the other options are accepted and change nothing. After the block `key_averages().table()` shows the sums by
    name, `function_events` is the list of single events and `export_chrome_trace(path)` writes it for chrome://tracing and Perfetto.
    """

    def __init__(self, enabled=True, *, use_cuda=False, use_device=None, record_shapes=False, with_flops=False, profile_memory=False,
                 with_stack=False, with_modules=False, use_kineto=False, use_cpu=True, experimental_config=None, acc_events=False,
                 custom_trace_id_callback=None, post_processing_timeout_s=None, activity_filters=None):
        self.enabled, self.function_events, self._watch = enabled, None, None

    def __enter__(self):
        if self.enabled:
            engine.evaluate_all()
            self._watch, self._block = _Watch(), contextlib.ExitStack()
            self._block.enter_context(engine.eagerly())
            before, tapes.watch = tapes.watch, self._watch.evaluated
            self._block.callback(setattr, tapes, "watch", before)
            _running.append(self._watch)
        return self

    def __exit__(self, *error):
        if self.enabled:
            engine.evaluate_all()
            _running.remove(self._watch)
            self._block.close()
            self.function_events = EventList(self._watch.events)
        return False

    def _finished(self):
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, group_by_overload_name=False):
        """The events of one name added up."""
        return self._finished().key_averages()

    def table(self, sort_by=None, row_limit=100, **options):
        """The single events as text."""
        return self._finished().table(sort_by, row_limit)

    def total_average(self):
        """All events added up."""
        return self._finished().total_average()

    @property
    def self_cpu_time_total(self):
        """The sum of all times, in microseconds."""
        return self._finished().self_cpu_time_total

    def export_chrome_trace(self, path):
        """Write the events as JSON for chrome://tracing and Perfetto."""
        write_trace(self._finished(), path)

    def __str__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else str(self.function_events)

    __repr__ = __str__


def write_trace(events, path):
    """Write events as JSON for chrome://tracing and Perfetto."""
    found = [{"name": each.name, "ph": "X", "ts": each.time_range.start, "dur": each.time_range.elapsed_us(), "pid": "CPU functions",
              "tid": each.thread, "args": {}} for each in events]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"traceEvents": found}, file)


class record_function(contextlib.ContextDecorator):
    """A name for a block, which a profile shows with its time (torch.autograd.profiler.record_function)."""

    def __init__(self, name, args=None):
        self.name, self.args = name, args

    def __enter__(self):
        self._events = [(watch, watch.begin(self.name)) for watch in _running[-1:]]
        return self

    def __exit__(self, *error):
        if self._events:
            engine.evaluate_all()
        for watch, event in self._events:
            watch.end(event)
        return False
