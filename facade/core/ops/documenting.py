"""How a row's function is called, for `help()` and editors: made from its line when somebody asks, never at a call."""

import inspect
import re
from functools import cached_property

_SELF = re.compile(r"\bself\b")


def names_of(row, method):
    """(parameter, the name it is documented by): a function's `self` is `input`, a method's stands before the point."""
    return [(param, "input" if param.name == "self" else param.name) for param in row.schema.params if not (method and param.name == "self")]


def parameters(row, method=False, inplace=False):
    """The inspect.Parameters of a row."""
    found = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY if param.keyword else inspect.Parameter.POSITIONAL_OR_KEYWORD,
                               default=inspect.Parameter.empty if param.required else param.default)
             for param, name in names_of(row, method)]
    if row.out and not method and not inplace:
        found.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    return found


class RowSignature(inspect.Signature):
    """The signature of a row's function, whose parameters are made when first looked at."""

    __slots__ = ("_made_from", "__dict__")

    def __init__(self, row, method, inplace):
        self._made_from = row, method, inplace
        self._return_annotation = inspect.Signature.empty

    @cached_property
    def _parameters(self):
        row, method, inplace = self._made_from
        found = parameters(row, method, inplace)
        if method:
            found.insert(0, inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY))
        return {each.name: each for each in found}


# What a kind of promotion means to the caller, with one tensor and with several.
_PROMOTED = "", "Operands broadcast, and are brought to their common dtype."
CONVERSIONS = {
    "PROMOTE": _PROMOTED, "FIRST_TWO": _PROMOTED, "FIRST_THREE": _PROMOTED,
    "COMMON": ("", "Operands are brought to their common dtype."),
    "SELF": ("", "Operands broadcast; numbers are cast to the tensor's dtype."),
    "FLOAT": ("Integers become the default dtype.", "Operands broadcast, and are brought to their common dtype; integers become the default one."),
    "FLOATING": ("Integers become the default dtype.", "Operands are brought to their common dtype; integers become the default one."),
}


def documentation(name, rows, method=False, inplace=False):
    """The docstring of a row's function: its sentence and place in torch, the ways to call it where there are several, and its traits."""
    place = "Tensor." if method else next((f"{place}." for place in rows[0].at if place not in ("torch", "Tensor")), "")
    plainest = _sentence(min(rows, key=lambda row: len(row.schema.params)), method)
    name = name.removeprefix(place.replace(".", "_"))       # of linalg_det
    doc = f"{plainest}{', in place' if inplace else ''} (torch.{place}{name})."
    ways = {f"{name}{inspect.Signature(parameters(row, method, inplace))}": _sentence(row, method) for row in rows} if len(rows) > 1 else {}
    shown = [f"    {way}" + f"\n        {sentence}." * (sentence != plainest) for way, sentence in ways.items()]
    return "\n\n".join(filter(None, [doc, "\n".join(shown) * (len(ways) > 1), _traits(rows, inplace)]))


def _sentence(row, method):
    """The row's sentence, in the names that the signature has."""
    return row.doc if method else _SELF.sub("input", row.doc)


def _traits(rows, inplace):
    """What becomes of shapes, dtypes and gradients."""
    several = any(sum(param.type == "Tensor" for param in row.schema.params) > 1 for row in rows)
    found = ["" if inplace else CONVERSIONS.get(rows[0].kind.name, ("", ""))[several],
             "" if rows[0].differentiable else "No gradient flows through it."]
    return " ".join(filter(None, found))


def document(function, name, rows, method, inplace):
    """Give a row's function its docstring and, where there is one way to call it, its signature."""
    function.__doc__ = documentation(name, rows, method, inplace)
    if len(rows) == 1:
        function.__signature__ = RowSignature(rows[0], method, inplace)
