"""The memory of a tensor as an object of its own: `x.storage()` by elements, `x.untyped_storage()` by bytes.

A storage holds a tensor that shows all of the memory, in whatever shape that has; its elements in the order of memory
are a view of it, made when somebody asks. `tensor_on` goes the other way, from memory to a tensor of any shape.
"""

import functools
import math

import numpy as np

from facade.core import dtypes, engine
from facade.core.ops.composites import composite
from facade.core.ops.composites.writing import adopt
from facade.core.ops.dispatch import apply_view
from facade.core.ops.rows import shape as rows
from facade.core.ops.table import ARRAY
from facade.core.shapes import contiguous_strides, is_contiguous, is_dense, span
from facade.core.tensor.modes import modes
from facade.core.tensor.storage import Counter, Storage
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_writable

# The dtypes from before storages were bytes have a class of storages each; a file names it.
NAMED = {f"{dtype.legacy}Storage": dtype for dtype in (
    dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16, dtypes.int64, dtypes.int32, dtypes.int16, dtypes.int8, dtypes.uint8,
    dtypes.bool, dtypes.complex128, dtypes.complex64)}
NAME_OF = {dtype: name for name, dtype in NAMED.items()}


def _by_stride(shape, strides):
    """The dimensions from the outermost in memory to the innermost."""
    return sorted(range(len(shape)), key=lambda dim: (-strides[dim], -shape[dim]))


def in_memory_order(array, strides):
    """The elements of a NumPy array as they lie in memory at these strides, in one dimension; zeros between them."""
    if strides is None or is_contiguous(array.shape, strides):
        return array.reshape(-1)
    if is_dense(array.shape, strides):
        return array.transpose(_by_stride(array.shape, strides)).reshape(-1)
    flat = np.zeros(span(array.shape, strides), array.dtype)
    np.lib.stride_tricks.as_strided(flat, array.shape, [step * array.itemsize for step in strides])[...] = array
    return flat


def _historyless(function):
    """The function, under which nothing is differentiated."""
    @functools.wraps(function)
    def run(*arguments):
        before, modes.grad = modes.grad, False
        try:
            return function(*arguments)
        finally:
            modes.grad = before
    return run


