"""Views: other looks at the same memory.

`strides` says where the elements of the view lie; `place(kernel, before, new, numbers)` is `before` with what the view shows
of it replaced by `new`.
"""

import jax
import jax.numpy as jnp

from facade.core.errors import dim_range
from facade.core.ops.table import op
from facade.core.shapes import view_strides
from facade.core.tensor.write import place_by_index


def _reshape_back(kernel, before, new, numbers):
    return new.reshape(before.shape)


def _again(kernel, before, new, numbers):
    """For a read that is its own inverse."""
    return kernel.operator.function(new, *kernel.statics[1:])


def _transposed(strides, offset, shape, dim0, dim1):
    moved = list(strides)
    if shape:
        moved[dim0], moved[dim1] = moved[dim1], moved[dim0]
    return tuple(moved), offset


def _swap(self, dim0, dim1):
    dim0, dim1 = dim_range(dim0, self.ndim), dim_range(dim1, self.ndim)
    return jnp.swapaxes(self, dim0, dim1) if self.ndim else self


TRANSPOSE = op("transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", _swap, strides=_transposed, place=_again,
               doc="The tensor with dim0 and dim1 exchanged", at="")


def _permuted(strides, offset, shape, dims):
    return tuple(strides[dim] for dim in dims), offset


def _permute_back(kernel, before, new, numbers):
    return jnp.transpose(new, sorted(range(new.ndim), key=kernel.statics[1].__getitem__))


PERMUTE = op("permute(Tensor(a) self, int[] dims) -> Tensor(a)", lambda self, dims: jnp.transpose(self, dims), strides=_permuted,
             place=_permute_back, doc="The dimensions in the order of `dims`", at="")

T = op("t(Tensor(a) self) -> Tensor(a)", lambda self: self.T, place=_again,
       strides=lambda strides, offset, shape: (strides[::-1], offset), doc="The transpose of a matrix", at="")


# ---------------------------------------------------------------- other shapes
def _viewed(strides, offset, shape, size):
    return view_strides(shape, strides, size), offset


VIEW = op("view(Tensor(a) self, SymInt[] size) -> Tensor(a)", lambda self, size: self.reshape(size), strides=_viewed, place=_reshape_back,
          doc="The same elements with another shape", at="")
RESHAPE_ALIAS = op("_reshape_alias(Tensor(a) self, SymInt[] size) -> Tensor(a)", lambda self, size: self.reshape(size), strides=_viewed,
                   place=_reshape_back, node="ReshapeAliasBackward0", doc="The same elements, which do not lie in order, with another shape", at="")
UNSAFE_VIEW = op("_unsafe_view(Tensor self, SymInt[] size) -> Tensor", lambda self, size: self.reshape(size),
                 doc="A copy of the elements with another shape", at="")
ALIAS = op("alias(Tensor(a) self) -> Tensor(a)", lambda self: self, place=_again,
           strides=lambda strides, offset, shape: (strides, offset), doc="The same tensor again", at="")


def _expanded(strides, offset, shape, size):
    lead = len(size) - len(shape)
    return tuple(0 if dim < lead or shape[dim - lead] == 1 != size[dim] else strides[dim - lead] for dim in range(len(size))), offset


EXPAND = op("expand(Tensor(a) self, SymInt[] size) -> Tensor(a)", lambda self, size: jnp.broadcast_to(self, size), strides=_expanded,
            place=place_by_index, doc="Dimensions of size 1 repeated to `size`, without copying", at="")


def _unsqueezed(strides, offset, shape, dim):
    step = shape[dim] * strides[dim] if dim < len(shape) else 1
    return (*strides[:dim], step, *strides[dim:]), offset


UNSQUEEZE = op("unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", lambda self, dim: jnp.expand_dims(self, dim), strides=_unsqueezed,
               place=_reshape_back, doc="A new dimension of size 1 at `dim`", at="")


def _squeezed(strides, offset, shape, dims):
    return tuple(stride for dim, stride in enumerate(strides) if dim not in dims), offset


SQUEEZES = {node: op("squeeze(Tensor(a) self, int[] dim) -> Tensor(a)", lambda self, dims: jnp.squeeze(self, dims), strides=_squeezed,
                     place=_reshape_back,
                     doc="Without the dimensions of size 1 among `dim`", node=f"SqueezeBackward{node}", at="") for node in (0, 1, 2)}


