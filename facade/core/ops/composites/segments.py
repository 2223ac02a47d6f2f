"""Reductions of pieces of different lengths: segment_reduce, and embedding_bag as torch's C++ has it."""

import math

import jax.numpy as jnp
import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.ops.composites import composite, indexing
from facade.core.ops.outputs import with_out
from facade.core.ops.dispatch import apply
from facade.core.ops.rows.requirements import reject
from facade.core.ops.table import ARRAY, op
from facade.core.tensor.tensor import Tensor

_EMPTY = {"sum": 0.0, "mean": math.nan, "max": -math.inf, "min": math.inf, "prod": 1.0}
_ALIASES = {"amax": "max", "amin": "min"}
_BAGS = ("sum", "mean", "max")


# ---------------------------------------------------------------- segment_reduce
def _along_segments(data, places, reduce, count, axis, initial):
    """data: (*batch, length, *rest); places: (*batch, length), to which of `count` segments an element belongs, count where to none."""
    reject(data, "_segment_reduce_cpu", (dtypes.BOOL, dtypes.INTEGER))
    segments = jnp.arange(count)
    inside = (places[..., None, :] == segments[:, None]).reshape(*places.shape[:-1], count, places.shape[-1], *[1] * (data.ndim - axis - 1))
    spread, size = jnp.expand_dims(data, axis), inside.sum(axis + 1)
    start = _EMPTY[reduce] if initial is None else initial
    if reduce in ("sum", "mean"):
        total = jnp.where(inside, spread, 0).sum(axis + 1) + (0 if initial is None else initial)
        return total if reduce == "sum" else jnp.where(size > 0, total / jnp.maximum(size, 1), start).astype(data.dtype)
    if reduce == "prod":
        return jnp.where(inside, spread, 1).prod(axis + 1) * start
    extreme = jnp.max if reduce == "max" else jnp.min
    return extreme(jnp.where(inside, spread, jnp.asarray(start, data.dtype)), axis + 1, initial=start)


_SEGMENTS = op("segment_reduce(Tensor data, Tensor places, str reduce, int count, int axis, float? initial) -> Tensor", _along_segments, at="",
               doc="A reduction of each segment along an axis")


@composite(at="torch")
@with_out
def segment_reduce(data, reduce, *, lengths=None, indices=None, offsets=None, axis=0, unsafe=False, initial=None):
    """The sum, mean, max, min or prod of consecutive pieces along `axis`, whose lengths or beginnings (with the end) are given"""
    kind = _ALIASES.get(reduce, reduce)
    if kind not in _EMPTY:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    given = (lengths if lengths is not None else offsets)
    axis = axis % max(data.ndim, 1)
    if axis != given.ndim - 1:
        name = "lengths" if lengths is not None else "offsets"
        raise RuntimeError(f"segment_reduce(): Expected axis to be the last dimension of {name} but got {axis}.")
    ends = _ends(given, data.shape[axis], unsafe) if lengths is not None else given.numpy_value()[..., 1:]
    first = given.numpy_value()[..., :1] if lengths is None else np.zeros_like(ends[..., :1])
    places = _places(first, ends, data.shape[axis])
    statics = (ARRAY, ARRAY, kind, ends.shape[-1], axis, None if initial is None else float(initial))
    return apply(_SEGMENTS, statics, (data, Tensor._of(constant(places))))


def _ends(lengths, size, unsafe):
    """Where each segment ends."""
    if not lengths.dtype.is_signed or lengths.is_floating_point():
        raise NotImplementedError(f"\"_segment_reduce_lengths_cpu_kernel1\" not implemented for '{lengths.dtype.legacy}'")
    numbers = lengths.numpy_value()
    if not unsafe and (numbers < 0).any():
        raise RuntimeError("lengths contains negative value!")
    if not unsafe and (numbers.sum(-1) != size).any():
        raise RuntimeError("segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.")
    return numbers.cumsum(-1)


def _places(first, ends, length):
    """The number of the segment that each element is in, as many as there are segments for those in none."""
    where = np.arange(length)
    number = (where >= ends[..., :, None]).sum(-2)
    return np.where(where < first, ends.shape[-1], number).astype(np.int64)


# ---------------------------------------------------------------- bags
@composite(at="torch")
def embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None, include_last_offset=False,
                  padding_idx=None):
    """nn.functional.embedding_bag with the mode as a number (0 sum, 1 mean, 2 max), and which bag each index is in, the sizes, and the maxima"""
    word, bags = _BAGS[mode], offsets.shape[0] - bool(include_last_offset)
    result = indexing.embedding_bag(indices, weight, offsets, scale_grad_by_freq=scale_grad_by_freq, mode=word, sparse=sparse,
                                    per_sample_weights=per_sample_weights, include_last_offset=include_last_offset, padding_idx=padding_idx)
    bag = (indices.new_zeros(indices.shape) + _bag_of(offsets, indices.shape[0], bags)) if word != "sum" or per_sample_weights is not None \
        or padding_idx is not None else indices.new_empty(0)
    return result, bag, *_counted(weight, indices, bag, bags, word, padding_idx, offsets.shape[0])


def _bag_of(offsets, length, bags):
    starts = offsets.numpy_value()[:bags]
    return Tensor._of(constant((np.searchsorted(starts, np.arange(length), side="right") - 1).astype(np.int64)))


def _counted(weight, indices, bag, bags, word, padding_idx, offsets):
    """(the sizes of the bags, for max the index of the row that gave each maximum)."""
    if word == "sum":
        return indices.new_zeros(offsets), indices.new_zeros(offsets)
    places, rows = bag.numpy_value(), indices.numpy_value()
    kept = rows != padding_idx
    sizes = Tensor._of(constant(np.bincount(places[kept], minlength=bags).astype(np.int64)))
    if word == "mean":
        return sizes, sizes.clone()
    numbers = weight.detach().numpy_value()
    greatest = np.zeros((bags, numbers.shape[1]), np.int64)
    for number in range(bags):
        mine = rows[kept & (places == number)]
        if mine.size:
            greatest[number] = mine[numbers[mine].argmax(0)]
    return sizes, Tensor._of(constant(greatest))
