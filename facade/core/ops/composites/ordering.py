"""Operators whose result has a shape, or a range, that the data decide: they read their input and work on it with NumPy."""

import math

import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.errors import dim_range
from facade.core.ops.composites import composite
from facade.core.ops.outputs import with_out
from facade.core.ops.return_types import result_tuple
from facade.core.tensor.tensor import Tensor


def _tensor(array):
    return Tensor._of(constant(np.ascontiguousarray(array).reshape(np.shape(array))))


# ---------------------------------------------------------------- unique
def _groups_of_sorted(keys):
    """For columns of keys (k, n) in order: where each run of equal ones starts."""
    change = np.ones(keys.shape[1], bool)
    change[1:] = (keys[:, 1:] != keys[:, :-1]).any(0)
    return np.flatnonzero(change)


def _sorted_groups(keys):
    """(an order that sorts the columns of keys, the starts of its groups)."""
    order = np.lexsort(keys[::-1])
    return order, _groups_of_sorted(keys[:, order])


def _answer(elements, order, starts, return_inverse, return_counts, shape):
    """The result of a unique: the representatives, and on request the group of every element and the sizes of the groups."""
    count = elements.shape[0]
    results = [_tensor(elements[order[starts]])]
    if return_inverse:
        group = np.zeros(count, np.int64)
        group[starts[1:]] = 1
        inverse = np.empty(count, np.int64)
        inverse[order] = np.cumsum(group)
        results.append(_tensor(inverse.reshape(shape)))
    if return_counts:
        results.append(_tensor(np.diff(np.append(starts, count)).astype(np.int64)))
    return results[0] if len(results) == 1 else tuple(results)


def _rows_of(array, dim):
    """The slices along `dim`, flattened: (number of slices, elements of one)."""
    moved = np.moveaxis(array, dim, 0)
    return moved, moved.reshape(moved.shape[0], int(np.prod(moved.shape[1:])))


def _no_complex(input, name):
    if input.dtype.category == dtypes.COMPLEX:
        raise NotImplementedError(f'"{name}" not implemented for \'{input.dtype.legacy}\'')


def _check_empty(array, dim):
    if 0 in array.shape[:dim] + array.shape[dim + 1:]:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")


def _uniques(input, name, order_of, return_inverse, return_counts, dim):
    _no_complex(input, name if dim is None else f"{name}_dim")
    array = input.numpy_value()
    if dim is None:
        flat = array.reshape(-1)
        order, starts = order_of(flat[None])
        return _answer(flat, order, starts, return_inverse, return_counts, array.shape)
    dim = dim_range(dim, array.ndim)
    _check_empty(array, dim)
    moved, slices = _rows_of(array, dim)
    order, starts = order_of(slices.T)
    result = _answer(moved, order, starts, return_inverse, return_counts, (moved.shape[0],))
    first = result[0] if isinstance(result, tuple) else result
    placed = _tensor(np.moveaxis(first.numpy_value(), 0, dim))
    return (placed, *result[1:]) if isinstance(result, tuple) else placed


@composite()
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements (or slices along dim) in order; on request the place of each element among them, and their counts"""
    return _uniques(input, "unique", _sorted_groups, return_inverse, return_counts, dim)


@composite()
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements (or slices along dim) without their repetitions one after the other"""
    def order_of(keys):
        return np.arange(keys.shape[1]), _groups_of_sorted(keys)
    return _uniques(input, "unique_consecutive" if dim is not None else "unique", order_of, return_inverse, return_counts, dim)


# ---------------------------------------------------------------- counting
@composite()
def bincount(input, weights=None, minlength=0):
    """How often each number from 0 up occurs in a vector, or the sum of the weights of its occurrences"""
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.dtype.category != dtypes.INTEGER:
        raise NotImplementedError(f'"bincount_cpu" not implemented for \'{input.dtype.legacy}\'')
    array = input.numpy_value()
    if array.ndim != 1 or (array < 0).any():
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return _tensor(np.bincount(array.astype(np.int64), minlength=minlength).astype(np.int64))
    if weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    summed = np.bincount(array.astype(np.int64), weights.numpy_value().astype(np.float64), minlength)
    return _tensor(summed.astype(np.float32 if weights.dtype is dtypes.float32 else np.float64))


def _bin_range(array, low, high, margin):
    """The range of a histogram: the one given, or that of the data where low == high; widened by the margin where it is empty."""
    if low == high and array.size:
        low, high = array.min().item(), array.max().item()
    if low == high:
        low, high = low - margin, high + margin
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("max must be larger than min")
    return low, high


@composite()
@with_out
def histc(input, bins=100, min=0, max=0):
    """How many elements lie in each of `bins` equal parts of the range from min to max (of the data, where these are equal)"""
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    if input.dtype.category != dtypes.FLOAT:
        raise NotImplementedError(f'"histogram_cpu" not implemented for \'{input.dtype.legacy}\'')
    array = input.numpy_value().reshape(-1)
    low, high = _bin_range(array, min, max, 1)
    inside = array[(array >= low) & (array <= high)].astype(np.float64 if array.dtype == np.float64 else np.float32)
    place = ((inside - inside.dtype.type(low)) * bins / inside.dtype.type(high - low)).astype(np.int64)
    return _tensor(np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(input.dtype.numpy))