# ---------------------------------------------------------------- parts
def _selected(strides, offset, shape, dim, index):
    return (*strides[:dim], *strides[dim + 1:]), offset + index * strides[dim]


def _place_select(kernel, before, new, numbers):
    dim = kernel.statics[1]
    return jax.lax.dynamic_update_slice_in_dim(before, jnp.expand_dims(new, dim), numbers[0], dim)


def _selected_rows(statics, numbers):
    """Where `select` looks along the first dimension, None where along another."""
    return slice(numbers[0], numbers[0] + 1) if statics[1] == 0 else None


SELECT = op("select.int(Tensor(a) self, int dim, Scalar index) -> Tensor(a)",
            lambda self, dim, index: jax.lax.dynamic_index_in_dim(self, index, dim, keepdims=False), strides=_selected,
            span=_selected_rows, place=_place_select, doc="The slice at `index` along `dim`; the index may change without a new program", at="")


def _sliced(strides, offset, shape, dim, start, length, step):
    return (*strides[:dim], strides[dim] * step, *strides[dim + 1:]), offset + start * strides[dim]


def _slice(self, dim, start, length, step):
    """`length` elements from `start`, every `step`th; start may be traced."""
    span = max((length - 1) * step + 1, 0)
    window = jax.lax.dynamic_slice_in_dim(self, start, span, dim)
    return window if step == 1 else jax.lax.slice_in_dim(window, 0, span, step, dim)


def _place_slice(kernel, before, new, numbers):
    dim, step = kernel.statics[1], kernel.statics[4]
    if step != 1 and new.shape[dim]:
        window = jax.lax.dynamic_slice_in_dim(before, numbers[0], (new.shape[dim] - 1) * step + 1, dim)
        new = window.at[(slice(None),) * dim + (slice(None, None, step),)].set(new)
    return jax.lax.dynamic_update_slice_in_dim(before, new, numbers[0], dim)


def _sliced_rows(statics, numbers):
    """Where `slice` looks along the first dimension, None where along another."""
    _, dim, _, length, step = statics
    return slice(numbers[0], numbers[0] + length * step, step) if dim == 0 else None


SLICE = op("slice.Tensor(Tensor(a) self, int dim, Scalar start, int length, int step) -> Tensor(a)", _slice, strides=_sliced,
           span=_sliced_rows, place=_place_slice,
           doc="Every `step`th element along `dim`, from `start`; the start may change without a new program", at="")


def _diagonal_strides(strides, offset, shape, offset_of, dim1, dim2):
    kept = tuple(stride for dim, stride in enumerate(strides) if dim not in (dim1, dim2))
    start = offset_of * strides[dim2] if offset_of >= 0 else -offset_of * strides[dim1]
    return (*kept, strides[dim1] + strides[dim2]), offset + start


DIAGONAL = op("diagonal(Tensor(a) self, int offset, int dim1, int dim2) -> Tensor(a)",
              lambda self, offset, dim1, dim2: jnp.diagonal(self, offset, dim1, dim2), strides=_diagonal_strides, place=place_by_index,
              doc="The diagonal of the matrices in dim1 and dim2, as the last dimension", at="")


def _unfold(self, dim, size, step):
    count = (self.shape[dim] - size) // step + 1
    where = jnp.arange(count)[:, None] * step + jnp.arange(size)
    return jnp.moveaxis(jnp.take(self, where, axis=dim), dim + 1, -1)


def _unfolded(strides, offset, shape, dim, size, step):
    return (*strides[:dim], strides[dim] * step, *strides[dim + 1:], strides[dim]), offset


def _windows(self, dimension, size, step):
    return _unfold(self, dimension, size, step) if self.ndim else self.reshape(1)[:size]


UNFOLD = op("unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)", _windows, place=place_by_index,
            strides=lambda strides, offset, shape, *how: _unfolded(strides, offset, shape, *how) if shape else ((1,), offset),
            doc="Windows of `size` elements, every `step`, as a last dimension", at="")


def _as_strided(self, size, stride, offset):
    where = offset + sum((jnp.arange(extent, dtype=jnp.int64) * step).reshape((extent,) + (1,) * (len(size) - place - 1))
                         for place, (extent, step) in enumerate(zip(size, stride)))
    return self.reshape(-1)[jnp.broadcast_to(where, size)]


