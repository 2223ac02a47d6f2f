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


class Signature(NamedTuple):
    """A signature, as a row has one: schema; out: whether the function also takes `out=`; numbers: whether they stand for tensors."""

    schema: Schema
    out: bool
    numbers: bool = False


def signatures(name, method):
    """The signatures of the function that errors call `name`, or of the method; none where torch has it in Python too."""
    table = _table()
    return method and (table.get(f"Tensor.{name}") or table.get(f"Tensor.{name.removesuffix('_')}")) or table.get(name) or (
        table.get(name.removesuffix("_"), ()) if method else ())


@functools.cache
def _table():
    found = {}
    text = pathlib.Path(__file__).with_suffix(".txt").read_text()
    for line in re.sub(r"\n +", " ", text).strip().split("\n"):
        name, _, rest = line.partition("(")
        params, _, end = rest.rpartition(")")
        if "Layout? layout" in params and "requires_grad" not in params:        # Python adds it to all that make a tensor
            params += ", bool requires_grad=False"
        results = "(Tensor, Tensor)" if end == " outs" else "Tensor"
        signature = Signature(parse(f"{name.removeprefix('Tensor.')}({params}) -> {results}"), bool(end))
        found.setdefault(name, []).append(signature)
    return found
