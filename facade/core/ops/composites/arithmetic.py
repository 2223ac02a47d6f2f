"""Arithmetic that looks at the dtype before it does anything."""

from facade.core import dtypes
from facade.core.ops.composites import composite
from facade.core.tensor.tensor import Tensor


@composite()
def positive(input):
    """The tensor itself"""
    if input.dtype is dtypes.bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@composite(at="Tensor")
def float_power_(input, exponent):
    """input to the power of exponent, in double precision, written to input"""
    is_complex = input.dtype.is_complex or (exponent.dtype.is_complex if isinstance(exponent, Tensor) else isinstance(exponent, complex))
    wanted = dtypes.complex128 if is_complex else dtypes.float64
    if input.dtype is not wanted:
        raise RuntimeError(f"the base given to float_power_ has dtype {input.dtype.legacy} but the operation's result requires dtype {wanted.legacy}")
    return input.pow_(exponent)
