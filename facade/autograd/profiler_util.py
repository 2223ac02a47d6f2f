"""Events of a profile, their sums and their table (torch.autograd.profiler_util)."""

from collections import defaultdict

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "Interval"]

_US_IN_SECOND, _US_IN_MS = 1e6, 1e3
_COLUMNS = "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"
_SORTED = "cpu_time", "cpu_time_total", "self_cpu_time_total", "count"


def _shown(microseconds):
    """A time as text, in the unit that fits."""
    if microseconds >= _US_IN_SECOND:
        return f"{microseconds / _US_IN_SECOND:.3f}s"
    return f"{microseconds / _US_IN_MS:.3f}ms" if microseconds >= _US_IN_MS else f"{microseconds:.3f}us"


class Interval:
    """From start to end, in microseconds since the profile began."""

    def __init__(self, start, end):
        self.start, self.end = start, end

    def elapsed_us(self):
        """How long it is."""
        return self.end - self.start


class _Timed:
    """What single events and sums say of their times, in microseconds."""

    @property
    def cpu_time(self):
        """The time of one call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    cpu_time_str, cpu_time_total_str, self_cpu_time_total_str = (
        property(lambda self, name=name: _shown(getattr(self, name))) for name in ("cpu_time", "cpu_time_total", "self_cpu_time_total"))
    device_time = device_time_total = self_device_time_total = cuda_time = 0.0
    cpu_memory_usage = device_memory_usage = flops = 0
    input_shapes, stack, is_async, is_remote = "", [], False, False


class FunctionEvent(_Timed):
    """One operation or named block."""

    count, thread = 1, 1

    def __init__(self, name, start, parent=None, is_user_annotation=False):
        self.name = self.key = name
        self.time_range, self.cpu_parent, self.cpu_children = Interval(start, start), parent, []
        self.is_user_annotation = is_user_annotation
        if parent is not None:
            parent.cpu_children.append(self)

    @property
    def cpu_time_total(self):
        """The time from its start to its end."""
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self):
        """That without the time of what ran inside."""
        return self.cpu_time_total - sum(each.cpu_time_total for each in self.cpu_children)

    def __repr__(self):
        return f"<FunctionEvent name={self.name} cpu_time={self.cpu_time_str} start_us={self.time_range.start:.3f} end_us={self.time_range.end:.3f}>"


class FunctionEventAvg(_Timed):
    """The events of one name, added up."""

    def __init__(self, key, events):
        self.key, self.count = key, len(events)
        self.cpu_time_total = sum(each.cpu_time_total for each in events)
        self.self_cpu_time_total = sum(each.self_cpu_time_total for each in events)
        self.is_user_annotation = any(each.is_user_annotation for each in events)

    def __repr__(self):
        return f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} cpu_time={self.cpu_time_str} count={self.count}>"


class EventList(list):
    """Events, or sums of events."""

    @property
    def self_cpu_time_total(self):
        """The time of all, in microseconds."""
        return sum(each.self_cpu_time_total for each in self)

    def key_averages(self, group_by_input_shapes=False, group_by_stack_n=0, group_by_overload_name=False):
        """The events of each name added up."""
        groups = defaultdict(list)
        for each in self:
            groups[each.key].append(each)
        return EventList(FunctionEventAvg(key, group) for key, group in groups.items())

    def total_average(self):
        """All events added up."""
        return FunctionEventAvg("Total", list(self))

    def table(self, sort_by=None, row_limit=100, max_src_column_width=75, max_name_column_width=55, max_shapes_column_width=80, header=None,
              top_level_events_only=False):
        """The events as text. sort_by: 'cpu_time', 'cpu_time_total', 'self_cpu_time_total' or 'count', the largest first; row_limit: -1 for all."""
        if not self:
            return ""
        rows = list(self) if sort_by is None else sorted(self, key=lambda each: getattr(each, _sort_key(sort_by)), reverse=True)
        total = self.self_cpu_time_total
        width = min(max(len(each.key) for each in self) + 4, max_name_column_width)
        rule = "  ".join(["-" * width, *["-" * 12] * len(_COLUMNS)]) + "  "
        lines = [rule, "  ".join([f"{'Name':>{width}}", *(f"{column:>12}" for column in _COLUMNS)]) + "  ", rule]
        for each in rows[:None if row_limit < 0 else row_limit]:
            cells = (_share(each.self_cpu_time_total, total), each.self_cpu_time_total_str, _share(each.cpu_time_total, total),
                     each.cpu_time_total_str, each.cpu_time_str, str(each.count))
            name = each.key if len(each.key) <= width else each.key[:width - 3] + "..."
            lines.append("  ".join([f"{name:>{width}}", *(f"{cell:>12}" for cell in cells)]) + "  ")
        return "\n".join([*([header] if header else []), *lines, rule, f"Self CPU time total: {_shown(total)}", ""])

    __str__ = table


def _sort_key(name):
    """The attribute to sort by; old names of it are understood."""
    name = name.replace("cuda", "device")
    if name.removeprefix("self_").startswith("device"):
        return "self_cpu_time_total"
    if name not in _SORTED:
        raise ValueError(f"sort_by must be one of {', '.join(_SORTED)}, got {name}")
    return name


def _share(part, total):
    return f"{100 * part / total:.2f}%" if total else "0.00%"
