"""Views: arguments checked in torch's words and brought to the form that the rows take."""

import math

from facade.core import dtypes
from facade.core.errors import broadcast_shapes, dim_range, dims_of, unsupported
from facade.core.layouts import contiguous_format, format_geometry, preserve_format
from facade.core.ops.binding import as_ints
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply, apply_view
from facade.core.ops.explaining import is_int, shape_reason
from facade.core.ops.mismatch import signature_mismatch
from facade.core.ops.outputs import with_out
from facade.core.ops.rows import pointwise
from facade.core.ops.rows import shape as rows
from facade.core.ops.table import ARRAY
from facade.core.shapes import Size, inferred_shape, kept_strides, view_strides
from facade.core.tensor.storage import Counter
from facade.core.tensor.tensor import Tensor, type_text
from facade.core.warn import warn_once


def _shape(tensor):
    return tensor._value.spec.shape


def _packed(sizes):
    """view(2, 3) and view((2, 3)) alike, as a tuple of ints."""
    return as_ints(tuple(sizes[0])) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else as_ints(tuple(sizes))


# ---------------------------------------------------------------- order of dimensions
@composite()
def transpose(input, dim0, dim1):
    """The tensor with dim0 and dim1 exchanged"""
    rank = input.ndim
    return apply_view(rows.TRANSPOSE, (ARRAY, dim_range(dim0, rank), dim_range(dim1, rank)), input)


for _name in ("swapaxes", "swapdims"):
    composite(name=_name)(transpose)


@composite()
def t(input):
    """The transpose of a matrix; vectors and scalars as they are"""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return apply_view(rows.T, (ARRAY,), input)


@composite()
def permute(input, *order, dims=()):
    """The dimensions in the order of `dims`"""
    order, rank = _packed(order) or tuple(dims), input.ndim
    if len(order) != rank:
        raise RuntimeError("permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering "
                           f"of dimensions i.e. input.dim() = {rank} is not equal to len(dims) = {len(order)}")
    order = tuple(dim_range(dim, rank) for dim in order)
    if len(set(order)) != rank:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return apply_view(rows.PERMUTE, (ARRAY, order), input)


@composite()
def movedim(input, source, destination):
    """The dimensions at `source` moved to `destination`, the others in their order"""
    rank = input.ndim
    source, destination = as_ints(source), as_ints(destination)
    if len(source) != len(destination):
        raise RuntimeError("movedim: Invalid source or destination dims: source "
                           f"({list(source)} dims) should contain the same number of dims as destination ({list(destination)} dims)")
    sources, targets = (_distinct_dims(name, dims, rank) for name, dims in (("source", source), ("destination", destination)))
    rest = iter(dim for dim in range(rank) if dim not in sources)
    placed = dict(zip(targets, sources))
    return permute(input, tuple(placed[dim] if dim in placed else next(rest) for dim in range(rank)))


def _distinct_dims(name, dims, rank):
    found = tuple(dim_range(each, rank) for each in dims)
    if len(set(found)) < len(found):
        raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
    return found


composite(name="moveaxis")(movedim)


def _reversed(self):
    """All dimensions in reverse order"""
    if self.ndim != 2:
        warn_once("Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases." if not self.ndim else _REVERSED)
    return permute(self, tuple(range(self.ndim))[::-1])


_REVERSED = ("The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an error in a future "
             "release. Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.")


def _matrix_transposed(self, name="mT", instead="This function is the identity in these cases."):
    """The last two dimensions exchanged"""
    if not self.ndim:
        warn_once(f"Tensor.{name} is deprecated on 0-D tensors. {instead}")
        return self
    if self.ndim < 2:
        raise RuntimeError(f"tensor.{name} is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor.")
    return transpose(self, -2, -1)


def _conjugate_transposed(self, name="mH"):
    """The last two dimensions exchanged, and conjugated"""
    return conj(_matrix_transposed(self, name, "Consider using x.conj()."))


def _adjoint_matrix(self):
    """The conjugate transpose of a matrix"""
    if self.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor."
                           + " For batches of matrices, consider using tensor.mH" * (self.ndim > 2))
    return _conjugate_transposed(self, "H")


Tensor.T = property(_reversed)
Tensor.mT = property(_matrix_transposed)
Tensor.H = property(_adjoint_matrix)
Tensor.mH = property(_conjugate_transposed)


@composite()
def conj(input):
    """The complex conjugates, as a look at the same memory; a real tensor as it is"""
    return apply_view(rows.CONJ, (ARRAY,), input) if input.dtype.is_complex else input


