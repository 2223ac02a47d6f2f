"""Whether a Python value can be passed for a parameter of a row."""

import numpy as np

from facade.core import devices, dtypes
from facade.core.tensor.tensor import Tensor

ALIASES = {"axis": "dim", "keepdims": "keepdim", "x": "self", "x1": "self", "x2": "other", "input": "self", "a": "self"}
NUMBERS = (bool, int, float, complex)


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
        return param.optional or param.type == "object" or not param.required and param.default is None
    check = CHECKS.get(param.type, lambda _: True)
    if param.is_list:
        if isinstance(value, (list, tuple)):
            return not value or check(value[0])
        return bool(param.length) and check(value)
    if check(value):
        return True
    return param.type == "Tensor" and row is not None and row.numbers and param.name != "self" and isinstance(value, (*NUMBERS, np.generic))


def renamed(key, params):
    """The parameter that a keyword means, perhaps by another library's name for it; None where there is none."""
    by_name = {param.name: param for param in params}
    return by_name.get(key) or by_name.get(ALIASES.get(key))
