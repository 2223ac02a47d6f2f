"""torch's signature lines: `sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`."""

import ast
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Param:
    """One parameter. type: without list and optional marks, such as 'Tensor' or 'int'; length: of a fixed list, as in int[2]."""

    name: str
    type: str
    is_list: bool = False
    length: int = 0
    optional: bool = False
    default: object = None
    required: bool = True
    keyword: bool = False
    mutated: bool = False
    viewed: bool = False

    @property
    def is_array(self):
        """Whether tensors (or numbers that stand for them) are passed here."""
        return self.type in ("Tensor", "Scalar")

    @property
    def is_ignored(self):
        """Whether what is passed here changes nothing about the operation."""
        return self.type in ("Generator", "Layout", "Device", "MemoryFormat")


@dataclass(frozen=True)
class Schema:
    """A parsed line. results: the names of the results ('' where unnamed)."""

    line: str
    name: str
    overload: str
    params: tuple
    results: tuple
    returns_list: bool = False
    returns_view: bool = False
    positional: tuple = field(default=())


_LINE = re.compile(r"^(?P<name>\w+)(?:\.(?P<overload>\w+))?\((?P<params>.*)\) -> (?P<returns>.*)$")
_PARAM = re.compile(r"^(?P<type>[A-Za-z]+)(?P<alias>\([^)]*\))?(?P<list>\[(?P<length>\d*)\])?(?P<optional>\?)? (?P<name>\w+)(?:=(?P<default>.*))?$")


def parse(line):
    """The Schema of a signature line; ValueError when it is not one."""
    match = _LINE.match(line.strip())
    if match is None:
        raise ValueError(f"not a signature: {line}")
    params, keyword = [], False
    for text in _split(match["params"]):
        if text == "*":
            keyword = True
        else:
            params.append(_param(text, keyword))
    returns = match["returns"].strip()
    inner = _split(returns[1:-1]) if returns.startswith("(") else [returns]
    results = tuple((piece.split(" ") + [""])[1] if " " in re.sub(r"\([^)]*\)", "", piece) else "" for piece in map(_strip_alias, inner)) if returns != "()" else ()
    return Schema(line, match["name"], match["overload"] or "", tuple(params), results,
                  "[]" in returns, "(a" in returns and "!" not in returns, tuple(each for each in params if not each.keyword))


def _strip_alias(piece):
    return re.sub(r"\([^)]*\)", "", piece)


def _split(text):
    """The pieces between commas that are not inside brackets."""
    pieces, depth, piece = [], 0, ""
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            pieces.append(piece.strip())
            piece = ""
        else:
            piece += char
    return [each for each in pieces + [piece.strip()] if each]


def _param(text, keyword):
    match = _PARAM.match(text)
    if match is None:
        raise ValueError(f"not a parameter: {text}")
    alias, default = match["alias"] or "", match["default"]
    return Param(match["name"], match["type"], match["list"] is not None, int(match["length"] or 0), match["optional"] is not None,
                 _default(default), default is None, keyword, "!" in alias, bool(alias) and "!" not in alias)


_NAMES = {"None": None, "True": True, "False": False, "Mean": 1, "long": None, "contiguous_format": None}


def _default(text):
    if text is None or text in _NAMES:
        return _NAMES.get(text)
    value = ast.literal_eval(text.replace('"', "'"))
    return tuple(value) if isinstance(value, list) else value