@composite()
@with_out
def histogram(input, bins=100, *, range=None, weight=None, density=False):
    """(counts, edges): how many elements, or what weight of them, lies between neighbouring edges"""
    if input.dtype not in (dtypes.float32, dtypes.float64):
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{input.dtype.legacy}'")
    array = input.numpy_value().reshape(-1)
    edges = _edges(array, bins, range)
    if weight is not None and weight.shape != input.shape:
        raise RuntimeError("torch.histogram(): if weight tensor is provided it should have the same shape as the input tensor")
    weights = None if weight is None else weight.numpy_value().reshape(-1)
    counts = np.histogram(array, edges, weights=weights)[0].astype(array.dtype)
    if density:
        counts = (counts / counts.sum() / np.diff(edges)).astype(array.dtype)
    return result_tuple("histogram", ("hist", "bin_edges"), (_tensor(counts), _tensor(edges)))


def _edges(array, bins, span):
    """The edges: given as a tensor, or an even division of the range."""
    if isinstance(bins, Tensor):
        return bins.numpy_value()
    if bins <= 0:
        raise RuntimeError(f"torch.histogramdd(): bins tensor should have at least one element, but got {bins} bins")
    low, high = _bin_range(array, *span, 0.5) if span is not None else _bin_range(array, 0, 0, 0.5) if array.size else (0.0, 1.0)
    return np.linspace(low, high, bins + 1, dtype=array.dtype)


# ---------------------------------------------------------------- histograms of points
@composite(at="torch")
def histogramdd(input, bins, range=None, weight=None, density=False):
    """(counts, edges): how many points (..., dimensions), or what weight of them, lie in each cell of a grid"""
    points, weights = _points(input, weight)
    rank = points.shape[1]
    if isinstance(bins, (list, tuple)) and len(bins) != rank:
        raise RuntimeError(f"torch.histogramdd: expected {rank} sequences of bin edges for a {rank}-dimensional histogram but got {len(bins)}"
                           if any(isinstance(each, Tensor) for each in bins) else
                           "histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    bins = tuple(bins) if isinstance(bins, (list, tuple)) else (bins,) * rank
    edges = [bins[dim].numpy_value() if isinstance(bins[dim], Tensor) else _even_edges(points[:, dim], dim, bins[dim], span)
             for dim, span in enumerate(_spans(points, range))]
    cells = np.stack([_cell(points[:, dim], each) for dim, each in enumerate(edges)])
    inside = (cells >= 0).all(0)
    shape = [len(each) - 1 for each in edges]
    flat = np.ravel_multi_index(cells[:, inside], shape)
    counts = np.bincount(flat, None if weights is None else weights[inside], math.prod(shape)).reshape(shape).astype(points.dtype)
    if density:
        widths = [np.diff(each).reshape([-1 if dim == at else 1 for dim in np.arange(rank)]) for at, each in enumerate(edges)]
        counts = (counts / counts.sum() / math.prod(widths)).astype(points.dtype)
    return result_tuple("histogramdd", ("hist", "bin_edges"), (_tensor(counts), tuple(map(_tensor, edges))))


def _cell(values, edges):
    """Which cell each value lies in, by bisection (edges that are not sorted give what torch's search gives); -1 outside."""
    first, count = np.zeros(len(values), np.int64), np.full(len(values), len(edges))
    while count.any():
        half = count // 2
        above = (count > 0) & ~(values < edges[np.minimum(first + half, len(edges) - 1)])
        first, count = np.where(above, first + half + 1, first), np.where(above, count - half - 1, half)
    return np.where((values >= edges[0]) & (values <= edges[-1]), np.minimum(first, len(edges) - 1) - 1, -1)


def _points(input, weight):
    """The points as rows, and the weight of each."""
    if input.ndim < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError("torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got "
                           f"input({input.dtype.c_name}), and weight({weight.dtype.c_name})")
    if weight is not None and weight.shape != input.shape[:-1]:
        raise RuntimeError("torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its "
                           f"innermost dimension, but got input with shape {list(input.shape)} and weight with shape {list(weight.shape)}")
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f'"histogramdd" not implemented for \'{input.dtype.legacy}\'')
    return input.numpy_value().reshape(-1, input.shape[-1]), None if weight is None else weight.numpy_value().reshape(-1)


def _spans(points, given):
    """The range of each dimension: given one after the other, or None."""
    rank = points.shape[1]
    if given is None:
        return [None] * rank
    if len(given) != 2 * rank:
        raise RuntimeError(f"torch.histogramdd: for a {rank}-dimensional histogram range should have {2 * rank} elements, but got {len(given)}")
    return list(zip(given[::2], given[1::2]))


def _even_edges(values, dim, count, span):
    if count <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {count} for dimension {dim}")
    low, high = span if span is not None else (values.min().item(), values.max().item()) if values.size else (0.0, 1.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {dim}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for dimension {dim}")
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    return np.linspace(low, high, count + 1, dtype=values.dtype)