class UntypedStorage:
    """The memory of a tensor as bytes (torch.UntypedStorage): of a size, or with these bytes."""

    __module__ = "facade.storage"

    def __init__(self, *args, device=None):
        given = args[0] if args else 0
        if isinstance(given, str) or not isinstance(given, int) and any(not isinstance(each, int) for each in given):
            odd = next(each for each in given if not isinstance(each, int))
            raise RuntimeError(f"torch.UntypedStorage(): tried to construct a storage from a sequence ({type(given).__name__}), but one of the items "
                               f"was of type {type(odd).__name__} instead of int")
        array = np.zeros(given, np.uint8) if isinstance(given, int) else np.array(given, np.uint8)
        self._whole = Tensor._of(engine.constant(array)).to(device=device)

    @classmethod
    def of_whole(cls, whole, unseen=False):
        """The storage that `whole`, a tensor that shows all of it, stands on; unseen: whether no other handle is on that memory."""
        made = object.__new__(cls)
        made._whole, made._unseen = whole, unseen
        return made

    @classmethod
    def of_array(cls, array):
        """The storage of new memory with the bytes of this array, which nobody else holds."""
        return cls.of_whole(Tensor._of(engine.constant(array)), unseen=True)

    _unseen = False

    # ------------------------------------------------------------ the memory
    @property
    @_historyless
    def flat(self):
        """The elements of the memory in its order, as a view; as a copy where they do not fill it."""
        self._unseen, whole = False, self._whole
        if not is_dense(whole.shape, whole.strides):
            return Tensor._of(engine.constant(self.array()))
        whole = whole.detach() if whole.is_contiguous() else whole.permute(_by_stride(whole.shape, whole.strides))
        return whole if whole.ndim == 1 else whole.view(-1)

    def array(self):
        """The elements of the memory in its order, as a NumPy array that is not to be written to."""
        return in_memory_order(self._whole.numpy_value(), self._whole.strides)

    @property
    def bytes(self):
        """The memory as a uint8 view."""
        flat = self.flat
        return flat if flat.dtype is dtypes.uint8 else as_dtype(flat, dtypes.uint8)

    @property
    def device(self):
        """Where the memory is."""
        return self._whole.device

    @property
    def _cdata(self):
        return id(self._whole.storage_cell)

    def data_ptr(self):
        """A number that is equal for tensors that share memory; 0 where there is none."""
        return self._whole.data_ptr() if self.nbytes() else 0

    def nbytes(self):
        """The size in bytes."""
        return span(self._whole.shape, self._whole.strides) * self._whole.itemsize

    size = __len__ = nbytes

    def element_size(self):
        """The size of one element in bytes."""
        return 1

    def untyped(self):
        """The storage itself."""
        return self

    def tolist(self):
        """The bytes."""
        return np.ascontiguousarray(self.array()).view(np.uint8).tolist()

    def __iter__(self):
        return iter(self.tolist())

    # ------------------------------------------------------------ parts
    def __getitem__(self, index):
        if isinstance(index, slice):
            return UntypedStorage.of_whole(self.bytes[index])
        return self.bytes[_checked(index, len(self), "torch.UntypedStorage")].item()

    def __setitem__(self, index, value):
        _write(self.bytes, index, value)

    # ------------------------------------------------------------ as a whole
    def fill_(self, value):
        """Make every byte `value`."""
        _write(self.bytes, slice(None), value)
        return self

    def copy_(self, source, non_blocking=None):
        """Take over the bytes of another storage."""
        _write(self.bytes, slice(None), source.untyped().bytes)
        return self

    def resize_(self, size):
        """Change the size in bytes of memory that no tensor looks at."""
        raise NotImplementedError("facade does not support UntypedStorage.resize_: use Tensor.resize_")

    def clone(self):
        """A copy."""
        return UntypedStorage.of_whole(self.flat.clone())

    __copy__ = clone

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self.clone())

    def to(self, *, device, non_blocking=False):
        """The memory on another device; itself where it is there."""
        moved = self._whole.to(device=device)
        return self if moved is self._whole else UntypedStorage.of_whole(moved.detach(), self._unseen)

    def cpu(self):
        """The memory on the CPU."""
        return self.to(device="cpu")

    def cuda(self, device=None, non_blocking=False):
        """The memory on a GPU."""
        return self.to(device="cuda" if device is None else device if not isinstance(device, int) else f"cuda:{device}")

    def is_shared(self):
        """Whether other processes see it: never."""
        return False

    def share_memory_(self):
        """The storage itself: other processes get copies."""
        return self

    is_cuda = property(lambda self: self.device.type == "cuda")

    def type(self):
        """The name of the class."""
        return "torch.storage.UntypedStorage"

    def __eq__(self, other):
        return isinstance(other, UntypedStorage) and self.data_ptr() == other.data_ptr() and self.nbytes() == other.nbytes()

    def __hash__(self):
        return id(self._whole.storage_cell)

    def __reduce__(self):
        return _unpickled_storage, (np.array(self.array()).view(np.uint8), str(self.device), None)

    def __repr__(self):
        return "".join(f" {each}\n" for each in self.tolist()) + f"[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]"


