"""Timing a statement (torch.utils.benchmark.utils.timer).

What a statement records is computed at the end of each run, while its result is still held: else XLA would leave out what nobody keeps.
"""

import ast
import enum
import sys
import textwrap
import time
import timeit

from facade.core import engine
from facade.utils.benchmark.utils.common import Measurement, TaskSpec

__all__ = ["Language", "Timer", "timer"]


class Language(enum.Enum):
    """What a statement is written in; C++ is not supported."""

    PYTHON = 0
    CPP = 1


def timer():
    """Seconds, when everything that was recorded has been computed."""
    engine.evaluate_all()
    return time.perf_counter()


def _kept(statement):
    """The statement with its value, if it has one, held until it is computed."""
    try:
        ast.parse(statement, mode="eval")
    except SyntaxError:
        return f"{statement}\n_evaluate()"
    return f"_value = ({statement}\n)\n_evaluate()"


class Timer:
    """Times a statement, given as text, as timeit does, one thread of Python (torch.utils.benchmark.Timer).

    stmt, setup, global_setup: Python; globals: the names that they see; label, sub_label, description, env: what reports call them;
    num_threads: accepted, XLA has its own threads. The first run compiles, so one run comes before those that are timed.
    """

    def __init__(self, stmt="pass", setup="pass", global_setup="", timer=timer, globals=None, label=None, sub_label=None, description=None, env=None,
                 num_threads=1, language=Language.PYTHON):
        if language not in (Language.PYTHON, "py", "python"):
            raise NotImplementedError("facade does not support torch.utils.benchmark.Timer in C++: write the statement in Python")
        names = {"torch": sys.modules[__name__.partition(".")[0]], **(globals or {}), "_evaluate": engine.evaluate_all}
        stmt, setup = textwrap.dedent(stmt).strip(), textwrap.dedent(setup).strip()
        self._timer = timeit.Timer(_kept(stmt), setup, timer, names)
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)

    def _measured(self, number, times):
        return Measurement(number, times, self._task_spec)

    def timeit(self, number=1000000):
        """One time, of `number` runs."""
        self._timer.timeit(number=max(number // 100, 2))
        return self._measured(number, [self._timer.timeit(number=number)])

    def repeat(self, repeat=-1, number=-1):
        """Not supported, as in torch."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    autorange = repeat

    def _block_size(self, min_run_time):
        """So many runs that the clock costs a thousandth, at most."""
        overhead = sorted(self._timer.timeit(0) for _ in range(5))[2]
        number = 1
        while True:
            taken = self._timer.timeit(number)
            if overhead <= taken * 1e-4 * 10 and taken >= min_run_time / 1000 or taken > min_run_time:
                return number
            number *= 10

    def blocked_autorange(self, callback=None, min_run_time=0.2):
        """Times of blocks of runs, until they fill min_run_time seconds; callback(number, seconds): called with each."""
        self._timer.timeit(5)
        number, times = self._block_size(min_run_time), []
        while sum(times) < min_run_time:
            times.append(self._timer.timeit(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    def adaptive_autorange(self, threshold=0.1, *, min_run_time=0.01, max_run_time=10.0, callback=None):
        """As blocked_autorange, until the middle half of the times spans less than `threshold` of the median, or max_run_time is over."""
        self._timer.timeit(5)
        number, times = self._block_size(0.05), []
        while sum(times) < max_run_time:
            times.append(self._timer.timeit(number))
            if callback is not None:
                callback(number, times[-1])
            if len(times) > 3 and sum(times) > min_run_time and self._measured(number, times).meets_confidence(threshold):
                break
        return self._measured(number, times)

    def collect_callgrind(self, number=100, *, repeats=None, collect_baseline=True, retain_out_file=False):
        """NotImplementedError: use jax.profiler.trace."""
        raise NotImplementedError("facade does not support torch.utils.benchmark.Timer.collect_callgrind: trace the block with "
                                  "jax.profiler.trace(directory)")