AS_STRIDED = op("as_strided(Tensor(a) self, int[] size, int[] stride, int storage_offset) -> Tensor(a)", _as_strided, place=place_by_index,
                strides=lambda strides, offset, shape, size, stride, start: (stride, start),
                doc="Elements of the memory at these sizes and strides", at="")


# ---------------------------------------------------------------- complex parts and bits
def _place_real(kernel, before, new, numbers):
    return jax.lax.complex(new, before.imag)


def _place_imag(kernel, before, new, numbers):
    return jax.lax.complex(before.real, new)


def _half_strides(start):
    return lambda strides, offset, shape: (tuple(2 * stride for stride in strides), 2 * offset + start)


REAL = op("real(Tensor(a) self) -> Tensor(a)", jnp.real, place=_place_real, strides=_half_strides(0), doc="The real parts", at="")
IMAG = op("imag(Tensor(a) self) -> Tensor(a)", jnp.imag, place=_place_imag, strides=_half_strides(1), doc="The imaginary parts", at="")
CONJ = op("conj(Tensor(a) self) -> Tensor(a)", jnp.conj, place=lambda kernel, before, new, numbers: new.conj(),
          strides=lambda strides, offset, shape: (strides, offset), doc="The complex conjugates, as a look at the same memory", at="")
VIEW_AS_REAL = op("view_as_real(Tensor(a) self) -> Tensor(a)", lambda self: jnp.stack((self.real, self.imag), -1),
                  place=lambda kernel, before, new, numbers: jax.lax.complex(new[..., 0], new[..., 1]),
                  strides=lambda strides, offset, shape: ((*(2 * stride for stride in strides), 1), 2 * offset),
                  doc="Real and imaginary parts as a last dimension of size 2", at="")
VIEW_AS_COMPLEX = op("view_as_complex(Tensor(a) self) -> Tensor(a)", lambda self: jax.lax.complex(self[..., 0], self[..., 1]),
                     place=lambda kernel, before, new, numbers: jnp.stack((new.real, new.imag), -1),
                     strides=lambda strides, offset, shape: (tuple(stride // 2 for stride in strides[:-1]), offset // 2),
                     doc="A last dimension of size 2 as complex numbers", at="")


def bits_as(array, dtype):
    """The same bits as another dtype; the last dimension grows or shrinks with the width."""
    if jnp.iscomplexobj(array) and array.dtype != dtype:
        parts = jnp.stack((array.real, array.imag), -1).reshape(*array.shape[:-1], -1)
        return bits_as(parts, dtype).reshape(array.shape if dtype.itemsize == array.dtype.itemsize else (*array.shape[:-1], -1))
    if dtype.kind == "c" and array.dtype != dtype:
        parts = bits_as(array.reshape(*array.shape, 1) if array.dtype.itemsize == dtype.itemsize else array, jnp.finfo(dtype).dtype)
        parts = parts if array.dtype.itemsize == dtype.itemsize else parts.reshape(*parts.shape[:-1], -1, 2)
        return jax.lax.complex(parts[..., 0], parts[..., 1])
    wide, narrow = array.dtype.itemsize, dtype.itemsize
    if array.dtype == jnp.bool_:
        array = array.astype(jnp.uint8)
    if narrow > wide:
        array = array.reshape(*array.shape[:-1], -1, narrow // wide)
    if dtype == jnp.bool_:
        return bits_as(array, jnp.dtype(jnp.uint8)) != 0
    made = jax.lax.bitcast_convert_type(array, dtype)
    return made.reshape(*made.shape[:-2], -1) if narrow < wide else made


def _bits_strides(strides, offset, shape, dtype, width):
    ratio = dtype.itemsize / width
    return (*(int(stride / ratio) for stride in strides[:-1]), 1) if ratio != 1 else strides, int(offset / ratio)


VIEW_DTYPE = op("view.dtype(Tensor(a) self, ScalarType dtype, int width) -> Tensor(a)", lambda self, dtype, width: bits_as(self, dtype.numpy),
                place=lambda kernel, before, new, numbers: bits_as(new, before.dtype).reshape(before.shape), strides=_bits_strides,
                differentiable=False, doc="The same bits read as another dtype", at="")

CLONE = op("clone(Tensor self) -> Tensor", lambda self: self, doc="A copy", at="")
