"""The signatures that torch's errors about arguments speak of, where they do not follow from rows.

signatures.txt has those of functions written in Python here, and of names that torch lists several for, in its order. A line begins with
the name that errors show (`linalg_cond`), `Tensor.` before it where the method differs from the function; a line that is indented
goes on; `out` at the end: the function takes `out=` too (`outs`: several). They are parsed when an error is first explained.
"""

import functools
import pathlib
import re
from typing import NamedTuple

from facade.core.ops.schema import Schema, parse


_PYTHON_METHODS = {"istft", "stft", "split", "unflatten"}     # which are functions in C++


class Signature(NamedTuple):
    """A signature, as a row has one: schema; out: whether the function also takes `out=`; numbers: whether they stand for tensors."""

    schema: Schema
    out: bool
    numbers: bool = False


def signatures(name, method):
    """The signatures of the function that errors call `name`, or of the method; none where torch has it in Python too."""
    plain = name.removesuffix("_")
    names = () if method and name in _PYTHON_METHODS else (f"Tensor.{name}", f"Tensor.{plain}", name, plain) if method else (name,)
    return _parsed(next((each for each in names if each in _lines()), None))


@functools.cache
def _lines():
    """name -> its lines, as they stand."""
    found = {}
    for line in re.sub(r"\n +", " ", pathlib.Path(__file__).with_suffix(".txt").read_text()).strip().split("\n"):
        found.setdefault(line.partition("(")[0], []).append(line)
    return found


@functools.cache
def _parsed(name):
    return tuple(map(_signature, _lines().get(name, ())))


def _signature(line):
    name, _, rest = line.partition("(")
    params, _, end = rest.rpartition(")")
    if "Layout? layout" in params and "requires_grad" not in params:        # Python adds it to all that make a tensor
        params += ", bool requires_grad=False"
    results = "(Tensor, Tensor)" if end == " outs" else "Tensor"
    return Signature(parse(f"{name.removeprefix('Tensor.')}({params}) -> {results}"), bool(end))
