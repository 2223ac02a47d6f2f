"""What was compiled, where, why and in how long."""

import html
from collections import defaultdict

from facade.core.engine.stats import compiles


class Compiles:
    """What was compiled, line by line. entries: the engine's, oldest first; seconds: together."""

    def __init__(self, entries):
        self.entries, self.seconds = entries, sum(each.seconds for each in entries)

    def rows(self):
        """(where, programs, operations of the largest, seconds, the reasons) for each line, the most expensive first."""
        lines = defaultdict(list)
        for each in self.entries:
            lines[each.where].append(each)
        rows = [(where, len(found), max(each.operations for each in found), sum(each.seconds for each in found),
                 list(dict.fromkeys(each.reason for each in found if each.reason))) for where, found in lines.items()]
        return sorted(rows, key=lambda row: -row[3])

    def __repr__(self):
        if not self.entries:
            return "nothing was compiled: what ran was small or new, and NumPy served it"
        lines = [f"{len(self.entries)} program{'s' * (len(self.entries) > 1)} compiled in {self.seconds:.2f} s",
                 f"{'seconds':>8} {'programs':>8} {'operations':>10}  where"]
        for where, count, operations, seconds, reasons in self.rows():
            lines.append(f"{seconds:8.2f} {count:8} {operations:10}  {where}")
            lines += [f"{'':30}again: {reason}" for reason in reasons[:3]]
        return "\n".join(lines)

    def _repr_html_(self):
        if not self.entries:
            return f"<p>{html.escape(repr(self))}</p>"
        cells = "".join(f"<tr><td>{html.escape(where)}</td><td>{count}</td><td>{operations}</td><td>{seconds:.2f}</td>"
                        f"<td>{'<br>'.join(map(html.escape, reasons[:3]))}</td></tr>"
                        for where, count, operations, seconds, reasons in self.rows())
        return f"<table><tr><th>where</th><th>programs</th><th>operations</th><th>seconds</th><th>why again</th></tr>{cells}</table>"


def explain_compiles():
    """What was compiled so far, where, why and in how long: an object that prints as a table."""
    return Compiles(compiles())
