"""Whether a Python value can be passed for a parameter of a row."""

import numpy as np

from facade.core import devices, dtypes
from facade.core.tensor.tensor import Tensor

ALIASES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other", "a": "input"}
NUMBERS = (bool, int, float, complex)
# Numbers may stand for every tensor of these.
ALL_NUMBERS = {"add", "copy_", "div", "divide", "floor_divide", "mul", "multiply", "sub", "subtract", "true_divide"}


def _is_number(value):
    """Whether a tensor can stand for a number: it has no dimension, and no gradient is lost."""
    return isinstance(value, Tensor) and not value._value.spec.shape and not value.requires_grad


CHECKS = {
    "Tensor": lambda value: isinstance(value, Tensor),
    "Scalar": lambda value: isinstance(value, (*NUMBERS, np.number, np.bool_)) or _is_number(value),
    "int": lambda value: isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    or _is_number(value) and value.dtype.category == dtypes.INTEGER,
    "float": lambda value: isinstance(value, (float, int, np.number)) or _is_number(value),
    "bool": lambda value: isinstance(value, (bool, np.bool_)),
    "str": lambda value: isinstance(value, str),
    "ScalarType": lambda value: isinstance(value, dtypes.dtype) or value in dtypes.OF_TYPE,
    **dict.fromkeys(("Dimname", "torch.Storage"), lambda value: False),
    "torch.device": lambda value: isinstance(value, (str, devices.device)),
}
CHECKS["SymInt"] = CHECKS["int"]


def fits(param, value, row):
    """Whether `value` can be passed for `param`."""
    if value is None:
        return param.optional or param.type == "object" or not param.required and param.default in (None, ())
    check = CHECKS.get(param.type, lambda _: True)
    if param.is_list:
        if isinstance(value, (list, tuple)):
            return not value or check(value[0])
        return bool(param.length) and check(value)
    if check(value):
        return True
    return param.type == "Tensor" and row is not None and isinstance(value, (*NUMBERS, np.generic)) and (
        row.schema.name in ALL_NUMBERS or row.numbers and param.name != "self")


def renamed(key, params):
    """The parameter that a keyword means, perhaps by another library's name for it; None where there is none."""
    by_name = {shown_name(param): param for param in params}
    return by_name.get(key) or by_name.get(ALIASES.get(key))


def own_name(key, names):
    """Which of `names`, those of a Python function's parameters, a keyword means; the keyword itself where that is none."""
    meant = ALIASES.get(key, key)
    return next((name for name in (key, meant, "self" if meant == "input" else key) if name in names), key)


def takes_out(row, out):
    """Whether a function of this row writes to what is given as `out`."""
    several = len(row.schema.results) > 1 or row.schema.returns_list
    return row.out and (out is None or (isinstance(out, (tuple, list)) and all(map(CHECKS["Tensor"], out)) if several else CHECKS["Tensor"](out)))


def shown_name(param):
    """What callers and errors call a parameter: the tensor that a method belongs to is a function's `input`."""
    return "input" if param.name == "self" and param.type == "Tensor" and not param.is_list else param.name
