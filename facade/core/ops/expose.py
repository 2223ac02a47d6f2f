"""From the table to namespaces: functions, methods, in-place twins and Python's operators."""

from collections import defaultdict

import numpy as np

from facade.core.dtypes import FLOAT
from facade.core.ops import rows as _rows  # noqa: F401  (fills the table)
from facade.core.ops.composites import (COMPOSITES, activation, arithmetic, attention, becoming, by_python, combining, comparison,  # noqa: F401
                                        conversion, convolution, copies, differences, distance, dropout, fractional_pooling, history, indexing,
                                        linear_algebra, loss, low_rank, memory, native, normalization, ordering, pickling, pooling, protocol,
                                        questions, recurrent, reduction, removed, sampling, segments, solvers, spectrograms, splitting, strided,
                                        subscript, symbolic, transforms, views, writing)
from facade.core.ops import autocast as _autocast  # noqa: F401  (marks composites)
from facade.core.ops import guards as _guards  # noqa: F401  (marks rows of the table)
from facade.core.ops.binding import PLAIN, make_function, operand
from facade.core.ops.advice import warned
from facade.core.ops.dispatch import apply, apply_inplace
from facade.core.ops.explaining import explained
from facade.core.ops.mismatch import not_a_tensor
from facade.core.ops.overriding import answer_of
from facade.core.ops.table import ARRAY, TABLE
from facade.core.tensor.tensor import Tensor, close

_PACKAGE, _MACHINE = __name__.partition(".")[0], __name__.rpartition(".ops")[0]


def _groups(place):
    """name -> the rows with that name in this namespace."""
    groups = defaultdict(list)
    for row in TABLE:
        if place in row.at:
            groups[row.name].append(row)
    return groups


def _is_listed(composite, place):
    """Whether torch's function of this name and place is from C++: of nn.functional that is what torch has too, but losses and norms, and a few."""
    return place != "nn.functional" or composite.name in BUILT_IN or "torch" in composite.at and not composite.name.endswith(("_loss", "_norm"))


BUILT_IN = {"avg_pool2d", "avg_pool3d", "linear", "one_hot", "scaled_dot_product_attention"}


def namespace(place):
    """The functions of a namespace ('torch', 'nn.functional', 'linalg', ...) by name, in-place twins with them."""
    functions, prefix = {}, f"{place}_" * (place in PREFIXED)
    for name, rows in _groups(place).items():
        functions[name] = make_function(prefix + name, rows)
        writable = [row for row in rows if row.inplace]
        if writable and name + "_" in WRITING.get(place, ()):
            functions[name + "_"] = make_function(name + "_", writable, inplace=True)
    functions.update((each.name, explained(prefix + each.name, each.function, listed=_is_listed(each, place)))
                     for each in COMPOSITES if place in each.at)
    for name, function in functions.items():        # what is exposed twice is at home where it first is
        if function.__qualname__.removeprefix(prefix) == name and function.__module__.startswith(_MACHINE):
            function.__module__ = _PACKAGE if place == "torch" else f"{_PACKAGE}.{place}"
    if place == "torch":
        TABLE_FUNCTIONS.update(functions)
        return {name: warned(name, function) for name, function in functions.items()}
    return functions


PREFIXED = {"linalg", "special", "fft"}     # namespaces whose functions carry its name in errors: linalg_det() missing ...

