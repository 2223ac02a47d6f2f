"""Where two runs of a notebook part: it runs under PyTorch and under facade with a `witness`, and what the two wrote down is compared.

The same expressions give records in the same order, so the first record whose numbers differ by more than rounding names the place.  What a
module inside of a module gives has no place of its own: it belongs to the next record that has one, which is the call around it.
"""

import collections
import itertools
import pickle
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facade.port.notebook import FACADE, PYTORCH, rerun, seeded
from facade.port.witness import ROOM

WITNESS = Path(__file__).with_name("witness.py")
ROUNDING = {"float16": 2e-2, "bfloat16": 1e-1}      # relative to the largest element; 1e-4 in wider formats
RECENT, CANCELLED = 4, 1e-2     # a result is measured by no less than a hundredth of the largest of so many before it
GROWTH = 10         # a difference below so many times the largest before is no step of its own


class Record(NamedTuple):
    """What a witness wrote. site: (cell or file, line, column, operation, text), None inside of a call; running: the cell that ran."""

    site: tuple
    label: str
    running: int
    dtype: str
    shape: tuple
    elements: np.ndarray


class Parting(NamedTuple):
    """Where values part. cell: its number, or the name of a file; operation: empty where the two runs go on with different expressions;
    expected, found: the values, or these expressions; running: the cell that ran then; apart, before: the relative difference, and the
    largest until then.
    """

    cell: object
    line: int
    operation: str
    source: str
    expected: str
    found: str
    running: int
    apart: float
    before: float

    def __str__(self):
        place = f"cell {self.cell}" if isinstance(self.cell, int) else self.cell
        called = f", run by cell {self.running}" if self.running != self.cell else ""
        until = f"values agree to {self.before:.0e} until there" if self.before else "all values are the same until there"
        if not self.operation:
            return (f"The runs part in {place}, line {self.line}{called}: PyTorch goes on with {self.expected}, facade with {self.found}; "
                    f"{until}")
        if self.apart < GROWTH * self.before:
            until = f"values agree to {self.before:.0e} until there, so this is rounding that has grown"
        return (f"Values part in {place}, line {self.line}{called}, at {self.operation} in `{self.source}`: "
                f"{self.expected} with PyTorch, {self.found} with facade; {until}")


class Agreement(NamedTuple):
    """Two runs that do not part. apart: the largest relative difference; is_whole: whether all was written down, or only the beginning."""

    apart: float
    is_whole: bool = True

    def __str__(self):
        values = "The values of all expressions" if self.is_whole else "The values that were recorded, those of the beginning,"
        if not self.apart:
            return f"{values} are the same: what differs is how they are shown, or when"
        return f"{values} agree to {self.apart:.0e} of the largest in each tensor: what differs is rounding, or how they are shown"


def replayed(notebook, path):
    """The Parting of the two runs of a notebook, or their Agreement."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for kernel in (PYTORCH, FACADE):
            paths.append(Path(folder, kernel[1]))
            rerun(notebook, path, seeded(*kernel, _attach(str(paths[-1]))))
        found = side_by_side(*map(_read, paths))
        is_whole = all(each.stat().st_size <= ROOM for each in paths)
    return _placed(found, notebook) if isinstance(found, Parting) else found._replace(is_whole=is_whole)


def _attach(written):
    return f"__import__('runpy').run_path({str(WITNESS)!r})['attach'](get_ipython(), {written!r})"


def _read(path):
    """The records in a file, one by one."""
    with open(path, "rb") as file:
        while file.peek(1):
            yield Record(*pickle.load(file))


# ---------------------------------------------------------------- side by side
def side_by_side(theirs, ours):
    """The first Parting of two sequences of records, its cells counted as they ran, or their Agreement."""
    before, recent = 0.0, collections.deque(maxlen=RECENT)
    for (inner, their), (our_inner, our) in zip(_calls(theirs), _calls(ours)):
        if their.site != our.site or their.label != our.label:
            return _parting(their, "", f"`{their.site[4]}`", f"`{our.site[4]}` in line {our.site[1]}", np.inf, before)
        has_same_parts = [each.label for each in inner] == [each.label for each in our_inner]
        for one, other in [*(zip(inner, our_inner) if has_same_parts else ()), (their, our)]:
            difference = relative_difference(one, other, 0.0 if one.label else max(recent, default=0.0))
            if difference > ROUNDING.get(one.dtype.removeprefix("torch."), 1e-4):
                within = f" ({one.label})" if one.label else ""
                return _parting(their, f"'{their.site[3]}'{within}", *_values(one, other), difference, before)
            before = max(before, difference)
            recent.append(_largest(one))
    return Agreement(before)


def _parting(record, operation, expected, found, apart, before):
    where, line, _, _, text = record.site
    return Parting(where, line, operation, text, expected, found, record.running, apart, before)


def _calls(records):
    """(records inside of a call, the record of the call) for each call."""
    inner = []
    for record in records:
        if record.site is None:
            inner.append(record)
        else:
            yield inner, record
            inner = []


def _largest(record):
    """The largest finite element, without its sign."""
    if record.elements is None or record.elements.dtype.kind not in "fc":
        return 0.0
    return float(np.max(np.abs(record.elements[np.isfinite(record.elements)]), initial=0.0))


def relative_difference(one, other, scale=0.0):
    """How far two records are apart, measured by the largest element; infinite where they are of different kinds.

    scale: what they may have been computed from; a difference of large numbers has their rounding.
    """
    if one.elements is None or other.elements is None:
        return 0.0
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return np.inf
    if one.elements.dtype.kind in "iub":
        return 0.0 if np.array_equal(one.elements, other.elements) else np.inf
    apart = _apart(one.elements, other.elements)
    return float(np.max(apart, initial=0.0)) / max(_largest(one), CANCELLED * scale, 1e-30) if np.any(apart) else 0.0


def _apart(one, other):
    """The distance of each two elements; equal infinities and nans are not apart, a finite number and another are by infinity."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(np.subtract(one, other, dtype=np.result_type(one, np.float64)))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    return np.where(same, 0.0, np.where(np.isfinite(apart), apart, np.inf))


def _values(one, other):
    """The two records in words, at the element where they are furthest apart."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return tuple(f"{each.dtype.removeprefix('torch.')}{list(each.shape)}" for each in (one, other))
    place = int(np.argmax(one.elements != other.elements if one.elements.dtype.kind in "iub" else _apart(one.elements, other.elements)))
    size = int(np.prod(one.shape))
    flat = place if size == one.elements.size else int(np.linspace(0, size - 1, one.elements.size)[place])
    index = ", ".join(str(each) for each in np.unravel_index(flat, one.shape))
    elements = [each.elements[place] for each in (one, other)]
    first, second = (str(each) if each.dtype.kind in "iub" else f"{each:.8g}" for each in elements)
    return (f"element [{index}] is " if index else "") + first, second


# ---------------------------------------------------------------- places
def _placed(found, notebook):
    """The Parting with the cells' numbers in the notebook, where the kernel counts those that ran, and lines below a cell's magic."""
    numbers = [number for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code" and cell.source.strip()]
    ran = dict(zip(itertools.count(1), numbers))
    cell = ran.get(found.cell, found.cell)
    has_magic = isinstance(cell, int) and notebook.cells[cell - 1].source.startswith("%%")
    return found._replace(cell=cell, line=found.line + has_magic, running=ran.get(found.running, found.running))
