"""What is looked at before an operation is recorded, because it depends on the numbers themselves and not on shapes and dtypes.

An integer divided by zero has no result, and a number may not fit into the tensor that is to hold it. Python numbers and
elements in NumPy's memory are judged at the call; what is pending is judged when it is known.
"""

import functools
import math

from facade.core.dtypes import BOOL, BY_NUMPY, INTEGER
from facade.core.errors import dims_of
from facade.core.ops.advice import NO_FREEDOM
from facade.core.ops.dispatch import complain_first
from facade.core.ops.index_checks import check_none
from facade.core.ops.kernels.indexing import check_mask
from facade.core.ops.numbers import check_fits
from facade.core.ops.promotion import result_type
from facade.core.ops.table import TABLE
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once


def _is_zero(divisor):
    return divisor == 0


def _not_by_zero(statics, inputs):
    """No integer is divided by zero."""
    if None in statics:         # div without a rounding mode
        return
    dividend, divisor = inputs
    if isinstance(dividend, Tensor) and not dividend._value.spec.size:
        return
    specs = [each._value.spec if isinstance(each, Tensor) else each.__class__ for each in inputs]
    if result_type(specs).category != INTEGER:
        return
    error = RuntimeError("ZeroDivisionError")
    if isinstance(divisor, Tensor):
        check_none([divisor], _is_zero, error)
    elif divisor == 0:
        raise error


def _fitting(statics, inputs):
    """The number that comes last can be stored in the tensor that comes first."""
    if not isinstance(inputs[-1], Tensor):
        check_fits(inputs[-1], BY_NUMPY[inputs[0]._value.spec.dtype])


def _masked(statics, inputs):
    """The mask is boolean, and the number can be stored."""
    check_mask("masked_fill_", inputs[1]._value.spec)
    _fitting(statics, inputs)


def _derivable(categories):
    """No history ends in a dtype, given by `dtype=`, that has no derivative; of these categories."""
    def guard(statics, inputs):
        dtype = statics[-1]
        if dtype is not None and dtype.category in categories and modes.grad and inputs[0].requires_grad:
            raise RuntimeError(f"Autograd not support dtype: {dtype.legacy}")
    return guard


@functools.cache
def _outside(least, most):
    """The formula for what is outside of these limits."""
    return lambda points: (points < least) | (points > most)


def _points_within(statics, inputs):
    """Every zero point of a quantization is one of its steps, and steps have no derivative."""
    if inputs[1].requires_grad:
        raise RuntimeError("The function 'fake_quantize_per_channel_affine_cachemask' is not differentiable with respect to argument 'scale'. "
                           "This input cannot have requires_grad True.")
    check_none([inputs[2]], _outside(*statics[-2:]), RuntimeError("`zero_point` must be between `quant_min` and `quant_max`."))


def _no_gradient_for_tolerances(statics, inputs):
    """No tolerance of a pseudo-inverse requires grad; the one of two inputs is relative."""
    for name, each in zip(("atol", "rtol")[3 - len(inputs):], inputs[1:]):
        if isinstance(each, Tensor) and each.requires_grad:
            raise RuntimeError(f"The function 'linalg_pinv' is not differentiable with respect to argument '{name}'. "
                               "This input cannot have requires_grad True.")


def _freedom(name):
    """A variance has something to be divided by, or torch says that it has not."""
    def guard(statics, inputs):
        dim, correction = (None, statics[1]) if len(statics) == 2 else statics[1:3]
        shape = inputs[0]._value.spec.shape
        if math.prod(shape[axis] for axis in dims_of(dim, len(shape)) if shape) <= (1 if correction is None else correction):
            warn_once(NO_FREEDOM.format(name))
    return guard


_GUARDS = {"sum": _derivable((BOOL, INTEGER)), "prod": _derivable((BOOL, INTEGER)), "nansum": _derivable((BOOL, INTEGER)),
           "cumsum": _derivable((INTEGER,)), "cumprod": _derivable((INTEGER,)),
           "floor_divide": _not_by_zero, "remainder": _not_by_zero, "fmod": _not_by_zero, "div.Tensor_mode": _not_by_zero,
           "divide.Tensor_mode": _not_by_zero, "fill.Scalar": _fitting, "masked_fill.Scalar": _masked, "masked_fill.Tensor": _masked,
           "index_fill.int_Scalar": _fitting, "scatter.value": _fitting, "fake_quantize_per_channel_affine": _points_within,
           "fill_diagonal": _fitting,
           "pinv": _no_gradient_for_tolerances, "isclose": lambda statics, inputs: complain_first(inputs),      # torch makes it of differences
           **{name: _freedom(name) for name in ("std", "var", "std_mean", "var_mean")}}

for _row in TABLE:
    _row.guard = _GUARDS.get(f"{_row.name}.{_row.schema.overload}", _GUARDS.get(_row.name))
