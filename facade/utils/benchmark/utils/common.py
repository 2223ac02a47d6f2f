"""What was measured: times of runs, and what they say (torch.utils.benchmark.utils.common)."""

import dataclasses
import math
import textwrap

import numpy as np

__all__ = ["Measurement", "TaskSpec", "select_unit", "trim_sigfig", "unit_to_english"]

_WORST, _BAD, _MOST_DIGITS = 0.25, 0.1, 4        # shares of the median that the middle half spans: a strong warning, a warning; digits shown
_UNITS = {-3: "ns", -2: "us", -1: "ms", 0: "s"}


def select_unit(t):
    """(the unit in which a time of `t` seconds is best read, that unit in seconds)."""
    place = min(max(math.floor(math.log10(t) / 3), -3), 0) if t > 0 else -3
    return _UNITS[place], 1000.0 ** place


def unit_to_english(u):
    """A unit's name."""
    return {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}[u]


def trim_sigfig(x, n):
    """`x` rounded to `n` digits that count."""
    if x != x or not x:
        return x
    scale = 10 ** (math.ceil(math.log10(abs(x))) - n)
    return int(round(x / scale)) * scale if scale >= 1 else round(x / scale) * scale


@dataclasses.dataclass(frozen=True)
class TaskSpec:
    """What was timed."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self):
        """The label, or the statement."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        return self.stmt if "\n" not in self.stmt else f"stmt:{' ' * bool(self.sub_label)}{self.sub_label or ''}\n{textwrap.indent(self.stmt, '  ')}"

    def summarize(self):
        """The title, the description, and the setup if it is short."""
        lines = [self.title, self.description or ""]
        if self.setup and self.setup != "pass":
            lines.append(f"setup: {self.setup}" if "\n" not in self.setup else f"setup:\n{textwrap.indent(self.setup, '  ')}")
        return "\n".join(filter(None, lines))


@dataclasses.dataclass(init=True, repr=False)
class Measurement:
    """Times of one statement. number_per_run: runs in each of the times; raw_times: in seconds, for all of these runs together."""

    number_per_run: int
    raw_times: list
    task_spec: TaskSpec
    metadata: dict | None = None

    @property
    def times(self):
        """Seconds for one run, of each time taken."""
        return [each / self.number_per_run for each in self.raw_times]

    @property
    def median(self):
        """The median time of one run, in seconds."""
        return float(np.median(self.times))

    @property
    def mean(self):
        """The mean time of one run, in seconds."""
        return float(np.mean(self.times))

    @property
    def iqr(self):
        """How far the middle half of the times spreads, in seconds."""
        low, high = np.quantile(self.times, [0.25, 0.75])
        return float(high - low)

    @property
    def significant_figures(self):
        """How many digits of the median can be told apart from noise, by the spread of the middle half."""
        count, spread = len(self.times), max(self.iqr, np.finfo(float).tiny)
        error = max(1.645 / math.sqrt(count) * spread / 1.349, 1e-300)     # 1.349: the middle half of a normal distribution, in deviations
        return max(1, min(_MOST_DIGITS, math.floor(math.log10(self.median / error)) if error < self.median else 1))

    @property
    def has_warnings(self):
        """Whether the times spread too far."""
        return not self.meets_confidence(_BAD)

    def meets_confidence(self, threshold=_WORST):
        """Whether the middle half spans less than this share of the median."""
        return self.iqr / self.median < threshold

    @property
    def title(self):
        """The title of what was timed."""
        return self.task_spec.title

    @property
    def env(self):
        """Where it was timed."""
        return self.task_spec.env or "Unspecified env"

    @property
    def as_row_name(self):
        """The name of its row in a table."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    @staticmethod
    def merge(measurements):
        """One measurement for each task among these."""
        groups = {}
        for each in measurements:
            groups.setdefault(each.task_spec, []).append(each)
        return [Measurement(group[0].number_per_run, [time * group[0].number_per_run for each in group for time in each.times], spec)
                for spec, group in groups.items()]

    def __repr__(self):
        unit, scale = select_unit(self.median)
        digits, count, spec = self.significant_figures, len(self.times), self.task_spec

        def shown(seconds):
            return f"{trim_sigfig(seconds / scale, digits):.{max(0, digits - 1 - math.floor(math.log10(max(seconds / scale, 1e-9))))}f} {unit}"
        threads = f"{spec.num_threads} thread{'s' * (spec.num_threads > 1)}"
        if count == 1:
            body = [f"  {self.median / scale:.2f} {unit}", f"  1 measurement, {self.number_per_run} runs , {threads}"]
        else:
            low, high = np.quantile(self.times, [0.25, 0.75])
            body = [f"  Median: {shown(self.median)}", f"  IQR:    {self.iqr / scale:.2f} {unit} ({low / scale:.2f} to {high / scale:.2f})",
                    f"  {count} measurements, {self.number_per_run} runs per measurement, {threads}"]
            if self.has_warnings:
                body += [f"  WARNING: Interquartile range is {self.iqr / self.median * 100:.1f}% of the median measurement.",
                         f"           This {'could indicate' if self.meets_confidence(_WORST) else 'suggests significant'} "
                         f"{'system fluctuation' if self.meets_confidence(_WORST) else 'environmental influence'}."]
        return "\n".join([f"{object.__repr__(self)}", spec.summarize(), *body])
