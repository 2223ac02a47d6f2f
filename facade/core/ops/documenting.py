"""How a row's function is called, for `help()` and editors: made from its line when somebody asks, never at a call."""

import inspect
from functools import cached_property


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


def documentation(name, rows, method=False, inplace=False):
    """The docstring of a row's function: its sentence, the place it has in torch, and where there are several, the ways to call it."""
    place = "Tensor." if method else next((f"{place}." for place in rows[0].at if place not in ("torch", "Tensor")), "")
    doc = f"{rows[0].doc}{', in place' if inplace else ''} (torch.{place}{name.removeprefix(place.replace('.', '_'))})."
    ways = dict.fromkeys(f"{name}{inspect.Signature(parameters(row, method, inplace))}" for row in rows) if len(rows) > 1 else {}
    return doc + ("\n\n" + "\n".join(f"    {way}" for way in ways) if len(ways) > 1 else "")


def document(function, name, rows, method, inplace):
    """Give a row's function its docstring and, where there is one way to call it, its signature."""
    function.__doc__ = documentation(name, rows, method, inplace)
    if len(rows) == 1:
        function.__signature__ = RowSignature(rows[0], method, inplace)
