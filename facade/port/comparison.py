"""What two runs of a cell show, compared as a reader would: the words exactly, the numbers to the last digit that is printed.

That a class is facade's where it was torch's, the build in a version (2.13.0+cpu), addresses, the times that `%time` prints and what goes
to stderr (progress bars, warnings) say nothing about the program, and a line that is overwritten is what stands there in the end.
"""

import math
import re
import struct
from enum import Enum
from typing import NamedTuple


class Likeness(Enum):
    """How what a cell shows is like what it showed."""

    SAME = "same"
    CLOSE = "same within the last printed digit"
    DIFFERS = "differs"
    ERROR = "error"
    UNKNOWN = "nothing to compare with"


class Comparison(NamedTuple):
    """A likeness; where the two differ, the number of the first line that does, from 1, and the line in either."""

    likeness: Likeness
    line: int = 0
    expected: str = ""
    found: str = ""


SINGLE_DIGITS, LARGEST = 9, 3.4e38       # as many digits tell any two float32 apart

# A number with its decimals and exponent, which is not the end of a name (`conv1`, `AddBackward0`).
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.(?P<decimals>\d*))?(?:e(?P<exponent>[-+]?\d+))?(?![\w])")
PACKAGE = re.compile(r"\bfacade\.")
BUILD = re.compile(r"(?<=\d\.\d)\+(?:cpu|cu\d+)\b")
ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
TIMES = re.compile(r"^(?:CPU times|Wall time|time: ).*$|^.* per loop .*$", re.M)
OVERWRITTEN = re.compile(r"^.*\r(?!$)", re.M)


def shown(outputs):
    """What a cell's outputs show, as text; of a picture only that it is there."""
    return "".join(filter(None, map(_text_of, outputs)))


def _text_of(output):
    if output.output_type == "stream":
        return output.text if output.name == "stdout" else ""
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}\n"
    return output.get("data", {}).get("text/plain", "") + "\n"


def _lines(text):
    text = BUILD.sub("", PACKAGE.sub("torch.", text))
    text = ADDRESS.sub("0x...", TIMES.sub("", OVERWRITTEN.sub("", text)))
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


def compare(expected, found):
    """The Comparison of two texts."""
    ours, theirs = _lines(found), _lines(expected)
    if ours == theirs:
        return Comparison(Likeness.SAME)
    if is_close(" ".join(theirs), " ".join(ours)):      # tensors may break their lines elsewhere
        return Comparison(Likeness.CLOSE)
    for number in range(max(len(ours), len(theirs))):
        pair = [lines[number] if number < len(lines) else "" for lines in (theirs, ours)]
        if not is_close(*pair):
            return Comparison(Likeness.DIFFERS, number + 1, *pair)
    return Comparison(Likeness.CLOSE)


def is_close(expected, found):
    """Whether two texts say the same but for the last printed digit of their numbers."""
    if [_bare(text) for text in NUMBER.sub("#", expected).split("#")] != [_bare(text) for text in NUMBER.sub("#", found).split("#")]:
        return False
    return all(map(_is_close_number, NUMBER.finditer(expected), NUMBER.finditer(found)))


def _bare(text):
    return "".join(text.split())


def _is_close_number(one, other):
    unit = max(map(_unit, (one, other)))
    return abs(float(one[0]) - float(other[0])) <= 1.01 * unit


def _unit(number):
    """What one step of the last printed digit is worth; 0 for a whole number. A float32 that is printed with more digits than it has
    steps by 2^-23.
    """
    decimals = number["decimals"]
    if not decimals:
        return 0.0
    value = abs(float(number[0]))
    printed = 10.0 ** (int(number["exponent"] or 0) - len(decimals))
    digits = len(re.sub(r"^[-+0.]*|e.*|\.", "", number[0]))
    is_single = digits > SINGLE_DIGITS and abs(struct.unpack("f", struct.pack("f", min(value, LARGEST)))[0] - value) <= printed / 2
    return max(printed, 2.0 ** (math.frexp(value)[1] - 24)) if is_single else printed
