"""Pooling on arrays (batch, channels, *spatial) or (channels, *spatial), one spatial dimension after the other.

The maximum of a window is the maximum of its rows' maxima, so a window of k x k costs 2 k strided slices, which XLA fuses; its own
`reduce_window` is slow on the CPU, and `select_and_scatter`, its derivative, slower. Of equal elements the first counts, as in torch,
because a later row or column only wins if it is greater.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax


def output_size(extent, kernel, stride, padding, dilation, ceil_mode):
    """How many windows fit along one dimension; with ceil_mode one may hang over the end, but must begin before it."""
    room = extent + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= extent + padding else count


def _slices(array, axis, kernel, stride, padding, dilation, count, fill):
    """The j-th elements of all windows along axis, for each j."""
    needed = (count - 1) * stride + dilation * (kernel - 1) + 1
    config = [(0, 0, 0)] * array.ndim
    config[axis] = padding, needed - array.shape[axis] - padding, 0
    padded = lax.pad(array, jnp.asarray(fill, array.dtype), config)
    last = (count - 1) * stride + 1
    return [lax.slice_in_dim(padded, at * dilation, at * dilation + last, stride, axis) for at in range(kernel)]


def _ranges(array, axis, count):
    """The same for the windows of adaptive pooling; a short window repeats its last element."""
    starts, ends = _adaptive_bounds(array.shape[axis], count)
    return [jnp.take(array, np.minimum(starts + at, ends - 1), axis, mode="clip") for at in range(int((ends - starts).max(initial=1)))]


def _adaptive_bounds(extent, count):
    place = np.arange(count)
    return place * extent // count, -((place + 1) * extent // -count)


def _lowest(dtype):
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


def _greatest(values, carried):
    """The first greatest (or the last NaN) of a list of arrays, and what was carried beside it."""
    best, *kept = values[0], *(each[0] for each in carried)
    for at, value in enumerate(values[1:], 1):
        wins = (value > best) | jnp.isnan(value) if jnp.issubdtype(value.dtype, jnp.floating) else value > best
        best = jnp.where(wins, value, best)
        kept = [jnp.where(wins, each[at], before) for each, before in zip(carried, kept)]
    return best, kept


def _max_over(array, rank, windows, with_indices):
    """The maxima over `windows(array, axis, fill)` of the last `rank` dimensions, with the places in the flat spatial array."""
    place = None
    for offset in range(rank):
        axis = array.ndim - 1 - offset
        carried = []
        if with_indices:
            step = math.prod(with_indices[axis + 1 - array.ndim + rank:])
            own = lax.broadcasted_iota(jnp.int64, array.shape, axis) * step
            carried = [windows(own if place is None else place + own, axis, 0)]
        array, kept = _greatest(windows(array, axis, _lowest(array.dtype)), carried)
        place = kept[0] if kept else None
    return (array, place) if with_indices else array


def max_pool(array, kernel, stride, padding, dilation, ceil_mode, return_indices=False):
    """The greatest element of each window; return_indices: and where it lies in the flat spatial dimensions."""
    rank = len(kernel)
    sizes = [output_size(*each, ceil_mode) for each in zip(array.shape[-rank:], kernel, stride, padding, dilation)]

    def windows(each, axis, fill):
        at = axis - array.ndim + rank
        return _slices(each, axis, kernel[at], stride[at], padding[at], dilation[at], sizes[at], fill)
    return _max_over(array, rank, windows, return_indices and array.shape[-rank:])


def adaptive_max_pool(array, sizes, return_indices=False):
    """The greatest element of each of so many windows that cover the array evenly."""
    rank = len(sizes)

    def windows(each, axis, fill):
        return _ranges(each, axis, sizes[axis - array.ndim + rank])
    return _max_over(array, rank, windows, return_indices and array.shape[-rank:])


def fractional_max_pool(array, kernel, sizes, samples):
    """The greatest element of windows at random places, and where it is; array: (batch, channels, *spatial).

    samples: (batch, channels, dimensions), from 0 to 1, the last dimension's first in images but last in volumes.
    """
    rank = len(sizes)
    order = range(rank) if rank == 3 else reversed(range(rank))
    starts = {at: _fractional_starts(lax.stop_gradient(samples[..., place]), array.shape[at - rank], kernel[at], sizes[at])
              for place, at in enumerate(order)}

    def windows(each, axis, fill):
        at = axis - array.ndim + rank
        first = starts[at].reshape(*array.shape[:2], *(sizes[at] if dim == at else 1 for dim in range(rank)))
        return [jnp.take_along_axis(each, first + offset, axis, mode="clip") for offset in range(kernel[at])]
    return _max_over(array, rank, windows, array.shape[-rank:])


def _fractional_starts(sample, extent, kernel, count):
    """Where the windows along one dimension begin: steps of (extent - kernel) / (count - 1), rounded from a random phase; the last at the end.

    As in Graham, "Fractional max-pooling" (2014).
    """
    if count < 2:
        return jnp.full((*sample.shape, count), extent - kernel)
    step = jnp.asarray((extent - kernel) / (count - 1), sample.dtype)
    phase = sample[..., None]
    whole = jnp.trunc((jnp.arange(count - 1, dtype=sample.dtype) + phase) * step) - jnp.trunc(phase * step)
    return jnp.concatenate([whole.astype(jnp.int32), jnp.full((*sample.shape, 1), extent - kernel, jnp.int32)], -1)


def avg_pool(array, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """The mean of each window; count_include_pad: padding counts as elements."""
    rank = len(kernel)
    total, counts = array, np.ones((1,) * rank)
    for at in range(rank):
        axis, extent = array.ndim - rank + at, array.shape[at - rank]
        count = output_size(extent, kernel[at], stride[at], padding[at], 1, ceil_mode)
        total = sum(_slices(total, axis, kernel[at], stride[at], padding[at], 1, count, 0))
        start = np.arange(count) * stride[at] - padding[at]
        end = np.minimum(start + kernel[at], extent + padding[at])
        inside = end - start if count_include_pad else np.minimum(end, extent) - np.maximum(start, 0)
        counts = counts * inside.reshape([-1 if dim == at else 1 for dim in range(rank)])
    divisor = counts if divisor_override is None else np.float64(divisor_override)
    if jnp.issubdtype(array.dtype, jnp.integer):
        return lax.div(total, jnp.broadcast_to(jnp.asarray(divisor, array.dtype), total.shape))
    return total / jnp.asarray(divisor, array.dtype)


def adaptive_avg_pool(array, sizes):
    """The mean of each of so many windows that cover the array evenly."""
    for offset, count in enumerate(reversed(sizes)):
        axis, extent = array.ndim - 1 - offset, array.shape[-1 - offset]
        if count and extent % count == 0:
            array = array.reshape(*array.shape[:axis], count, extent // count, *array.shape[axis + 1:]).mean(axis + 1)
        else:
            array = along(array, axis, _adaptive_matrix(extent, count))
    return array


def _adaptive_matrix(extent, count):
    starts, ends = _adaptive_bounds(extent, count)
    place = np.arange(extent)[:, None]
    return ((place >= starts) & (place < ends)) / (ends - starts)


def along(array, axis, matrix):
    """The product of one dimension with a matrix (extent, new extent) of constants."""
    product = jnp.tensordot(array, jnp.asarray(matrix, array.dtype), ((axis,), (0,)))
    return jnp.moveaxis(product, -1, axis)


def max_unpool(array, indices, sizes):
    """Zeros of these spatial sizes with each element at the place its index names."""
    rank = len(sizes)
    lead = array.shape[:-rank]
    flat = jnp.zeros((math.prod(lead), math.prod(sizes)), array.dtype)
    rows = jnp.arange(math.prod(lead))[:, None]
    placed = flat.at[rows, indices.reshape(len(rows), -1)].set(array.reshape(len(rows), -1), mode="promise_in_bounds", unique_indices=True)
    return placed.reshape(*lead, *sizes)
