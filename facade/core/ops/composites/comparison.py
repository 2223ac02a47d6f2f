"""Comparisons that answer with a Python bool."""

from facade.core.ops.composites import composite
from facade.core.tensor.tensor import Tensor


@composite()
def equal(input, other):
    """Whether both have the same shape and elements"""
    if not isinstance(other, Tensor):
        raise TypeError(f"equal(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
    return input.shape == other.shape and bool(input.eq(other).all())


@composite()
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether |input - other| <= atol + rtol * |other| everywhere"""
    return bool(input.isclose(other, rtol=rtol, atol=atol, equal_nan=equal_nan).all())
