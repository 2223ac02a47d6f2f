"""Functions of the elements that a mask chooses: the others are replaced by a number that does not count, and the plain function is called.

`input` has any shape, `mask` is a tensor of bools that can be broadcast to it (None chooses every element). Where a mask leaves nothing,
the result is the number that does not count: 0 for a sum, -inf for a maximum, nan for a mean. `dtype` is what `input` is cast to first.
"""

import math

from facade.core import dtypes
from facade.core.errors import dim_range, dims_of
from facade.core.numeric_limits import iinfo
from facade.linalg import vector_norm

FUNCTIONS = {}


def _public(function):
    function.__module__ = "torch.masked._ops"
    FUNCTIONS[function.__name__] = function
    return function


# ---------------------------------------------------------------- the parts
def _chosen(input, mask):
    """The mask in the shape of the input."""
    if len(mask.shape) > input.ndim:
        raise IndexError("_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)")
    return (mask if mask.dtype is dtypes.bool else mask != 0).expand(input.shape)


def _filled(input, mask, number):
    """The input, `number` standing for what is not chosen."""
    return input if mask is None else input.where(_chosen(input, mask), input.new_full((), number))


def _as(input, dtype):
    return input.to(input.dtype if dtype is None else dtype)


def _summable(input, dtype):
    """The input in the dtype of its sum."""
    return _as(input, dtypes.int64 if dtype is None and input.dtype.category <= dtypes.INTEGER else dtype)


def _extreme(input, sign, name):
    """The greatest number of the input's dtype, or the least where sign is -1."""
    if input.dtype.is_floating_point or input.dtype.is_complex and name == "logsumexp":
        return sign * math.inf
    if input.dtype.category != dtypes.INTEGER:
        raise NotImplementedError(f"identity of {name} on {input.dtype} input")
    return iinfo(input.dtype).max if sign > 0 else iinfo(input.dtype).min


def _dims(dim, input):
    """The dimensions that are meant, sorted; None and () mean all."""
    if dim is None or isinstance(dim, tuple) and not dim:
        return tuple(range(input.ndim))
    found = []
    for each in dim if isinstance(dim, tuple) else (dim,):
        each = dim_range(each, input.ndim)
        if each in found:
            raise RuntimeError(f"dim={each} appears multiple times in the list of dims")
        found.append(each)
    return tuple(sorted(found)) if input.ndim else ()


def _count(input, dim, keepdim, mask):
    """How many elements are chosen along these dimensions."""
    ones = input.new_ones(input.shape, dtype=dtypes.int64)
    return _filled(ones, mask, 0).sum(dims_of(dim, input.ndim), keepdim)


# ---------------------------------------------------------------- reductions
@_public
def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The sum of the chosen elements along the dimensions `dim` (all if None)."""
    input = _summable(input, dtype)
    return _filled(input, mask, 0).sum(_dims(dim, input), keepdim)


@_public
def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The product of the chosen elements along the dimensions `dim` (all if None)."""
    input = _summable(input, dtype)
    result = _filled(input, mask, 1)
    for each in reversed(_dims(dim, input)):
        result = result.prod(each, keepdim)
    return result


@_public
def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The greatest of the chosen elements along the dimensions `dim` (all if None)."""
    input = _as(input, dtype)
    return _filled(input, mask, _extreme(input, -1, "amax")).amax(_dims(dim, input), keepdim)


@_public
def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The least of the chosen elements along the dimensions `dim` (all if None)."""
    input = _as(input, dtype)
    return _filled(input, mask, _extreme(input, 1, "amin")).amin(_dims(dim, input), keepdim)


@_public
def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Where the greatest of the chosen elements is, as a number of the input's dtype."""
    input = _as(input, dtype)
    return _filled(input, mask, _extreme(input, -1, "argmax")).argmax(dim, bool(keepdim)).to(input.dtype)


@_public
def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Where the least of the chosen elements is, as a number of the input's dtype."""
    input = _as(input, dtype)
    return _filled(input, mask, _extreme(input, 1, "argmin")).argmin(dim, bool(keepdim)).to(input.dtype)


