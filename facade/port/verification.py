"""`facade verify`: a published notebook run under facade, and what each cell shows compared with what it showed.

The outputs to compare with are those the notebook holds, another notebook's, or those of a run under PyTorch itself. In the last case both
runs begin with the same seeds, and where a cell differs both are run again, to tell at which operation their values part.
"""

import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import nbformat

from facade.port.comparison import Comparison, Likeness, compare, shown
from facade.port.notebook import FACADE, PYTORCH, rerun, seeded
from facade.port.page import page
from facade.port.replay import Agreement, Parting, replayed
from facade.port.run import UNREADABLE

PASSING = (Likeness.SAME, Likeness.CLOSE, Likeness.UNKNOWN)


class VerifiedCell(NamedTuple):
    """A code cell. number: from 1 over all cells; expected, found: what was shown; traceback: of the error that was not expected."""

    number: int
    source: str
    expected: str
    found: str
    comparison: Comparison
    traceback: str = ""

    def __str__(self):
        likeness, line, expected, found = self.comparison
        said = f"cell {self.number}: {likeness.value}"
        if likeness is Likeness.DIFFERS:
            said += f" in line {line}\n    expected  {expected}\n    found     {found}"
        return said + (f": {found}" if likeness is Likeness.ERROR else "")


class Verification(NamedTuple):
    """What verifying a notebook found. cells: the code cells; is_seeded: whether its random numbers are the same in each run; replayed:
    where the values of two runs part, or that they agree, None where that was not looked for.
    """

    path: str
    cells: list
    is_seeded: bool
    replayed: Parting | Agreement | None = None

    @property
    def passes(self):
        """Whether every cell shows the same, to the last printed digit."""
        return all(cell.comparison.likeness in PASSING for cell in self.cells)

    def summary(self):
        """One line of counts, and a word on seeds where it may explain something."""
        counts = Counter(cell.comparison.likeness for cell in self.cells)
        line = f"{len(self.cells)} cells: " + ", ".join(f"{counts[each]} {each.value}" for each in Likeness)
        explains = not self.is_seeded and counts[Likeness.DIFFERS]
        line += f"\n{self.replayed}." if self.replayed else ""
        return line + ("\nThe notebook sets no seed: its random numbers are others in each run, under PyTorch too." if explains else "")

    def text(self):
        """The report, a cell per line."""
        return "\n".join([*map(str, self.cells), self.summary()])


def verify(path, against=None):
    """Run the notebook at `path` with torch meaning facade, and return a Verification.

    against: None for the outputs that it holds, "torch" for a run under PyTorch itself, or another notebook's path. Raises OSError and
    nbformat's errors where a file cannot be read.
    """
    notebook = nbformat.read(path, as_version=4)
    expected = notebook if against in (None, "torch") else nbformat.read(against, as_version=4)
    has_both = against == "torch"
    if has_both:
        expected = rerun(notebook, path, seeded(*PYTORCH))
    found = rerun(notebook, path, seeded(*FACADE) if has_both else None)
    pairs = enumerate(zip(expected.cells, found.cells), 1)
    cells = [_verified(number, theirs, ours, has_run=has_both)
             for number, (theirs, ours) in pairs if ours.cell_type == "code" and ours.source.strip()]
    differs = any(cell.comparison.likeness is Likeness.DIFFERS for cell in cells)
    is_seeded = has_both or any("seed(" in cell.source for cell in notebook.cells)
    return Verification(path, cells, is_seeded, replayed(notebook, path) if has_both and differs else None)


def _verified(number, theirs, ours, has_run):
    expected, found = (shown(cell.get("outputs", ())) for cell in (theirs, ours))
    error = next((output for output in ours.outputs if output.output_type == "error"), None)
    failed = error is not None and not any(output.output_type == "error" for output in theirs.get("outputs", ()))
    if failed or ours.execution_count is None:
        reason = f"{error.ename}: {error.evalue}" if failed else "the kernel died"
        trace = _plain("\n".join(error.traceback)) if failed else ""
        return VerifiedCell(number, ours.source, expected, found, Comparison(Likeness.ERROR, found=reason), trace)
    never_ran = not has_run and not expected and theirs.get("execution_count") is None
    comparison = Comparison(Likeness.UNKNOWN) if never_ran and found else compare(expected, found)
    return VerifiedCell(number, ours.source, expected, found, comparison)


def _plain(text):
    """Text without a terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def main(options):
    """Print the report of `facade verify`, write the page; the exit code is 0, 1 where a cell differs, 2 where a file cannot be used."""
    try:
        verification = verify(options.file, options.against)
        if options.html is not None:
            Path(options.html).write_text(page(verification), encoding="utf-8")
    except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        print(f"facade: can't verify {options.file!r}: {error}", file=sys.stderr)
        return UNREADABLE
    print(verification.text())
    return 0 if verification.passes else 1
