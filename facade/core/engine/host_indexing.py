"""Gather, scatter and moving windows, on NumPy's advanced indexing.

XLA's gather reads windows of an array: each index vector says where one starts along some of the axes. With the axes it names (and
those that windows do not keep) moved to the front, that is one advanced index of NumPy's, and scatter writes through the same index.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

CLIP = jax.lax.GatherScatterMode.CLIP
DROP = jax.lax.GatherScatterMode.FILL_OR_DROP


def moved_inside(starts, sizes, limits):
    """The index of a window, moved inside the array if it begins outside."""
    places = [min(max(int(start), 0), limit) for start, limit in zip(starts, limits)]
    return tuple(slice(place, place + size) for place, size in zip(places, sizes))


def bind_dynamic_slice(equation):
    shape, sizes = equation.invars[0].aval.shape, equation.params["slice_sizes"]
    limits = [length - size for length, size in zip(shape, sizes)]
    if len(equation.invars) != 1 + len(sizes):
        return None
    return lambda array, *starts: array[moved_inside(starts, sizes, limits)]


def bind_dynamic_update_slice(equation):
    shape, sizes = equation.invars[0].aval.shape, equation.invars[1].aval.shape
    limits = [length - size for length, size in zip(shape, sizes)]

    def run(array, update, *starts):
        updated = array.copy()
        updated[moved_inside(starts, sizes, limits)] = update
        return updated

    return run


class Walk(NamedTuple):
    """How windows lie in an array.

    ``order`` is the order of the array's axes with those first that the index reaches, ``cut`` what windows keep of the others;
    ``parts`` has for each reached axis the column of the start indices (or ``None``) and an offset to add, which broadcast to
    (batch axes, kept reached axes); ``axes`` lists where (batch axes, kept reached axes, others) are found in the windows;
    ``limits`` are the greatest starts, by column.
    """

    order: tuple
    cut: tuple
    parts: list
    axes: list
    limits: np.ndarray

    def view(self, array):
        return array.transpose(self.order)[self.cut]

    def clip(self, starts):
        return np.minimum(np.maximum(starts, 0), self.limits)

    def index(self, starts):
        places = []
        for column, offset in self.parts:
            start = 0 if column is None else starts[..., column]
            trailing = offset.ndim - starts.ndim + 1
            places.append(offset if column is None else start.reshape(start.shape + (1,) * trailing) + offset)
        return tuple(places)


def walk(equation, sizes, dropped, mapped, batching, batching_indices, window_dims, window_rank):
    """The ``Walk`` of windows of these sizes; the names of the rest are those of the dimension numbers."""
    shape, index_shape = equation.invars[0].aval.shape, equation.invars[1].aval.shape
    gone = {*dropped, *batching}
    reached = sorted({*gone, *mapped})
    others = [dim for dim in range(len(shape)) if dim not in reached]
    kept = [dim for dim in reached if dim not in gone]
    batch, rank = len(index_shape) - 1, len(index_shape) - 1 + len(kept)
    offsets = {dim: along(batch + place, sizes[dim], rank) for place, dim in enumerate(kept)}
    offsets |= {dim: along(axis, shape[dim], rank) for dim, axis in zip(batching, batching_indices)}
    columns = {dim: column for column, dim in enumerate(mapped)}
    nothing = np.zeros((1,) * rank, np.intp)
    position = dict(zip(sorted(kept + others), window_dims))
    return Walk(
        order=(*reached, *others),
        cut=(..., *[slice(sizes[dim]) for dim in others]),
        parts=[(columns.get(dim), offsets.get(dim, nothing)) for dim in reached],
        axes=[dim for dim in range(window_rank) if dim not in window_dims] + [position[dim] for dim in kept + others],
        limits=np.array([shape[dim] - sizes[dim] for dim in mapped], np.intp),
    )


def along(axis, size, rank):
    return np.arange(size).reshape([-1 if dim == axis else 1 for dim in range(rank)])


def bind_gather(equation):
    parameters, dims = equation.params, equation.params["dimension_numbers"]
    if not dims.start_index_map:
        return None
    dtype, rank = equation.invars[0].aval.dtype, len(equation.outvars[0].aval.shape)
    path = walk(
        equation,
        parameters["slice_sizes"],
        dims.collapsed_slice_dims,
        dims.start_index_map,
        dims.operand_batching_dims,
        dims.start_indices_batching_dims,
        dims.offset_dims,
        rank,
    )
    order, fill = np.argsort(path.axes).tolist(), outside(parameters["fill_value"], dtype)

    def run(array, indices):
        starts = indices.astype(np.intp, copy=False)
        inside = path.clip(starts)
        windows = path.view(array)[path.index(inside)]
        if parameters["mode"] == DROP and (wrong := (starts != inside).any(-1)).any():
            windows = np.array(windows)
            windows[wrong] = fill
        return windows.transpose(order)

    return run


def outside(fill, dtype):
    """What a read outside the array gives where it may not be clipped."""
    if fill is not None:
        return fill
    if jnp.issubdtype(dtype, jnp.inexact):
        return np.nan
    if dtype == np.bool_:
        return True
    return jnp.iinfo(dtype).min if jnp.issubdtype(dtype, jnp.signedinteger) else jnp.iinfo(dtype).max


def bind_scatter(ufunc):
    """A binder for the scatter that combines by ``ufunc``, or with ``None`` overwrites."""

    def bind(equation):
        parameters, dims = equation.params, equation.params["dimension_numbers"]
        if not dims.scatter_dims_to_operand_dims or (ufunc is None and parameters["update_jaxpr"] is not None):
            return None
        path = scatter_walk(equation, dims)
        combine = overwrite if ufunc is None else ufunc.at
        dtype = equation.invars[0].aval.dtype
        narrow = jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 4

        def run(array, indices, updates):
            starts, updates = indices.astype(np.intp, copy=False), updates.transpose(path.axes)
            written = array.astype(np.float32 if narrow else dtype)
            inside = path.clip(starts)
            index = path.index(inside)
            if parameters["mode"] != CLIP and (wrong := (starts != inside).any(-1)).any():
                index = tuple(place[~wrong] for place in np.broadcast_arrays(*index))
                updates = updates[~wrong]
            combine(path.view(written), index, updates)
            return written

        return run

    return bind


def scatter_walk(equation, dims):
    shape, updates = equation.invars[0].aval.shape, equation.invars[2].aval.shape
    gone = {*dims.inserted_window_dims, *dims.operand_batching_dims}
    lengths = iter([updates[dim] for dim in dims.update_window_dims])
    return walk(
        equation,
        [1 if dim in gone else next(lengths) for dim in range(len(shape))],
        dims.inserted_window_dims,
        dims.scatter_dims_to_operand_dims,
        dims.operand_batching_dims,
        dims.scatter_indices_batching_dims,
        dims.update_window_dims,
        len(updates),
    )


def overwrite(array, index, updates):
    array[index] = updates