class TypedStorage:
    """The memory of a tensor as elements of a dtype (torch.TypedStorage)."""

    __module__ = "facade.storage"

    def __init__(self, *args, wrap_storage=None, dtype=None, device=None):
        self.dtype = dtype or dtypes.get_default_dtype()
        if wrap_storage is None:
            data = args[0] if args else 0
            array = np.zeros(data, self.dtype.numpy) if isinstance(data, int) else np.array(list(data), self.dtype.numpy)
            wrap_storage = UntypedStorage.of_whole(Tensor._of(engine.constant(array)).to(device=device))
        if not isinstance(wrap_storage, UntypedStorage):
            raise TypeError("TypedStorage.__init__ received an invalid combination of arguments. Expected one of:\n"
                            " * (*, torch.device device, torch.dtype dtype)\n * (int size, *, torch.device device, torch.dtype dtype)\n"
                            " * (Sequence data, *, torch.device device, torch.dtype dtype)\n * (*, UntypedStorage wrap_storage, torch.dtype dtype)\n"
                            f"Argument 'wrap_storage' must be UntypedStorage, but got {type(wrap_storage)}")
        self._untyped_storage = wrap_storage

    def untyped(self):
        """The same memory as bytes."""
        return self._untyped_storage

    @property
    def _flat(self):
        return as_dtype(self._untyped_storage.flat, self.dtype)

    device = property(lambda self: self._untyped_storage.device)
    is_cuda = property(lambda self: self._untyped_storage.is_cuda)
    _cdata = property(lambda self: self._untyped_storage._cdata)

    def data_ptr(self):
        """A number that is equal for tensors that share memory."""
        return self._untyped_storage.data_ptr()

    def nbytes(self):
        """The size in bytes."""
        return self._untyped_storage.nbytes()

    def size(self):
        """How many elements there are."""
        return self.nbytes() // self.dtype.itemsize

    __len__ = size

    def element_size(self):
        """The size of one in bytes."""
        return self.dtype.itemsize

    def tolist(self):
        """The elements in the order of memory."""
        return self._flat.tolist()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        return self._flat[_checked(index, self.size(), "storage")].item()

    def __setitem__(self, index, value):
        if not isinstance(index, (int, slice)):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        if isinstance(value, str):
            raise TypeError(f"can't assign a str to a torch.{self.dtype.legacy}Tensor")
        _write(self._flat, index, value)

    def fill_(self, value):
        """Make every element `value`."""
        _write(self._flat, slice(None), value)
        return self

    def copy_(self, source, non_blocking=None):
        """Take over the elements of another storage."""
        _write(self._flat, slice(None), source._flat.to(self.dtype))
        return self

    def _wrapped(self, untyped):
        return TypedStorage(wrap_storage=untyped, dtype=self.dtype)

    def clone(self):
        """A copy."""
        return self._wrapped(self._untyped_storage.clone())

    __copy__ = clone

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self.clone())

    def to(self, *, device, non_blocking=False):
        """The memory on another device; itself where it is there."""
        moved = self._untyped_storage.to(device=device)
        return self if moved is self._untyped_storage else self._wrapped(moved)

    def cpu(self):
        """The memory on the CPU."""
        return self.to(device="cpu")

    def cuda(self, device=None, non_blocking=False):
        """The memory on a GPU."""
        return self._wrapped(self._untyped_storage.cuda(device))

    def is_shared(self):
        """Whether other processes see it: never."""
        return False

    def share_memory_(self):
        """The storage itself: other processes get copies."""
        return self

    def pickle_storage_type(self):
        """The name of the class that a file names: FloatStorage."""
        return NAME_OF[self.dtype]

    def type(self, dtype=None, non_blocking=False):
        """The name of the class of this dtype's storages."""
        return f"torch.{NAME_OF[self.dtype]}" if self.dtype in NAME_OF else "torch.storage.TypedStorage"

    def __reduce__(self):
        return _unpickled_storage, (np.array(self._untyped_storage.array()).view(np.uint8), str(self.device), self.dtype)

    def __repr__(self):
        shown = float if self.dtype.category == dtypes.FLOAT else str
        lines = "".join(f" {shown(each)}\n" for each in self.tolist())
        return lines + f"[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"


def _conversion(dtype):
    def convert(self):
        return TypedStorage(wrap_storage=UntypedStorage.of_whole(self._flat.to(dtype).clone()), dtype=dtype)
    convert.__doc__ = f"The elements as {dtype!r}, in new memory."
    return convert


for _name in ("double", "float", "half", "long", "int", "short", "bool", "bfloat16"):
    setattr(TypedStorage, _name, _conversion(dtypes.ALIASES[_name]))
for _name, _dtype in (("char", dtypes.int8), ("byte", dtypes.uint8)):
    setattr(TypedStorage, _name, _conversion(_dtype))


class _NamedStorage(type):
    """The type of torch.FloatStorage and its like: what they make, and whom they call theirs."""

    def __call__(cls, *args, **options):
        return TypedStorage(*args, dtype=cls.dtype, **options)

    def __instancecheck__(cls, instance):
        return isinstance(instance, TypedStorage) and instance.dtype is cls.dtype


STORAGES = {name: _NamedStorage(name, (), {"dtype": dtype, "__module__": "facade", "__doc__": f"Makes storages of {dtype!r}."})
            for name, dtype in NAMED.items()}


