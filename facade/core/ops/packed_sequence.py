"""The tuple that packed sequences travel in, torch.nn.utils.rnn.PackedSequence.

Made from a padded batch it remembers that, and computes its `data` when it is looked at. It stands here because layers
and the tools for them both need it.
"""

from typing import NamedTuple

from facade.core import dtypes
from facade.core.ops.composites.packing import Ragged
from facade.core.ops.functions import ops
from facade.core.tensor.tensor import Tensor

BY_HAND = ("batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. They should be instantiated by "
           "functions like pack_sequence and pack_padded_sequences in nn.utils.rnn. "
           "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence")


class PackedSequence_(NamedTuple):
    """The fields of a PackedSequence."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """The elements of all sequences at the first time, then at the second, and so on, the longest sequence first.

    data: (elements, ...); batch_sizes: how many sequences are left at each time; sorted_indices: where each of the sorted
    sequences was in the batch, or None; unsorted_indices: where each is now.
    """

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(BY_HAND)
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    @classmethod
    def _of(cls, ragged, batch_sizes, sorted_indices, unsorted_indices):
        """A packed sequence whose data is computed when it is looked at."""
        made = super().__new__(cls, None, batch_sizes, sorted_indices, unsorted_indices)
        made._ragged = ragged
        return made

    def like(self, ragged):
        """The same layout around other data."""
        return PackedSequence._of(ragged, *tuple.__getitem__(self, slice(1, None)))

    @property
    def ragged(self):
        """The sequences side by side."""
        if "_ragged" not in self.__dict__:
            self._ragged = Ragged.of_data(self.data, self.batch_sizes)
        return self._ragged

    @property
    def data(self):
        """The packed elements, (elements, ...)."""
        data = tuple.__getitem__(self, 0)
        return self._ragged.data() if data is None else data

    def __iter__(self):
        return iter((self.data, *tuple.__getitem__(self, slice(1, None))))

    def __getitem__(self, place):
        return tuple(self)[place]

    def __add__(self, other):
        return tuple(self) + other

    def __reduce__(self):
        return PackedSequence, tuple(self)

    def __repr__(self):
        return f"PackedSequence({', '.join(f'{name}={value!r}' for name, value in zip(self._fields, self))})"

    # -------------------------------------------------------- as tensors do
    def to(self, *args, **kwargs):
        """The data moved or cast as by Tensor.to; itself where nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        moving = {key: value for key, value in kwargs.items() if key in ("device", "non_blocking")}
        indices = (None if each is None else each.to(data.device, **moving) for each in (self.sorted_indices, self.unsorted_indices))
        return PackedSequence(data, self.batch_sizes, *indices)

    def cpu(self, *args, **kwargs):
        """The data on the CPU."""
        return self.to(*args, device="cpu", **kwargs)

    def cuda(self, *args, **kwargs):
        """The data on the GPU."""
        return self.to(*args, device="cuda", **kwargs)

    def double(self):
        """The data as float64."""
        return self.to(dtype=dtypes.float64)

    def float(self):
        """The data as float32."""
        return self.to(dtype=dtypes.float32)

    def half(self):
        """The data as float16."""
        return self.to(dtype=dtypes.float16)

    def long(self):
        """The data as int64."""
        return self.to(dtype=dtypes.int64)

    def int(self):
        """The data as int32."""
        return self.to(dtype=dtypes.int32)

    def short(self):
        """The data as int16."""
        return self.to(dtype=dtypes.int16)

    def char(self):
        """The data as int8."""
        return self.to(dtype=dtypes.int8)

    def byte(self):
        """The data as uint8."""
        return self.to(dtype=dtypes.uint8)

    def pin_memory(self):
        """The data in pinned memory."""
        return PackedSequence(self.data.pin_memory(), *tuple.__getitem__(self, slice(1, None)))

    @property
    def is_cuda(self):
        """Whether the data is on a GPU."""
        return self.data.is_cuda

    def is_pinned(self):
        """Whether the data is in pinned memory."""
        return self.data.is_pinned()


def invert_permutation(permutation):
    """Where each index went: the inverse of a permutation, or None of None."""
    if permutation is None:
        return None
    return ops.empty_like(permutation).scatter_(0, permutation, ops.arange(permutation.numel(), device=permutation.device))


for _class in (PackedSequence_, PackedSequence):
    _class.__module__ = "facade.nn.utils.rnn"       # where users know them, and where they are unpickled from