@_public
def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The mean of the chosen elements along the dimensions `dim` (all if None)."""
    computed = input.dtype if dtype is None else dtype
    if computed.category < dtypes.FLOAT:
        raise ValueError(f"mean(): Could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be either a floating point "
                         f"or complex dtype. Got: {computed}")
    count = _count(input, dim, keepdim, mask)
    return sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask) / count


@_public
def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    """The lower median of the chosen elements along the dimension `dim`."""
    input = _as(input, dtype)
    if input.dtype.is_floating_point:
        return _filled(input, mask, math.nan).nanmedian(dim, keepdim).values
    if mask is None:
        return input.median(dim, keepdim).values
    if (_count(input, dim, keepdim, mask) == 0).any():
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return _filled(input.to(dtypes.float64), mask, math.nan).nanmedian(dim, keepdim).values.to(input.dtype)


@_public
def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The logarithm of the sum of the exponentials of the chosen elements along the dimensions `dim` (all if None)."""
    found = _filled(input, mask, _extreme(input, -1, "logsumexp")).logsumexp(_dims(dim, input), keepdim)
    return found.to(input.dtype if dtype is None else dtype)


@_public
def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The vector norm of order `ord` of the chosen elements along the dimensions `dim` (all if None)."""
    input = _as(input, dtype)
    return vector_norm(_filled(input, mask, math.inf if ord == -math.inf else 0), ord, _dims(dim, input), bool(keepdim))


def _spread(input, dim, unbiased, correction, keepdim, dtype, mask, root):
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    correction = (1 if unbiased is None else int(unbiased)) if correction is None else correction
    computed = (dtypes.get_default_dtype() if input.dtype.category < dtypes.FLOAT else input.dtype) if dtype is None else dtype
    count = _count(input, dim, True, mask)
    distance = input - sum(input, dim, keepdim=True, dtype=computed, mask=mask) / count
    squares = (distance * distance.conj()).real if distance.is_complex() else distance * distance
    freedom = (count - correction).clamp(min=0)
    total = sum(squares, dim, keepdim=keepdim, dtype=computed.to_real(), mask=mask)
    result = (total / freedom.reshape(total.shape)).to(computed)
    return result.sqrt() if root else result


@_public
def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The variance of the chosen elements along the dimensions `dim` (all if None), divided by their number less `correction` (1)."""
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask, root=False)


@_public
def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The square root of `var`."""
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask, root=True)


# ---------------------------------------------------------------- along a dimension
@_public
def cumsum(input, dim, *, dtype=None, mask=None):
    """Sums of the chosen elements so far, along `dim`."""
    input = _as(input, dtype)
    return _filled(input, mask, 0).cumsum(dim, dtype=input.dtype)


@_public
def cumprod(input, dim, *, dtype=None, mask=None):
    """Products of the chosen elements so far, along `dim`."""
    input = _as(input, dtype)
    return _filled(input, mask, 1).cumprod(dim, dtype=input.dtype)


@_public
def softmax(input, dim, *, dtype=None, mask=None):
    """The softmax of the chosen elements along `dim`; the others are 0."""
    input = _as(input, dtype)
    return _filled(input, mask, _extreme(input, -1, "amax")).softmax(dim)


@_public
def log_softmax(input, dim, *, dtype=None, mask=None):
    """The logarithm of `softmax`."""
    input = _as(input, dtype)
    return _filled(input, mask, _extreme(input, -1, "amax")).log_softmax(dim)


@_public
def softmin(input, dim, *, dtype=None, mask=None):
    """The softmax of what is chosen with its sign changed."""
    input = _as(input, dtype)
    return (-_filled(input, mask, _extreme(input, 1, "amin"))).softmax(dim)


@_public
def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    """The chosen elements divided by their norm of order `ord` along `dim`, or by `eps` if that is greater; the others are 0."""
    input = _as(input, dtype)
    lengths = norm(input, ord, dim, keepdim=True, mask=mask)
    return _filled(input, mask, 0) / lengths.clamp(min=eps)


@_public
def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    """log(exp(input) + exp(other)) of what each mask chooses."""
    dtype = input.dtype if dtype is None else dtype
    input, other = input.to(dtype), other.to(dtype)
    return _filled(input, input_mask, -math.inf).logaddexp(_filled(other, other_mask, -math.inf))
