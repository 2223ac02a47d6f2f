"""What distributions share: parameters brought to one shape, probabilities and log-odds, properties computed once (torch.distributions.utils)."""

import functools
import math
from numbers import Number

from facade.autograd.grad_mode import enable_grad
from facade.core import dtypes
from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade.core.tensor.tensor import Tensor
from facade.nn import functional as F

__all__ = ["broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec", "vec_to_tril_matrix"]

euler_constant = 0.57721566490153286060
ONE_OF_TWO = "Either `probs` or `logits` must be specified, but not both."


def broadcast_all(*values):
    """Numbers and tensors as tensors of one shape; numbers take the dtype of the first tensor, or the default one.

    Raises ValueError for anything else.
    """
    if not all(isinstance(each, (Tensor, Number)) for each in values):
        raise ValueError("Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__.")
    dtype = next((each.dtype for each in values if isinstance(each, Tensor)), dtypes.get_default_dtype())
    return ops.broadcast_tensors(*(each if isinstance(each, Tensor) else ops.tensor(each, dtype=dtype) for each in values))


def standard_normal(shape, like):
    """Numbers of the standard normal distribution, of this shape and the dtype of `like`."""
    return ops.empty(shape, dtype=like.dtype).normal_()


def uniform(shape, like):
    """Numbers drawn evenly from 0 to 1, of this shape and the dtype of `like`."""
    return ops.rand(shape, dtype=like.dtype)


def tiny(value):
    """The smallest normal number of the value's dtype."""
    return finfo(value.dtype).tiny


def sum_rightmost(value, dims):
    """The sum over the last `dims` dims."""
    return value.reshape(value.shape[:-dims] + (-1,)).sum(-1) if dims else value


# ---------------------------------------------------------------- probabilities
def logits_to_probs(logits, is_binary=False):
    """Probabilities of log-odds: one each if binary, else over the last dim."""
    return ops.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs):
    """Probabilities kept one rounding error away from 0 and 1."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs, is_binary=False):
    """The log-odds of probabilities: one each if binary, else their logarithms."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def keep_weights(distribution, probs, logits, *others):
    """Keep the one of `probs` and `logits` that is given, and other parameters broadcast with it.

    others: (name, value) pairs. The shape of all is returned. Raises ValueError where both are given, or none.
    """
    if (probs is None) == (logits is None):
        raise ValueError(ONE_OF_TWO)
    name, given = ("probs", probs) if logits is None else ("logits", logits)
    *rest, param = broadcast_all(*(value for _, value in others), given)
    for (other, _), value in zip(others, rest):
        setattr(distribution, other, value.type_as(param))
    setattr(distribution, name, param)
    distribution._param = param
    return param.shape


class lazy_property:
    """A property that is computed when first asked for, with history, and kept."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)

    def __get__(self, instance, obj_type=None):
        if instance is None:
            return _lazy_property_and_property(self.wrapped)
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _lazy_property_and_property(lazy_property, property):
    """What the class shows of a lazy property: documentation tools take it for a property."""

    def __init__(self, wrapped):
        property.__init__(self, wrapped)


class Weighted:
    """A distribution given by either `probs` or `logits`; the other follows."""

    _is_binary = True

    @lazy_property
    def logits(self):
        """The log-odds."""
        return probs_to_logits(self.probs, self._is_binary)

    @lazy_property
    def probs(self):
        """The probabilities."""
        return logits_to_probs(self.logits, self._is_binary)

    @property
    def param_shape(self):
        """The shape of the parameter that was given."""
        return self._param.size()


# ---------------------------------------------------------------- triangles
def _lower(size, diag):
    """The places of a square matrix on and below a diagonal, as a mask."""
    return ops.ones(size, size, dtype=dtypes.bool).tril(diag)


def tril_matrix_to_vec(mat, diag=0):
    """The entries on and below a diagonal of (..., n, n) matrices, row by row, in the last dim."""
    size = mat.shape[-1]
    if not -size <= diag < size:
        raise ValueError(f"diag ({diag}) provided is outside [{-size}, {size - 1}].")
    return mat[..., _lower(size, diag)]


def vec_to_tril_matrix(vec, diag=0):
    """The inverse of tril_matrix_to_vec: matrices that are zero above the diagonal."""
    size = (-(1 + 2 * diag) + math.sqrt((1 + 2 * diag) ** 2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1))) / 2
    if round(size) - size > finfo(vec.dtype).eps:
        raise ValueError(f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as the lower triangular part of a square D x D "
                         "matrix.")
    size = round(size)
    made = vec.new_zeros((*vec.shape[:-1], size, size))
    made[..., _lower(size, diag)] = vec
    return made
