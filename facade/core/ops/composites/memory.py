"""The memory of a tensor, as far as it can be asked about: sizes, strides, contiguity, storages."""

from facade.core.layouts import checked_format, contiguous_format, has_format, preserve_format
from facade.core.ops.mismatch import type_name
from facade.core.shapes import Size
from facade.core.tensor.tensor import Tensor, method


@method
def size(self, dim=None):
    """The shape, or one extent of it."""
    shape = self._value.spec.shape
    if dim is None:
        return Size(shape)
    if not hasattr(dim, "__index__"):
        raise TypeError(f"size(): argument 'dim' (position 1) must be int, not {type_name(dim)}")
    from_front = dim if dim >= 0 else dim + len(shape)
    if not 0 <= from_front < len(shape):
        span = len(shape) or 1
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})" if shape else
                         "Dimension specified as 0 but tensor has no dimensions" if dim == 0 else
                         f"Dimension out of range (expected to be in range of [-1, 0], but got {dim})")
    return shape[from_front]


@method
def stride(self, dim=None):
    """The step in memory along each dimension, or along one."""
    strides = self.strides
    if dim is None:
        return strides
    span = len(strides) or 1
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return strides[dim]


@method
def storage_offset(self):
    """The place of the first element in its memory."""
    return self._geometry[1] if self._geometry is not None else 0


@method
def dim(self):
    """The number of dimensions."""
    return len(self._value.spec.shape)


Tensor.ndimension = dim


@method
def numel(self):
    """The number of elements."""
    return self._value.spec.size


@method
def is_contiguous(self, memory_format=contiguous_format):
    """Whether the elements lie one behind the other, in the order of the dimensions or that of a memory format."""
    if checked_format("is_contiguous", memory_format) in (contiguous_format, preserve_format):
        return self._is_contiguous()
    return has_format(self._value.spec.shape, self.strides, memory_format)


Tensor.nelement = numel
Tensor.itemsize = property(lambda self: self.dtype.itemsize)
Tensor.nbytes = property(lambda self: self.dtype.itemsize * self._value.spec.size)
Tensor.element_size = lambda self: self.dtype.itemsize
Tensor.data_ptr = lambda self: id(self.storage_cell) + storage_offset(self) * self.dtype.itemsize
Tensor.is_floating_point = lambda self: self.dtype.is_floating_point
Tensor.is_complex = lambda self: self.dtype.is_complex
Tensor.is_signed = lambda self: self.dtype.is_signed
Tensor.is_inference = lambda self: self._inference
Tensor.is_neg = lambda self: False
Tensor.resolve_neg = lambda self: self
Tensor.get_device = lambda self: -1
Tensor.pin_memory = lambda self, device=None: self
Tensor.is_pinned = lambda self, device=None: False
Tensor.is_shared = lambda self: False
Tensor.share_memory_ = lambda self: self
Tensor.to_dense = lambda self, dtype=None, masked_grad=None: self if dtype is None else self.to(dtype)
Tensor.is_set_to = lambda self, tensor: (self.storage_cell is tensor.storage_cell and storage_offset(self) == storage_offset(tensor)
                                         and self.shape == tensor.shape and self.strides == tensor.strides)
Tensor._is_view = lambda self: self._base is not None
Tensor.is_same_size = lambda self, other: self.shape == other.shape


@method
def _whole(self):
    """A tensor of all the memory that this one looks at, without history."""
    whole = self._alias()
    whole.__dict__.pop("_chain", None)
    whole.__dict__.pop("_geometry", None)
    if self.storage_cell.strides is not None:
        whole._geometry = self.storage_cell.strides, 0
    whole._value = self.storage_cell.value
    return whole
