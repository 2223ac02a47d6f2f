"""Tensors put together, and their borders padded."""

import jax
import jax.numpy as jnp
from jax import lax

from facade.core.dtypes import INTEGER
from facade.core.errors import dim_range
from facade.core.ops.promotion import COMMON
from facade.core.ops.rows.requirements import takes
from facade.core.ops.table import op


def _cat(tensors, dim):
    for place, each in enumerate(tensors):
        if each.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    kept = [each for each in tensors if each.shape != (0,)]      # a 1-d tensor without elements fits everywhere: torch's legacy
    if not kept:
        return tensors[0]
    dim = dim_range(dim, kept[0].ndim)
    for place, each in enumerate(tensors):
        if each.shape != (0,):
            _check_part(kept[0].shape, each.shape, dim, place)
    return jnp.concatenate(kept, dim)


def _check_part(first, shape, dim, place):
    if len(shape) != len(first):
        raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
    for at, (expected, extent) in enumerate(zip(first, shape)):
        if at != dim and expected != extent:
            raise RuntimeError(f"Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got size {extent} "
                               f"for tensor number {place} in the list.")


def _stack(tensors, dim):
    first = tensors[0].shape
    for place, each in enumerate(tensors):
        if each.shape != first:
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(each.shape)} at entry "
                               f"{place}")
    return jnp.stack(tensors, dim_range(dim, len(first) + 1))


def _columns(array):
    return array.reshape(-1, 1) if array.ndim < 2 else array


def _block_diag(tensors):
    for place, each in enumerate(tensors):
        if each.ndim > 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {place} has {each.ndim} dimensions")
    blocks = [jnp.atleast_2d(each) for each in tensors]
    rows, columns = (sum(block.shape[dim] for block in blocks) for dim in (0, 1))
    padded, row, column = [], 0, 0
    for block in blocks:
        height, width = block.shape
        padded.append(jnp.pad(block, ((0, 0), (column, columns - column - width))))
        row, column = row + height, column + width
    return jnp.concatenate(padded) if rows else jnp.zeros((rows, columns), blocks[0].dtype)


CAT = op("cat(Tensor[] tensors, int dim=0) -> Tensor", _cat, COMMON, at="", doc="The tensors one behind the other along dim")
STACK = op("stack(Tensor[] tensors, int dim=0) -> Tensor", _stack, COMMON, at="", doc="The tensors side by side along a new dimension")
HSTACK = op("hstack(Tensor[] tensors) -> Tensor", node="CatBackward0", kind=COMMON, at="", doc="The tensors one behind the other, by columns",
            function=lambda tensors: _cat([jnp.atleast_1d(each) for each in tensors], 0 if tensors[0].ndim < 2 else 1))
VSTACK = op("vstack(Tensor[] tensors) -> Tensor", node="CatBackward0", kind=COMMON, at="", doc="The tensors one below the other, by rows",
            function=lambda tensors: _cat([jnp.atleast_2d(each) for each in tensors], 0))
DSTACK = op("dstack(Tensor[] tensors) -> Tensor", node="CatBackward0", kind=COMMON, at="",
            doc="The tensors one behind the other, along the third dimension",
            function=lambda tensors: _cat([jnp.atleast_3d(each) for each in tensors], 2))
COLUMN_STACK = op("column_stack(Tensor[] tensors) -> Tensor", node="CatBackward0", kind=COMMON, at="", doc="The tensors as columns of one",
                  function=lambda tensors: _cat([_columns(each) for each in tensors], 1))
BLOCK_DIAG = op("block_diag(Tensor[] tensors) -> Tensor", _block_diag, COMMON, at="", doc="A matrix with these on its diagonal, zero elsewhere")


# ---------------------------------------------------------------- padding; pad: (before, after) of the last dimension, then of the one before it, ...
def _pairs(pad, ndim):
    """The padding of every dimension, as (before, after) in the order of the dimensions."""
    pairs = [tuple(pad[place:place + 2]) for place in range(0, len(pad), 2)]
    return [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]


def _constant_pad(self, pad, value):
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) > 2 * self.ndim:
        raise RuntimeError(f"Length of pad should be no more than twice the number of dimensions of the input. Pad length is {len(pad)}while the "
                           f"input has {self.ndim}dimensions.")
    pairs = _pairs(pad, self.ndim)
    for extent, (before, after) in zip(self.shape, pairs):
        if extent + before + after < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
    return lax.pad(self, jnp.asarray(value).astype(self.dtype), [(*pair, 0) for pair in pairs])


def _bordering(mode):
    """Padding by what lies inside: 'reflect' or 'edge'; a negative padding cuts."""
    def run(self, padding):
        pairs = _pairs(padding, self.ndim)
        grown = jnp.pad(self, [(max(before, 0), max(after, 0)) for before, after in pairs], mode=mode)
        return grown[tuple(slice(max(-before, 0), extent - max(-after, 0)) for extent, (before, after) in zip(grown.shape, pairs))]
    return run


CONSTANT_PAD = op("constant_pad_nd(Tensor self, int[] pad, Scalar value=0) -> Tensor", _constant_pad, at="torch",
                  out=False, doc="A border of one value around the last dimensions")
REFLECTION_PAD = {rank: op(f"reflection_pad{rank}d(Tensor self, int[] padding) -> Tensor", _bordering("reflect"), at="",
                           node=f"ReflectionPad{rank}DBackward0",
                           doc="A border that mirrors the inside, without repeating the edge") for rank in (1, 2, 3)}
REPLICATION_PAD = {rank: op(f"replication_pad{rank}d(Tensor self, int[] padding) -> Tensor", _bordering("edge"), at="",
                            node=f"ReplicationPad{rank}DBackward0",
                            doc="A border that repeats the edge") for rank in (1, 2, 3)}
CIRCULAR_PAD = op("_pad_circular(Tensor self, int[] pad) -> Tensor", at="", node="CopySlices", doc="A border that goes on at the other side",
                  function=_bordering("wrap"))


# ---------------------------------------------------------------- windows as columns
def _places(extent, kernel, dilation, padding, stride):
    """(kernel, windows): where each element of each window lies in the padded input."""
    starts = jnp.arange(0, extent + 2 * padding - dilation * (kernel - 1), stride)
    return jnp.arange(0, kernel * dilation, dilation)[:, None] + starts


def unfold(self, kernel_size, dilation, padding, stride):
    """Every window of a (batch, channels, height, width) image as a column: (batch, channels * kernel, windows)."""
    padded = jnp.pad(self, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    rows, columns = (_places(*each) for each in zip(self.shape[2:], kernel_size, dilation, padding, stride))
    windows = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    return windows.reshape(self.shape[0], self.shape[1] * kernel_size[0] * kernel_size[1], rows.shape[1] * columns.shape[1])


def fold(self, output_size, kernel_size, dilation, padding, stride):
    """The sum of columns (batch, channels * kernel, windows) at their places in an image: the transpose of unfold."""
    channels = self.shape[1] // (kernel_size[0] * kernel_size[1])
    image = jax.ShapeDtypeStruct((self.shape[0], channels, *output_size), self.dtype)
    return jax.linear_transpose(lambda whole: unfold(whole, kernel_size, dilation, padding, stride), image)(self)[0]


UNFOLD = op("im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor", unfold, at="",
            node="Im2ColBackward0", check=takes("im2col_out_cpu", INTEGER), doc="Every window as a column")
FOLD = op("col2im(Tensor self, int[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor", fold, at="",
          node="Col2ImBackward0", check=takes("col2im_out_cpu", INTEGER), doc="Columns summed at their places in an image")
