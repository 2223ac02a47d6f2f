"""Concatenation under its several names, grids, padding and windows: what takes a list of tensors or has modes."""

import itertools

import numpy as np

from facade.core.dtypes import get_default_dtype
from facade.core.engine import constant
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply
from facade.core.ops.outputs import apply_out
from facade.core.ops.rows import combining as table
from facade.core.ops.table import ARRAY, Arrays
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once


# ---------------------------------------------------------------- concatenation
def _check_list(name, tensors):
    if isinstance(tensors, Tensor) or not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}")
    for place, each in enumerate(tensors):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(each).__name__}")


def _join(row, tensors, statics, out):
    """Apply a row to a list of tensors; statics: what comes behind the list."""
    if out is not None:
        return apply_out(row.name, lambda: _join(row, tensors, statics, None), out, tensors)
    return apply(row, (Arrays(len(tensors)), *statics), tuple(tensors))


def cat(tensors, dim=0, *, axis=None, out=None):
    """The tensors one behind the other along dim."""
    _check_list("cat", tensors)
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    return _join(table.CAT, tensors, (dim if axis is None else axis,), out)


for _name in ("cat", "concat", "concatenate"):
    composite(at="torch", name=_name)(cat)


@composite(at="torch")
def stack(tensors, dim=0, *, axis=None, out=None):
    """The tensors side by side along a new dimension."""
    _check_list("stack", tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    return _join(table.STACK, tensors, (dim if axis is None else axis,), out)


def _stacking(name, row):
    def function(tensors, *, out=None):
        _check_list(name, tensors)
        if not tensors:
            raise RuntimeError(f"{name} expects a non-empty TensorList")
        return _join(row, tensors, (), out)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = row.doc + "."
    composite(at="torch")(function)


for _name, _row in {"hstack": table.HSTACK, "vstack": table.VSTACK, "row_stack": table.VSTACK, "dstack": table.DSTACK,
                    "column_stack": table.COLUMN_STACK}.items():
    _stacking(_name, _row)


def _unpacked(tensors):
    return tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors


@composite(at="torch")
def block_diag(*tensors):
    """A matrix with these on its diagonal, zero elsewhere."""
    if not tensors:
        return Tensor._of(constant(np.empty((1, 0), get_default_dtype().numpy)))
    return _join(table.BLOCK_DIAG, tensors, (), None)


# ---------------------------------------------------------------- grids
@composite(at="torch")
def meshgrid(*tensors, indexing=None):
    """The coordinates of a grid: each vector spread over the dimensions of all; indexing 'xy' exchanges the first two."""
    tensors = _unpacked(tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for each in tensors:
        if each.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {each}")
        if each.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if indexing is None:
        warn_once("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
    swap = indexing == "xy" and len(tensors) > 1
    order = [1, 0, *range(2, len(tensors))] if swap else range(len(tensors))
    tensors = [tensors[place] for place in order]
    shape = [each.numel() for each in tensors]
    grids = [each.reshape(*(-1 if at == place else 1 for at in range(len(shape)))).expand(*shape) for place, each in enumerate(tensors)]
    return tuple(grids[place] for place in order)


@composite(at="torch")
def cartesian_prod(*tensors):
    """Every choice of one element from each vector, a row for each."""
    for each in tensors:
        if each.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(each.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([grid.flatten() for grid in meshgrid(*tensors, indexing="ij")], 1)


@composite()
def combinations(input, r=2, with_replacement=False):
    """Every choice of r elements of a vector, a row for each."""
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty((0,))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    return stack([input.index_select(0, Tensor._of(constant(np.ascontiguousarray(column)))) for column in places.T], 1)


# ---------------------------------------------------------------- padding
@composite(at="nn.functional")
def pad(input, pad, mode="constant", value=None):
    """A border around the last dimensions, pad being (before, after) of the last, then of the one before it, and so on.

    mode: constant (of value, 0 if not given), reflect (mirrored without the edge), replicate (the edge again) or circular (from the other side).
    """
    pad = tuple(int(each) for each in pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError("Padding length should be less than or equal to two times the input dimension but got padding length "
                           f"{len(pad)} and input of dimension {input.ndim}")
    if mode == "constant":
        return apply(table.CONSTANT_PAD, (ARRAY, pad, 0 if value is None else ARRAY), (input,) if value is None else (input, value))
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode == "circular":
        return _circular(input, pad)
    return _bordered(input, pad, mode)


def _circular(input, pad):
    for place, (before, after) in enumerate(zip(pad[::2], pad[1::2])):
        extent = input.shape[-1 - place]
        if before > extent or after > extent:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if extent + before + after < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
    return apply(table.CIRCULAR_PAD, (ARRAY, pad), (input,))


def _bordered(input, pad, mode):
    rank = len(pad) // 2
    if mode not in ("reflect", "replicate"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if rank not in (1, 2, 3) or input.ndim not in (rank + 1, rank + 2):
        raise NotImplementedError("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now")
    for place in range(rank):
        before, after, extent = pad[2 * place], pad[2 * place + 1], input.shape[-1 - place]
        if mode == "reflect" and (before >= extent or after >= extent):
            raise RuntimeError(f"Argument #{2 * place + 4}: Padding size should be less than the corresponding input dimension, but got: "
                               f"padding ({before}, {after}) at dimension {input.ndim - 1 - place} of input {list(input.shape)}")
    return apply((table.REFLECTION_PAD if mode == "reflect" else table.REPLICATION_PAD)[rank], (ARRAY, pad), (input,))


# ---------------------------------------------------------------- windows as columns
def _two(value):
    return (value, value) if isinstance(value, int) else tuple(value) * (2 // len(value))


@composite(at="nn.functional")
def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Every window of an image as a column: (batch, channels * elements of a window, windows)."""
    if input.ndim < 3:
        input.size(max(input.ndim, 1))      # the size that torch misses first
    if input.ndim not in (3, 4):
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: "
                           f"{list(input.shape)}")
    images = input if input.ndim == 4 else input.unsqueeze(0)
    columns = apply(table.UNFOLD, (ARRAY, _two(kernel_size), _two(dilation), _two(padding), _two(stride)), (images,))
    return columns if input.ndim == 4 else columns.squeeze(0)


@composite(at="nn.functional")
def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns summed at their places in an image of output_size: what unfold took apart, overlaps added."""
    sizes = [_two(each) for each in (output_size, kernel_size, dilation, padding, stride)]
    _check_fold(input, *sizes)
    columns = input if input.ndim == 3 else input.unsqueeze(0)
    image = apply(table.FOLD, (ARRAY, *sizes), (columns,))
    return image if input.ndim == 3 else image.squeeze(0)


def _check_fold(input, output_size, kernel_size, dilation, padding, stride):
    if input.ndim not in (2, 3):
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: "
                           f"{list(input.shape)}")
    area = kernel_size[0] * kernel_size[1]
    if input.shape[-2] % area:
        raise RuntimeError("Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)="
                           f"{input.shape[-2]} and kernel_size=({kernel_size[0]}, {kernel_size[1]}).")
    blocks = [(extent + 2 * border - step * (kernel - 1) - 1) // jump + 1
              for extent, border, step, kernel, jump in zip(output_size, padding, dilation, kernel_size, stride)]
    if input.shape[-1] != blocks[0] * blocks[1]:
        raise RuntimeError(f"Given output_size=({output_size[0]}, {output_size[1]}), kernel_size=({kernel_size[0]}, {kernel_size[1]}), "
                           f"dilation=({dilation[0]}, {dilation[1]}), padding=({padding[0]}, {padding[1]}), stride=({stride[0]}, {stride[1]}), "
                           f"expected size of input's dimension 2 to match the calculated number of sliding blocks {blocks[0]} * {blocks[1]} = "
                           f"{blocks[0] * blocks[1]}, but got input.size(2)={input.shape[-1]}.")
