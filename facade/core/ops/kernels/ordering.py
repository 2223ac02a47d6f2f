"""Sorting, selection and cumulative extremes: pure JAX, arrays in, arrays out.

Every function answers values together with the indices they come from, and takes the values by these indices, so that the
derivative goes where the value was. NaN counts as the largest number. `axis` is counted from the front.
"""

import jax
import jax.numpy as jnp


def order_of(array, axis, descending):
    """The indices that sort along `axis`; equal elements stay in their order."""
    return jnp.argsort(array, axis, stable=True, descending=descending).astype(jnp.int64)


def sort(array, axis, descending):
    """(values, indices), sorted along `axis`."""
    if array.ndim == 0:
        return array, jnp.zeros((), jnp.int64)
    order = order_of(array, axis, descending)
    return jnp.take_along_axis(array, order, axis), order


def topk(array, k, axis, largest):
    """(values, indices) of the k largest or smallest along `axis`, in order."""
    if array.ndim == 0:
        return (array, jnp.zeros((), jnp.int64)) if k else (array.reshape(1)[:0], jnp.zeros(0, jnp.int64))
    if largest and axis == array.ndim - 1 and array.shape[axis]:
        order = jax.lax.top_k(jax.lax.stop_gradient(array), k)[1].astype(jnp.int64)
    else:
        order = jax.lax.slice_in_dim(order_of(array, axis, largest), 0, k, axis=axis)
    return jnp.take_along_axis(array, order, axis), order


def kthvalue(array, k, axis):
    """(values, indices) of the k-th smallest along `axis`, which stays as 1."""
    index = jax.lax.slice_in_dim(order_of(array, axis, False), k - 1, k, axis=axis)
    return jnp.take_along_axis(array, index, axis), index


def cumulative_extreme(array, axis, running):
    """(values, indices) of the largest or smallest so far (`running` is lax.cummax or lax.cummin), the last among equals."""
    if array.ndim == 0 or array.size == 0:
        return array, jnp.zeros(array.shape, jnp.int64)
    compared = array.astype(jnp.int8) if array.dtype == bool else jax.lax.stop_gradient(array)
    best = running(compared, axis)
    here = jax.lax.broadcasted_iota(jnp.int64, array.shape, axis)
    hit = (compared == best) | (compared != compared)
    index = jax.lax.cummax(jnp.where(hit, here, 0), axis)
    return jnp.take_along_axis(array, index, axis), index


def _log_of_sum(one, other):
    """log(exp(one) + exp(other)), whose imaginary part goes on from that of the larger."""
    swapped = one.real < other.real
    high, low = jnp.where(swapped, other, one), jnp.where(swapped, one, other)
    return high + jnp.log1p(jnp.exp(low - high))


def complex_logcumsumexp(array, axis):
    """The logarithm of the running sum of exponentials of complex numbers."""
    return jax.lax.associative_scan(_log_of_sum, array, axis=axis)


def searchsorted(rows, values, right):
    """Where the values would be inserted: rows (..., n) sorted along the last dim, values (..., m), leading dims alike."""
    side = "right" if right else "left"
    common = jnp.promote_types(rows.dtype, values.dtype)
    rows, values = rows.astype(common), values.astype(common)
    if rows.shape[-1] == 0:
        return jnp.zeros(values.shape, jnp.int64)
    if rows.ndim == 1:
        return jnp.searchsorted(rows, values, side)
    flat = rows.reshape(-1, rows.shape[-1]), values.reshape(-1, values.shape[-1])
    return jax.vmap(lambda row, sought: jnp.searchsorted(row, sought, side))(*flat).reshape(values.shape)
