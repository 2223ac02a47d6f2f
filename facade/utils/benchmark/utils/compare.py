"""A table of measurements: a row for each sub_label, a column for each description (torch.utils.benchmark.utils.compare)."""

from facade.utils.benchmark.utils.common import Measurement, select_unit, trim_sigfig, unit_to_english

__all__ = ["Compare"]


class Compare:
    """Measurements, to be printed as a table for each label (torch.utils.benchmark.Compare)."""

    def __init__(self, results):
        self._results, self._trims = list(results), False

    def extend_results(self, results):
        """Add measurements."""
        self._results.extend(results)

    def trim_significant_figures(self):
        """Show no more digits than the measurements tell."""
        self._trims = True

    def colorize(self, rowwise=False):
        """Nothing: tables have no colours."""

    def highlight_warnings(self):
        """Nothing, as colorize."""

    def print(self):
        """Print the tables."""
        print(str(self))

    def __str__(self):
        groups = {}
        for each in Measurement.merge(self._results):
            groups.setdefault(each.task_spec.label or each.task_spec.stmt, []).append(each)
        return "\n".join(self._table(label, group) for label, group in groups.items())

    def _table(self, label, group):
        unit, scale = select_unit(min(each.median for each in group))
        columns = list(dict.fromkeys(each.task_spec.description or each.task_spec.stmt for each in group))
        times = {(each.task_spec.num_threads, each.as_row_name, each.task_spec.description or each.task_spec.stmt): self._number(each, scale)
                 for each in group}
        rows = list(dict.fromkeys(key[:2] for key in times))
        width = max(len(name) for _, name in rows) + 6
        widths = [max(len(column), *(len(times.get((*row, column), "")) for row in rows)) for column in columns]
        lines = ["  |  ".join([" " * width, *(f"{column:^{size}}" for column, size in zip(columns, widths))])]
        threads = None
        for row in rows:
            if row[0] != threads:
                threads = row[0]
                lines.append(f"{threads} threads: ".ljust(len(lines[0]), "-"))
            cells = (f"{times.get((*row, column), ''):>{size}}" for column, size in zip(columns, widths))
            lines.append("  |  ".join([f"      {row[1]}".ljust(width), *cells]))
        return "\n".join([f" {label} ".center(len(lines[0]) - 2, "-").join("[]"), *lines, "", f"Times are in {unit_to_english(unit)}s ({unit}).", ""])

    def _number(self, measurement, scale):
        time = measurement.median / scale
        return f"{trim_sigfig(time, measurement.significant_figures):g}" if self._trims else f"{time:.1f}"
