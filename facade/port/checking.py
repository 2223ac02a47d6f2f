"""`facade check`: which of PyTorch's names a program uses, and what becomes of each under facade, without running it.

A name is exact, or it is there and differs, or it is missing; of the last two the report says how, or what to use instead.
A name that PyTorch 2.13 has not either is reported too, but it does not count against the program.
"""

import json
from collections import Counter
from typing import NamedTuple

from facade.port.names import Verdict, judge
from facade.port.sources import files, read
from facade.port.uses import is_torchs, uses

ORDER = {Verdict.MISSING: "missing", Verdict.DIFFERS: "differs", Verdict.UNKNOWN: "not in PyTorch"}


class Finding(NamedTuple):
    """One use of a name. cell: of a notebook, None in a script; line: from 1; column: from 1."""

    path: str
    cell: int | None
    line: int
    column: int
    name: str
    verdict: Verdict
    note: str

    @property
    def sentence(self):
        """What is said of the name."""
        return f"{self.name} {_SAID[self.verdict]}" + (f": {self.note}" if self.note else "")

    def __str__(self):
        return f"{place(self.path, self.cell)}:{self.line}:{self.column}: {self.sentence}"


def place(path, cell):
    """A file, or a cell of it."""
    return path if cell is None else f"{path}[cell {cell}]"


_SAID = {Verdict.EXACT: "is exact", Verdict.DIFFERS: "differs", Verdict.MISSING: "is missing", Verdict.UNKNOWN: "is unknown"}


class Report(NamedTuple):
    """What a check found. findings: every use of a name; unreadable: (path, cell, reason); files: how many were read."""

    findings: list
    unreadable: list
    files: int

    def of(self, verdict):
        """The findings with this verdict."""
        return [each for each in self.findings if each.verdict is verdict]

    def passes(self, strict=False):
        """Whether nothing is missing, nor, where `strict`, different or unreadable."""
        return not (self.of(Verdict.MISSING) or strict and (self.of(Verdict.DIFFERS) or self.unreadable))

    def text(self, shows_all=False):
        """The findings a line each, the exact ones too if asked for, and a summary."""
        lines = [str(each) for each in self.findings if shows_all or each.verdict is not Verdict.EXACT]
        lines += [f"{place(path, cell)}: {reason}" for path, cell, reason in self.unreadable]
        return "\n".join([*lines, *([""] if lines else []), *self._ranking(), self.summary()])

    def _ranking(self):
        counts = Counter((each.verdict, each.name) for each in self.findings if each.verdict is not Verdict.EXACT)
        if len(self.findings) == 0 or self.files == 1:
            return []
        return [f"{_SAID[verdict]:>11} {count:5} x {name}" for verdict in ORDER
                for (kind, name), count in counts.most_common() if kind is verdict]

    def summary(self):
        """One line of counts."""
        uses = Counter(each.verdict for each in self.findings)
        names = len({each.name for each in self.findings})
        parts = [f"{uses[Verdict.EXACT]} exact", *(f"{uses[verdict]} {said}" for verdict, said in ORDER.items())]
        unreadable = f"; {len(self.unreadable)} unreadable" if self.unreadable else ""
        return f"{self.files} file{'s' * (self.files != 1)}, {len(self.findings)} uses of {names} names: {', '.join(parts)}{unreadable}"

    def json(self):
        """The report for programs: counts, each use that is not exact, each exact name with its count."""
        exact = Counter(each.name for each in self.of(Verdict.EXACT))
        findings = [each._asdict() | {"verdict": each.verdict.value} for each in self.findings if each.verdict is not Verdict.EXACT]
        unreadable = [dict(zip(("path", "cell", "reason"), each)) for each in self.unreadable]
        return json.dumps({"files": self.files, "passes": self.passes(), "findings": findings, "unreadable": unreadable,
                           "exact": dict(exact.most_common())}, indent=1, ensure_ascii=False)


def check(*paths):
    """Read the scripts and notebooks at these paths, folders searched, and return a Report; nothing of them is run."""
    findings, unreadable, count = [], [], 0
    for path in files(paths):
        pieces = read(path)
        count += 1
        findings += findings_in(pieces)
        unreadable += [(path, piece.cell, piece.problem) for piece in pieces if piece.tree is None]
    return Report(findings, unreadable, count)


def findings_in(pieces):
    """The findings in the pieces of one file, whose variables pass from cell to cell."""
    scope, found = {}, []
    for piece in pieces:
        if piece.tree is not None:
            for use in uses(piece.tree, scope):
                judgement = judge(use.name)
                if not is_torchs(use.name) and judgement.verdict is Verdict.EXACT:
                    continue
                found.append(Finding(piece.path, piece.cell, use.line, use.column + 1, use.name, *judgement))
    return found


def main(options):
    """Print the report of `facade check`; the exit code is 0 where the program passes, 1 where not, 2 where nothing was read."""
    report = check(*options.files)
    print(report.json() if options.json else report.text(options.all))
    if not report.findings and report.unreadable or not report.files:
        return 2
    return 0 if report.passes(options.strict) else 1