@composite()
def is_conj(input):
    """Whether the tensor is a conjugated look at its memory"""
    return input.dtype.is_complex and sum(row is rows.CONJ for row, _, _ in input._chain) % 2 == 1


@composite()
@with_out
def conj_physical(input):
    """The complex conjugate of each element; a real tensor itself"""
    return apply(pointwise.CONJ_PHYSICAL, (ARRAY,), (input,)) if input.is_complex() else input


@composite()
def resolve_conj(input):
    """A copy of a conjugated look, any other tensor as it is"""
    return input.clone() if is_conj(input) else input


@composite()
def adjoint(input):
    """The last two dimensions exchanged, and conjugated"""
    return _conjugate_transposed(input, "adjoint()")


# ---------------------------------------------------------------- shapes
@composite(at="Tensor")
def view(self, *sizes, size=None, dtype=None):
    """The same memory with another shape, or its bits as another dtype"""
    if dtype is not None or len(sizes) == 1 and isinstance(sizes[0], dtypes.dtype):
        return _view_dtype(self, dtype or sizes[0])
    shape = inferred_shape(_view_sizes(sizes if size is None else (size,)), self.numel())
    if view_strides(_shape(self), self.strides, shape) is None:
        raise RuntimeError("view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
                           "contiguous subspaces). Use .reshape(...) instead.")
    return apply_view(rows.VIEW, (ARRAY, shape), self)


def _view_sizes(size):
    sizes = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    if not all(map(is_int, sizes)) or not size:
        if not size or not isinstance(size[0], (tuple, list)) and not is_int(size[0]):
            raise TypeError(signature_mismatch("view", ("(torch.dtype dtype)", "(tuple of ints size)"), size, {}))
        raise TypeError(shape_reason("view", "size", size))
    return as_ints(tuple(sizes))


