"""make_tensor: random tensors of any dtype for tests, with the numbers that torch draws."""

import math
from collections.abc import Sequence

from facade.core import dtypes
from facade.core.numeric_limits import finfo, iinfo
from facade.core.ops.functions import ops
from facade.core.warn import warn

__all__ = ["make_tensor"]


def make_tensor(*shape, dtype, device, low=None, high=None, requires_grad=False, noncontiguous=False, exclude_zero=False, memory_format=None):
    """A tensor of this shape, with elements drawn evenly from low (in) to high (left out) (torch.testing.make_tensor).

    shape: sizes one by one, or a sequence. low, high: -9 and 9 for floating and complex dtypes, -9 and 10 for integers (0 and 2 for bool),
    and never beyond what the dtype holds. noncontiguous: every second element of twice as many. exclude_zero: 1, or the smallest normal
    number, in place of zeros. ValueError where low is not below high, or a dtype without gradients shall require them.
    """
    shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else tuple(shape)
    if noncontiguous and memory_format is not None:
        raise ValueError("The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
                         f"but got noncontiguous={noncontiguous!r} and memory_format={memory_format!r}")
    is_whole = dtype.category < dtypes.FLOAT
    if requires_grad and is_whole:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype!r}")
    is_sparse = noncontiguous and math.prod(shape) > 1
    drawn = (_whole if is_whole else _floating)((*shape[:-1], 2 * shape[-1]) if is_sparse else shape, dtype, device, low, high)
    made = drawn[..., 1::2] if is_sparse else drawn if memory_format is None else drawn.clone(memory_format=memory_format)
    if exclude_zero:
        made[made == 0] = 1 if is_whole else finfo(dtype).tiny
    return made if is_whole else made.requires_grad_(requires_grad)


def _whole(shape, dtype, device, low, high):
    if dtype is dtypes.bool:
        bounds = _bounds(dtype, low, high, 0, 2, 0, 2)
    else:
        limits = iinfo(dtype)
        bounds = _bounds(dtype, low, high, limits.min, limits.max + (dtype is not dtypes.int64), -9, 10)
    return ops.randint(*map(math.ceil, bounds), shape, dtype=dtype, device=device)


def _floating(shape, dtype, device, low, high):
    limits = finfo(dtype)
    low, high = _bounds(dtype, low, high, limits.min, limits.max, -9, 9)
    made = ops.empty(shape, dtype=dtypes.float32 if dtype.itemsize == 1 else dtype, device=device)
    numbers = ops.view_as_real(made) if dtype.is_complex else made
    if high - low >= finfo(numbers.dtype).max:      # more than uniform_ takes
        numbers.uniform_(low / 2, high / 2).mul_(2)
    else:
        numbers.uniform_(low, high)
    return made.to(dtype)


def _bounds(dtype, low, high, least, most, default_low, default_high):
    """(low, high) within what the dtype holds."""
    low, high = default_low if low is None else low, default_high if high is None else high
    if any(isinstance(each, float) and math.isnan(each) for each in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low!r} and high={high!r}")
    if low == high and dtype.category >= dtypes.FLOAT:
        warn("Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 and will be "
                      "removed in 2.3. Use `torch.full(...)` instead.", FutureWarning)
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < least or low >= most:
        raise ValueError(f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports [{least}, {most})")
    return (min(max(each, least), most) for each in (low, high))