# The in-place twins that torch also has as functions: most of those of one argument, and a few more.
WRITING = {
    "torch": set("""abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ celu_ clamp_ clamp_max_
        clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ exp_ expm1_ fix_ floor_ frac_ gcd_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_
        log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ selu_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_
        threshold_ trunc_ xlogy_""".split()),
    "nn.functional": {"celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "selu_", "threshold_"},
}


def attach_methods():
    """Give Tensor its methods."""
    for name, rows in _groups("Tensor").items():
        setattr(Tensor, name, warned(name, make_function(name, rows, method=True)))
        writable = [row for row in rows if row.inplace]
        if writable:
            setattr(Tensor, name + "_", warned(name, make_function(name + "_", writable, method=True, inplace=True)))
    for each in COMPOSITES:
        if "Tensor" in each.at:
            setattr(Tensor, each.name, warned(each.name, explained(each.name, each.function, method=True)))
    for name, (row_name, swapped, inplace) in OPERATORS.items():
        rows = [row for row in TABLE if row.name == row_name]
        setattr(Tensor, name, _operator(name, rows[-1], swapped, inplace))
    for name, call in CALLS.items():
        call.__name__ = name
        setattr(Tensor, name, call)
    close("T", "H", "mT", "mH", "device", "layout", "nbytes", "itemsize")


# Python's operator -> (the row's name, whether the operands change places, whether it writes)
_COMMUTING = ("add", "mul", "and", "or", "xor")
OPERATORS = {f"__{prefix}{name}__": (row, prefix == "r" and name not in _COMMUTING, prefix == "i")
             for name, row in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
                               "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
                               "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift"}.items()
             for prefix in ("", "r", "i")}
OPERATORS |= {f"__{name}__": (name, False, False) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
OPERATORS["__rsub__"] = ("rsub", False, False)
del OPERATORS["__rtruediv__"]      # torch computes other * reciprocal(self): see composites


def _guarded(call):
    """An operator that leaves an operand it does not know to the other side."""
    def method(self, other):
        other = other if isinstance(other, np.ndarray) else operand(other)
        return call(self, other) if other.__class__ in PLAIN and other is not None or isinstance(other, Tensor) else NotImplemented
    return method


_divided = _guarded(lambda self, other: self.reciprocal() * other)


def _inverted(self):
    if self.dtype.category >= FLOAT:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return self.bitwise_not()


# Operators that are methods by another name, where the overload or the order decides.
CALLS = {
    "__neg__": lambda self: self.neg(), "__pos__": lambda self: self.positive(), "__abs__": lambda self: self.abs(),
    "__invert__": lambda self: _inverted(self),
    "__pow__": _guarded(lambda self, other: self.pow(other)), "__ipow__": _guarded(lambda self, other: self.pow_(other)),
    "__rpow__": _guarded(lambda self, other: TABLE_FUNCTIONS["pow"](other, self)),
    "__rtruediv__": lambda self, other: self.reciprocal() * other if isinstance(other, np.ndarray) else _divided(self, other),
    "__rdiv__": _divided,
    "__matmul__": lambda self, other: self.matmul(other) if isinstance(other, Tensor) else NotImplemented,
    "__rmatmul__": lambda self, other: other.matmul(self) if isinstance(other, Tensor) else NotImplemented,
}
TABLE_FUNCTIONS = {}


def _refuse(name, value):
    raise TypeError(not_a_tensor(name, value))


def _beside(other, arrays=False):
    """An operand of an operator that is no tensor or plain number; NotImplemented leaves it to the other side.

    arrays: whether NumPy's are taken, as torch does for == alone: in arithmetic NumPy computes, and its array becomes a tensor.
    """
    if isinstance(other, np.ndarray) and not (arrays and other.dtype.kind in "biufc"):
        return NotImplemented
    other = operand(other)
    return other if other is not None and other.__class__ in PLAIN else NotImplemented


def _operator(name, row, swapped, inplace):
    run = apply_inplace if inplace else apply
    statics = tuple(ARRAY if param in row.array_params and param.required else param.default for param in row.schema.params)

    if name.startswith("__r"):
        def method(self, other):
            if not isinstance(self, Tensor):
                return NotImplemented if swapped or name == "__rsub__" else _refuse(name, self)
            if other.__class__ not in PLAIN or other is None:
                beside = _beside(other)
                if beside is NotImplemented:
                    return answer_of(other, name, (self, other))
                other = beside
            return run(row, statics, (other, self) if swapped else (self, other))
    else:
        def method(self, other):
            if other.__class__ not in PLAIN or other is None:
                beside = _beside(other, name == "__eq__")
                if beside is NotImplemented:
                    return answer_of(other, name, (self, other))
                other = beside
            return run(row, statics, (self, other))
    method.__name__ = method.__qualname__ = name
    return method