def _checked(index, size, kind):
    if not isinstance(index, int):
        raise TypeError(f"can't index a {kind} with {type(index).__name__}")
    if not -size <= index < size:
        raise IndexError(f"index {index} out of range for storage of size {size}")
    return index


@_historyless
def _write(flat, index, value):
    flat[index] = value


def _unpickled_storage(array, device, dtype):
    """A storage from plain pickle."""
    untyped = UntypedStorage.of_array(array).to(device=device)
    return untyped if dtype is None else TypedStorage(wrap_storage=untyped, dtype=dtype)


# ---------------------------------------------------------------- from memory to tensors
@_historyless
def as_dtype(flat, dtype):
    """A view of one dimension with its bits as another dtype, without history."""
    return flat if flat.dtype is dtype else apply_view(rows.VIEW_DTYPE, (ARRAY, dtype, flat.itemsize), flat).detach()


def tensor_on(storage, dtype, offset, size, stride):
    """The tensor of this shape and these strides on a storage, whose elements are of `dtype`; RuntimeError where it reaches beyond."""
    untyped, size, stride = storage.untyped(), tuple(size), tuple(stride)
    _checkspan(untyped, dtype, offset, size, stride)
    if untyped._unseen:
        _refit(untyped, dtype, offset, size, stride)
    whole = untyped._whole
    if whole.dtype is dtype and not whole._chain and (whole.shape, whole.strides, offset) == (size, stride, 0):
        return whole.detach()
    return _looking(as_dtype(untyped.flat, dtype), offset, size, stride)


@_historyless
def _looking(flat, offset, size, stride):
    if is_contiguous(size, stride):
        seen = flat.narrow(0, min(offset, flat.numel()), math.prod(size)).view(size).detach()
    else:
        seen = apply_view(rows.AS_STRIDED, (ARRAY, size, stride, offset), flat).detach()
    seen._geometry = (stride, offset)
    return seen


def _checkspan(untyped, dtype, offset, size, stride):
    if len(size) != len(stride):
        raise RuntimeError(f"unequal size length ({len(size)}) and stride length ({len(stride)})")
    if any(type(each) is not int for each in (offset, *size, *stride)):
        raise TypeError("sizes, strides and offsets of a tensor must be ints")
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    if min(size, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    if min(stride, default=0) < 0:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    needed, have = (offset + span(size, stride)) * dtype.itemsize, untyped.nbytes()
    if math.prod(size) and needed > have:
        raise RuntimeError(f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {dtype.itemsize} "
                           f"requiring a storage size of {needed} are out of bounds for storage of size {have}")


def _refit(untyped, dtype, offset, size, stride):
    """Give memory that nobody looks at yet the shape of the first tensor on it, if that shows all of it: it then is no view."""
    array = untyped.array()
    array = array.view(dtype.numpy) if array.nbytes % dtype.itemsize == 0 else array
    device, strides = untyped._whole._value.spec.device, None
    if array.dtype == dtype.numpy and not offset and array.size == math.prod(size) and is_dense(size, stride):
        if stride == contiguous_strides(tuple(size)):
            array = array.reshape(size)
        else:
            order, strides = _by_stride(size, stride), stride
            array = array.reshape([size[dim] for dim in order]).transpose(np.argsort(order))
    whole = Tensor._of(engine.constant(array))
    whole = whole if device is None else whole.to(device=untyped.device)
    whole._storage = Storage(whole._value, strides)
    if strides is not None:
        whole._geometry = strides, 0
    untyped._whole, untyped._unseen = whole, False


@composite(at="Tensor")
def set_(self, source=None, storage_offset=0, size=None, stride=None):
    """Share the memory of `source`, a tensor or a storage, from now on; of a storage, at this offset, size and stride"""
    check_writable(self)
    if source is None:
        source = self.new_empty(0)
    if not isinstance(source, Tensor):
        size = (source.nbytes() // self.itemsize,) if size is None else tuple(size)
        source = tensor_on(source, self.dtype, storage_offset, size, contiguous_strides(tuple(size)) if stride is None else tuple(stride))
    version = self._writes + 1
    adopt(self, source)
    self._counter = Counter(version)
    return self


Tensor.untyped_storage = lambda self: UntypedStorage.of_whole(self._whole())
Tensor.storage = lambda self: TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype)
Tensor._typed_storage = Tensor.storage
