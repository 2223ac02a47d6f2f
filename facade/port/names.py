"""What PyTorch has and what facade has: torch's public names as recorded data, facade's as they are.

`torch_names.txt` is a list of modules with their public names, `differences.txt` says of single names, or of families (`torch.fx*`),
how they differ or what to use instead.  A name is judged by looking it up in facade: what is not there cannot be called there.
"""

import fnmatch
import functools
import importlib.util
import pkgutil
import sys
import types
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from facade.port.alias import ALIAS, TARGET

RECORD = Path(__file__).with_name("torch_names.txt")
DIFFERENCES = Path(__file__).with_name("differences.txt")
ABSENT = object()


class Verdict(Enum):
    """What becomes of a name of PyTorch's."""

    EXACT = "exact"
    DIFFERS = "differs"
    MISSING = "missing"
    UNKNOWN = "unknown"     # to PyTorch itself: removed, or never public


class Judgement(NamedTuple):
    """A verdict with its reason, which is empty where all is well."""

    verdict: Verdict
    note: str = ""


def _lines(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]


@functools.cache
def torch_names():
    """module -> its public names, in torch; `torch.Tensor` is a section like a module."""
    sections, section = {}, []
    for line in _lines(RECORD):
        if line.startswith(" "):
            section += line.split()
        else:
            section = sections[line] = []
    return sections


@functools.cache
def is_torchs(name):
    """Whether torch has this public name, or module, or facade leaves out a family that it belongs to."""
    module, _, last = name.rpartition(".")
    families = [pattern[:-1] for _, pattern, _ in differences() if pattern.endswith("*")]
    is_in_family = any(name == head or name.startswith(head + ".") for head in families)
    return name in torch_names() or last in torch_names().get(module, ()) or is_in_family


@functools.cache
def differences():
    """(whether facade has the name, pattern, sentence) of each known difference; None for a package that does not differ."""
    found, kinds = [], {"[differs]": True, "[missing]": False, "[exact]": None}
    for line in _lines(DIFFERENCES):
        if line.startswith("["):
            is_present = kinds[line]
        else:
            found.append((is_present, *(part.strip() for part in line.split(":", 1))))
    return found


@functools.cache
def note_on(name):
    """How a name differs where facade has it, what to use instead where it has not; empty where nothing is known."""
    refusal = getattr(_look_up(name), "instead", None)
    return refusal or _sentence(name, find(name) is not ABSENT)


def what_instead(name):
    """What to use in place of a name that facade has not; empty where nothing is known."""
    return _sentence(name, False)


def _sentence(name, is_there):
    return next((note for is_present, pattern, note in differences() if is_present is is_there and _fits(name, pattern)), "")


def _fits(name, pattern):
    """Whether a line speaks of this name; `torch.utils.*` does of what PyTorch has there alone."""
    return fnmatch.fnmatchcase(name, pattern) and (not pattern.endswith(".*") or is_torchs(name))


@functools.cache
def imports_torch(name):
    """Whether a module of another package is known to import PyTorch, and to need no more of it than facade has."""
    known = [pattern for is_present, pattern, _ in differences() if is_present is not False and not pattern.startswith(ALIAS + ".")]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in known)


# ---------------------------------------------------------------- facade's side
def find(name):
    """What facade has under a name of torch's; ABSENT where it has nothing or only refuses, None where it wants another package."""
    found = _look_up(name)
    return ABSENT if hasattr(found, "instead") else found


@functools.cache
def _look_up(name):
    name = TARGET + name.removeprefix(ALIAS)
    try:
        return pkgutil.resolve_name(name)
    except (AttributeError, ImportError, ValueError):       # a name with an argument, torch.device('meta'), is in the lists alone
        return None if _is_file_below(name) else ABSENT


def _is_file_below(name):
    """Whether a name is in a module that is there but was not importable."""
    while not _has_spec(name):
        name = name.rpartition(".")[0]
    return name not in sys.modules


def _has_spec(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@functools.cache
def judge(name):
    """The Judgement on a dotted name that a program uses, such as `torch.nn.functional.relu`.

    What follows a function or value (`torch.float32.itemsize`) is its own affair: such a name is judged by its beginning. Of a package
    built on PyTorch the lists alone know something.
    """
    if name.partition(".")[0] != ALIAS:
        is_present, note = next((is_present, note) for is_present, pattern, note in differences() if fnmatch.fnmatchcase(name, pattern))
        return Judgement(Verdict.EXACT) if is_present is None else Judgement(Verdict.DIFFERS if is_present else Verdict.MISSING, note)
    if find(name) is not ABSENT:
        note = note_on(name)
        return Judgement(Verdict.DIFFERS if note else Verdict.EXACT, note)
    parent = name.rpartition(".")[0]
    if parent and find(parent) is not ABSENT and not _is_namespace(find(parent)):
        return judge(parent)
    if note_on(name) or is_torchs(name):
        return Judgement(Verdict.MISSING, note_on(name))
    if any(part.startswith("_") for part in name.split(".")):
        return Judgement(Verdict.MISSING, "it is private to PyTorch")
    if parent and judge(parent).verdict is Verdict.MISSING:
        return judge(parent)
    return Judgement(Verdict.UNKNOWN, "it is not among the public names of PyTorch 2.13")


def _is_namespace(value):
    return isinstance(value, (types.ModuleType, types.SimpleNamespace, type))
