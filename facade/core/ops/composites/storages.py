"""The memory of a tensor as an object of its own: `x.storage()` by elements, `x.untyped_storage()` by bytes."""

import numpy as np

from facade.core import dtypes
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor


class _Storage:
    """What both kinds share: a flat tensor of all the memory, and whose memory it is."""

    def __init__(self, tensor):
        self._flat, self._cell = tensor._whole().view(-1), tensor.storage_cell
        self.device = tensor.device

    @property
    def _cdata(self):
        return id(self._cell)

    def data_ptr(self):
        """A number that is equal for tensors that share memory."""
        return id(self._cell)

    def nbytes(self):
        """The size in bytes."""
        return self._flat.nbytes

    def is_shared(self):
        """Whether other processes see it: never."""
        return False

    def __len__(self):
        return self.size()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        return self.tolist()[index]

    def __eq__(self, other):
        return isinstance(other, _Storage) and self._cell is other._cell

    def __hash__(self):
        return id(self._cell)


class UntypedStorage(_Storage):
    """The memory of a tensor as bytes (torch.UntypedStorage)."""

    def size(self):
        """The size in bytes."""
        return self.nbytes()

    def tolist(self):
        """The bytes."""
        return np.ascontiguousarray(self._flat.numpy_value()).view(np.uint8).tolist()

    def __repr__(self):
        return "".join(f" {each}\n" for each in self.tolist()) + f"[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]"


class TypedStorage(_Storage):
    """The memory of a tensor as elements (torch.TypedStorage)."""

    @property
    def dtype(self):
        """The type of the elements."""
        return self._flat.dtype

    def size(self):
        """How many elements there are."""
        return self._flat.numel()

    def element_size(self):
        """The size of one in bytes."""
        return self.dtype.itemsize

    def untyped(self):
        """The same memory as bytes."""
        return UntypedStorage(self._flat)

    def tolist(self):
        """The elements in the order of memory."""
        return self._flat.tolist()

    def __setitem__(self, index, value):
        before, modes.grad = modes.grad, False
        try:
            self._flat[index] = value
        finally:
            modes.grad = before

    def fill_(self, value):
        """Make every element `value`."""
        self[:] = value
        return self

    def copy_(self, source, non_blocking=None):
        """Take over the elements of another storage."""
        self[:] = source._flat.to(self.dtype)
        return self

    def __repr__(self):
        shown = float if self.dtype.category == dtypes.FLOAT else str
        lines = "".join(f" {shown(each)}\n" for each in self.tolist())
        return lines + f"[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"


Tensor.untyped_storage = lambda self: UntypedStorage(self)
Tensor.storage = lambda self: TypedStorage(self)
Tensor._typed_storage = Tensor.storage
