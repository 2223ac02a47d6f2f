"""Reductions whose derivative or rounding needs more than one line: pure JAX, arrays in, arrays out.

`axes` is a tuple of dims counted from the front. Where torch chose a subgradient (0 for a norm at 0, the chosen element for a
maximum along a dim) the function is written so that its own derivative is that one. Halves are computed in float32.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from facade.core.errors import dim_range


def wide(array):
    """float16 and bfloat16 as float32, everything else as it is."""
    return array.astype(jnp.float32) if array.dtype.itemsize == 2 and jnp.issubdtype(array.dtype, jnp.floating) else array


def real_dtype(dtype):
    """The dtype of the real part."""
    return jnp.finfo(dtype).dtype


def folded(array, axes, keepdim=False):
    """`array` with the axes moved to the end and flattened into one; and the shape of a result that keeps them as 1."""
    rest = [axis for axis in range(array.ndim) if axis not in axes]
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(array.shape))
    flat = jnp.transpose(array, (*rest, *axes)).reshape(*(array.shape[axis] for axis in rest), math.prod(array.shape[axis] for axis in axes))
    return flat, kept if keepdim else tuple(array.shape[axis] for axis in rest)


# ---------------------------------------------------------------- moments
def mean(array, axes, keepdim):
    """The sum over the axes divided by how many there are; behind a barrier, for XLA would multiply by the reciprocal of a constant."""
    total = jnp.sum(wide(array), axes, keepdims=keepdim)
    count = math.prod(array.shape[axis] for axis in axes)
    return (total / lax.optimization_barrier(jnp.full(total.shape, count, total.dtype))).astype(array.dtype)


def variance(array, axes, correction, keepdim):
    """(variance, mean): squared distances from the mean over `count - correction`, which is never negative."""
    computed = wide(array)
    count = math.prod(array.shape[axis] for axis in axes)
    mean = jnp.mean(computed, axes, keepdims=True)
    apart = computed - mean
    squares = apart.real ** 2 + apart.imag ** 2 if jnp.iscomplexobj(apart) else apart * apart
    freedom = max(count - correction, 0)
    result = jnp.sum(squares, axes, keepdims=keepdim) / jnp.asarray(freedom, squares.dtype)
    mean = mean if keepdim else jnp.squeeze(mean, axes)
    return result.astype(real_dtype(array.dtype)), mean.astype(array.dtype)


def root(array):
    """The square root, with derivative 0 at 0."""
    return jnp.where(array == 0, 0, jnp.sqrt(jnp.where(array == 0, 1, array)))


# ---------------------------------------------------------------- norms
def magnitude(array):
    """The absolute value, with derivative 0 at 0 (JAX's own is 1)."""
    return jnp.abs(array) if jnp.iscomplexobj(array) else array * jax.lax.stop_gradient(jnp.sign(array))


def vector_norm(array, order, axes, keepdim):
    """The norm of that order over the axes; its derivative is 0 where it is 0."""
    result = _norm(wide(array), order, axes, keepdim)
    return result.astype(real_dtype(array.dtype))


def _norm(array, order, axes, keepdim):
    if order == 2:
        squares = array.real ** 2 + array.imag ** 2 if jnp.iscomplexobj(array) else array * array
        return root(jnp.sum(squares, axes, keepdims=keepdim))
    size = magnitude(array)
    if order == 0:
        return jnp.sum((size != 0).astype(size.dtype), axes, keepdims=keepdim)
    if order == 1:
        return jnp.sum(size, axes, keepdims=keepdim)
    if math.isinf(order):
        return (jnp.max if order > 0 else jnp.min)(size, axes, keepdims=keepdim)
    powers = jnp.where(size == 0, 0 if order > 0 else jnp.inf, jnp.where(size == 0, 1, size) ** order)
    total = jnp.sum(powers, axes, keepdims=keepdim)
    flat = (total == 0) | (total == jnp.inf)
    return jnp.where(flat, total if order > 0 else 1 / total, jnp.where(flat, 1, total) ** (1 / order))


def renorm(array, order, axes, maxnorm):
    """`array` with the norms over the axes brought down to maxnorm."""
    norm = _norm(wide(array), order, axes, True)
    factor = jnp.where(norm > maxnorm, maxnorm / (norm + 1e-7), 1)
    return array * factor.astype(array.dtype)


def logsumexp(array, axes, keepdim):
    """log(sum(exp(array))), shifted by the largest element so that nothing overflows."""
    computed = wide(array)
    top = jax.lax.stop_gradient(jnp.max(computed.real, axes, keepdims=True, initial=-jnp.inf))
    top = jnp.where(jnp.isinf(top), 0, top)
    result = jnp.log(jnp.sum(jnp.exp(computed - top), axes, keepdims=True)) + top
    return (result if keepdim else jnp.squeeze(result, axes)).astype(array.dtype)


# ---------------------------------------------------------------- choosing one element along a dim
@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def _chosen(values, array, mask, axis):
    """`values`, which are the elements of `array` where `mask` is true, one along `axis` (kept as 1): no scatter in the derivative."""
    return values


@_chosen.defjvp
def _(axis, primals, tangents):
    values, _, mask = primals
    return values, jnp.sum(jnp.where(mask, tangents[1], 0), axis, keepdims=True)


def extreme(array, dim, keepdim, argument, largest):
    """(values, indices) of the extremes along a dim, the first among equals; the gradient goes to the chosen element alone."""
    if array.ndim == 0:
        return array, jnp.zeros((), jnp.int64)
    axis = dim_range(dim, array.ndim)
    index = argument(array, axis, keepdims=True).astype(jnp.int64)
    values = largest(array, axis, keepdims=True)
    if jnp.issubdtype(array.dtype, jnp.inexact):
        mask = jax.lax.broadcasted_iota(jnp.int64, array.shape, axis) == index
        values = _chosen(jax.lax.stop_gradient(values), array, mask, axis)
    return (values, index) if keepdim else (jnp.squeeze(values, axis), jnp.squeeze(index, axis))


def prod(array, axes, dtype, keepdim):
    """The product in that dtype; halves are multiplied in float32."""
    return jnp.prod(wide(array.astype(dtype)), axes, keepdims=keepdim).astype(dtype)


# ---------------------------------------------------------------- order statistics
def picked(array, order, place, axis):
    """(values, indices) at `place` of an order of the elements along `axis`, which stays as 1."""
    index = jnp.take(order, place, axis, mode="clip") if order.ndim == place.ndim == 0 else jnp.take_along_axis(order, place, axis)
    return jnp.take_along_axis(array, index, axis), index.astype(jnp.int64)


def median(array, axis, ignore_nan):
    """(values, indices): the lower of the two middle elements along `axis`, which stays as 1; a NaN is the median unless ignored."""
    order = jnp.argsort(array, axis, stable=True)
    size = array.shape[axis]
    shape = tuple(1 if each == axis else extent for each, extent in enumerate(array.shape))
    if not jnp.issubdtype(array.dtype, jnp.floating):
        return picked(array, order, jnp.full(shape, (size - 1) // 2), axis)
    nans = jnp.sum(jnp.isnan(array), axis, keepdims=True)
    if ignore_nan:
        place = jnp.maximum(size - nans - 1, 0) // 2
    else:
        place = jnp.where(nans > 0, size - nans, (size - 1) // 2)
    return picked(array, order, place, axis)


@jax.custom_jvp
def evenly(value, array):
    """`value`, an element of `array`; its derivative is the mean over all elements equal to it."""
    return value


@evenly.defjvp
def _(primals, tangents):
    value, array = primals
    equal = jnp.where(jnp.isnan(value), jnp.isnan(array), array == value)
    share = equal.astype(array.dtype) / jnp.sum(equal.astype(array.dtype))
    return value, jnp.sum(share * tangents[1])


def median_all(array, ignore_nan):
    """The median of all elements; NaN (or the least integer) when there are none."""
    if array.size == 0:
        return jnp.asarray(jnp.nan if jnp.issubdtype(array.dtype, jnp.floating) else jnp.iinfo(array.dtype).min, array.dtype)
    flat = array.reshape(-1)
    value = median(flat, 0, ignore_nan)[0][0]
    return evenly(jax.lax.stop_gradient(value), flat) if jnp.issubdtype(array.dtype, jnp.floating) else value


def mode(array, axis):
    """(values, indices): the most frequent element along `axis`, which stays as 1; the smallest of several, where it stands last."""
    order = jnp.argsort(array, axis, stable=True)
    ranked = jnp.take_along_axis(array, order, axis)
    place = jax.lax.broadcasted_iota(jnp.int64, array.shape, axis)
    before = jnp.roll(ranked, 1, axis)
    start = jax.lax.cummax(jnp.where((ranked != before) | (place == 0), place, 0), axis)
    return picked(array, order, jnp.argmax(place - start, axis, keepdims=True), axis)


INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(array, q, dim, keepdim, interpolation, ignore_nan):
    """The q-quantiles (q: zero- or one-dimensional, which comes first in the result) along a dim, or of all elements."""
    axes = tuple(range(array.ndim)) if dim is None else (dim_range(dim, array.ndim),) if array.ndim else ()
    flat, shape = folded(array, axes, keepdim)
    ranked = jnp.take_along_axis(flat, jnp.argsort(flat, -1, stable=True), -1)
    missing = jnp.sum(jnp.isnan(flat), -1, keepdims=True)
    last = flat.shape[-1] - 1
    q = q.astype(array.dtype)
    rank = q.reshape(-1) * (jnp.maximum(last - missing, 0) if ignore_nan else jnp.full_like(missing, last)).astype(q.dtype)
    if not ignore_nan:
        rank = jnp.where(missing > 0, last, rank)
    below, above = jnp.floor(rank).astype(jnp.int64), jnp.ceil(rank).astype(jnp.int64)
    at = {"lower": below, "higher": above, "nearest": jnp.round(rank).astype(jnp.int64)}.get(interpolation)
    if at is not None:
        result = jnp.take_along_axis(ranked, at, -1)
    else:
        low, high = jnp.take_along_axis(ranked, below, -1), jnp.take_along_axis(ranked, above, -1)
        weight = rank - below if interpolation == "linear" else 0.5
        result = jnp.where(below == above, low, low + (high - low) * weight)
    result = jnp.moveaxis(result, -1, 0)
    return result.reshape((q.size,) * q.ndim + shape)