def _view_dtype(self, dtype):
    wide, narrow = self.dtype.itemsize, dtype.itemsize
    if wide != narrow and not self.ndim:
        raise RuntimeError("self.dim() cannot be 0 to view "
                           f"{self.dtype.legacy} as {dtype.legacy} (different element sizes)")
    if narrow > wide and _shape(self)[-1] % (narrow // wide):
        raise RuntimeError(f"self.size(-1) must be divisible by {narrow // wide} to view {self.dtype.legacy} as {dtype.legacy} "
                           f"(different element sizes), but got {_shape(self)[-1]}")
    return apply_view(rows.VIEW_DTYPE, (ARRAY, dtype, wide), self)


@composite()
def reshape(input, *shape, **named):
    """The same elements with another shape: a view where that can be, else a copy"""
    wanted = inferred_shape(_packed(shape or (named["shape"],)), input.numel())
    if view_strides(_shape(input), input.strides, wanted) is None:
        return apply(rows.UNSAFE_VIEW, (ARRAY, wanted), (input.clone(),))
    return apply_view(rows.VIEW if input._is_contiguous() else rows.RESHAPE_ALIAS, (ARRAY, wanted), input)


@composite(at="Tensor")
def view_as(self, other):
    """The same memory with the shape of `other`"""
    return view(self, other.shape)


@composite(at="Tensor")
def reshape_as(self, other):
    """The same elements with the shape of `other`"""
    return reshape(self, other.shape)


@composite()
def flatten(input, start_dim=0, end_dim=-1):
    """The dimensions from start_dim to end_dim as one"""
    rank = input.ndim
    first, last = dim_range(start_dim, rank), dim_range(end_dim, rank)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not rank:
        return reshape(input, (1,))
    if first == last:
        return input
    shape = _shape(input)
    return reshape(input, (*shape[:first], math.prod(shape[first:last + 1]), *shape[last + 1:]))


@composite()
def ravel(input):
    """All elements in one dimension"""
    return reshape(input.contiguous(), (-1,))


@composite()
def unflatten(input, dim, sizes):
    """The dimension `dim` as several"""
    dim, shape = dim_range(dim, input.ndim), _shape(input)
    sizes = tuple(sizes)
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    known = math.prod(each for each in sizes if each != -1)
    if -1 in sizes and (not known or shape[dim] % known) or -1 not in sizes and known != shape[dim]:
        raise RuntimeError(f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in the input tensor")
    sizes = tuple(shape[dim] // known if each == -1 else each for each in sizes)
    return view(input, (*shape[:dim], *sizes, *shape[dim + 1:]))


@composite(at="Tensor")
def expand(self, *sizes, size=(), implicit=False):
    """Dimensions of size 1 repeated to `size` (-1 keeps one), without copying"""
    wanted, shape = _packed(sizes) or tuple(size), _shape(self)
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise RuntimeError(f"expand({type_text(self.dtype)}{{{list(shape)}}}, size={list(wanted)}): the number of sizes provided ({len(wanted)}) must be "
                           f"greater or equal to the number of dimensions in the tensor ({len(shape)})")
    filled = list(wanted)
    for dim in range(len(wanted) - 1, -1, -1):
        extent, have = wanted[dim], shape[dim - lead] if dim >= lead else 1
        if extent == -1:
            if dim < lead:
                raise RuntimeError(f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {dim}")
            filled[dim] = have
        elif have != 1 and have != extent:
            raise RuntimeError(f"The expanded size of the tensor ({extent}) must match the existing size ({have}) at non-singleton dimension "
                               f"{dim}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}")
    return apply_view(rows.EXPAND, (ARRAY, tuple(filled)), self)


@composite(at="Tensor")
def expand_as(self, other):
    """Expanded to the shape of `other`"""
    return expand(self, other.shape)


@composite()
def broadcast_to(input, size):
    """Expanded to `size`"""
    return expand(input, size)


@composite(at="torch")
def broadcast_tensors(*tensors):
    """The tensors expanded to their common shape"""
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    shape = broadcast_shapes(*map(_shape, tensors))
    return tuple(each if _shape(each) == shape else expand(each, shape) for each in tensors)


@composite(at="torch", name="broadcast_shapes")
def broadcast_shapes_of(*shapes):
    """The shape that these shapes broadcast to, as a Size"""
    shapes = [(each,) if isinstance(each, int) else tuple(each) for each in shapes]
    common = [1] * max(map(len, shapes), default=0)
    for index, shape in enumerate(shapes):
        for place in range(-1, -1 - len(shape), -1):
            if shape[place] < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if shape[place] not in (1, common[place]) and common[place] != 1:
                raise RuntimeError(f"Attempting to broadcast a dimension of length {shape[place]} at {place}! Mismatching argument at index {index} "
                                   f"had {shape}; but expected shape should be broadcastable to {common}")
            common[place] = shape[place] if shape[place] != 1 else common[place]
    return Size(common)


@composite()
def unsqueeze(input, dim):
    """A new dimension of size 1 at `dim`"""
    return apply_view(rows.UNSQUEEZE, (ARRAY, dim_range(dim, input.ndim + 1)), input)


@composite()
def squeeze(input, dim=None):
    """Without the dimensions of size 1, or without those among `dim`"""
    shape = _shape(input)
    asked = range(len(shape)) if dim is None else dims_of(dim, len(shape)) if dim != () else ()
    drop = tuple(each for each in asked if shape and shape[each] == 1)
    node = 0 if dim is None else 1 if isinstance(dim, int) else 2
    return apply_view(rows.SQUEEZES[node], (ARRAY, drop), input)


def _grow(names):
    def atleast(*tensors):
        """The tensors with dimensions of size 1 added up to this many"""
        if len(tensors) == 1:
            return tuple(map(one, tensors[0])) if isinstance(tensors[0], (tuple, list)) else one(tensors[0])
        return tuple(map(one, tensors))

    def one(tensor):
        if tensor.ndim >= names:
            return tensor
        if tensor.ndim == 0:
            return reshape(tensor, (1,) * names)
        if tensor.ndim == 1:
            return unsqueeze(tensor, 0) if names == 2 else unsqueeze(unsqueeze(tensor, 0), -1)
        return unsqueeze(tensor, -1)
    return atleast


for _rank in (1, 2, 3):
    composite(at="torch", name=f"atleast_{_rank}d")(_grow(_rank))


# ---------------------------------------------------------------- parts
@composite()
def select(input, dim, index):
    """The slice at `index` along `dim`"""
    if not input.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = dim_range(dim, input.ndim), index.__index__()
    extent = _shape(input)[dim]
    if not -extent <= index < extent:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(_shape(input))} at dimension {dim}")
    return apply_view(rows.SELECT, (ARRAY, dim, ARRAY), input, (index % extent,))


def slice_view(input, dim, start, stop, step):
    """input[..., start:stop:step, ...] along `dim`; the bounds are already within 0 and the size."""
    length = max(0, -(-(stop - start) // step))
    return apply_view(rows.SLICE, (ARRAY, dim, ARRAY, length, step), input, (start,))


@composite()
def narrow(input, dim, start, length):
    """`length` elements from `start` along `dim`"""
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start.ndim or start.dtype.category != dtypes.INTEGER):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    dim, start, length = dim_range(dim, input.ndim), int(start), int(length)
    extent = _shape(input)[dim]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -extent <= start <= extent:
        raise IndexError(f"start out of range (expected to be in range of [{-extent}, {extent}], but got {start})")
    start = start + extent if start < 0 else start
    if start + length > extent:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({extent}).")
    return slice_view(input, dim, start, start + length, 1)


@composite()
def diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonal of the matrices in dim1 and dim2, as the last dimension"""
    rank = input.ndim
    dim1, dim2 = dim_range(dim1, rank), dim_range(dim2, rank)
    if dim1 == dim2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return apply_view(rows.DIAGONAL, (ARRAY, offset, dim1, dim2), input)


@composite(at="Tensor")
def unfold(self, dimension, size, step):
    """Windows of `size` elements, every `step`, as a last dimension"""
    dim = dim_range(dimension, self.ndim)
    extent = _shape(self)[dim] if self.ndim else 1
    if size > extent:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {extent} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return apply_view(rows.UNFOLD, (ARRAY, dim, size, step), self)


@composite()
def as_strided(input, size, stride, storage_offset=None):
    """Elements of the memory at these sizes and strides"""
    size, stride = as_ints(tuple(size)), as_ints(tuple(stride))
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    if storage_offset is None:
        storage_offset = 0 if input._geometry is None else input._geometry[1]
    whole = input if not input._chain else input._base if input._base is not None else input._whole()
    width, elements = input.dtype.itemsize, whole.numel()
    last = storage_offset + sum((extent - 1) * step for extent, step in zip(size, stride))
    if math.prod(size) and last >= elements:
        raise RuntimeError(f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {storage_offset}, and itemsize {width} requiring "
                           f"a storage size of {(last + 1) * width} are out of bounds for storage of size {elements * width}")
    if whole._geometry is not None:      # the elements in the order of memory
        whole = permute(whole, tuple(sorted(range(whole.ndim), key=lambda dim: -whole.strides[dim])))
    return apply_view(rows.AS_STRIDED, (ARRAY, size, stride, storage_offset), whole)


@composite(at="torch")
def real(input):
    """The real parts; a real tensor as it is"""
    return apply_view(rows.REAL, (ARRAY,), input) if input.dtype.is_complex else input


@composite(at="torch")
def imag(input):
    """The imaginary parts"""
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return apply_view(rows.IMAG, (ARRAY,), input)


def _set_part(part):
    return lambda self, value: part(self).copy_(value if isinstance(value, Tensor) else self.new_tensor(value, dtype=self.dtype.to_real()))


Tensor.real = property(real, _set_part(real))
Tensor.imag = property(imag, _set_part(imag))


@composite(at="torch")
def view_as_real(input):
    """Real and imaginary parts as a last dimension of size 2"""
    if not input.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return apply_view(rows.VIEW_AS_REAL, (ARRAY,), input)


@composite(at="torch")
def view_as_complex(input):
    """A last dimension of size 2 as complex numbers"""
    if input.dtype not in (dtypes.float16, dtypes.float32, dtypes.float64):
        raise RuntimeError(f"view_as_complex is only supported for floating point tensors, but got a tensor of scalar type: {input.dtype.legacy}")
    if not input.ndim or _shape(input)[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.dtype is dtypes.float16:
        raise unsupported("torch.view_as_complex of torch.float16", "JAX has no complex32; convert to torch.float32 first")
    return apply_view(rows.VIEW_AS_COMPLEX, (ARRAY,), input)


# ---------------------------------------------------------------- the same tensor, a copy
@composite()
def detach(input):
    """The same memory without history"""
    alias = input._alias(input.__class__ if input._spreads else None)
    if input._inference:
        alias._counter = Counter()      # an inference tensor has none of its own, so that it may not be written to
    return alias


@composite()
def clone(input, *, memory_format=None):
    """A copy, through which gradients flow"""
    made = apply(rows.CLONE, (ARRAY,), (input,))
    if memory_format not in (None, preserve_format):
        made._geometry = format_geometry(_shape(input), memory_format)
    elif input._geometry is not None:
        strides = kept_strides(_shape(input), [(_shape(input), input.strides)])
        if strides is not None:
            made._geometry = strides, 0
    return made


@composite(at="Tensor")
def contiguous(self, memory_format=contiguous_format):
    """The tensor itself where its elements lie in order, else a copy"""
    return self if self.is_contiguous(memory_format=memory_format) else clone(self, memory_format=memory_format)


