"""Sequences of unequal length in one batch, packed: the elements of all sequences at the first time, then at the second, and so on.

A packed tensor has a new shape for each batch of lengths, and each new shape would be a new program. So a batch that was
packed from a padded one stays padded here, a `Ragged`, until somebody wants to see the packed data; which sequences have ended is
told by numbers that the program takes, not by its shape. The sequences are sorted, the longest first.
"""

import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.ops.composites import composite
from facade.core.ops.composites.combining import cat
from facade.core.ops.composites.dropout import dropout_by
from facade.core.ops.dispatch import apply
from facade.core.ops.rows import recurrent as rows
from facade.core.ops.table import ARRAY
from facade.core.random import streams
from facade.core.random.generator import default_generator
from facade.core.tensor.tensor import Tensor

STEPS = 16      # times are rounded up to a multiple of this, so that batches of nearly the same length share a program

NOT_SORTED = ("`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False` to "
              "pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need ONNX exportability.")


def _tensor(array):
    return Tensor._of(constant(array))


class Ragged:
    """padded: (time, batch, ...), zero where a sequence has ended; batch_sizes: how many are left at each time, an array of NumPy's;
    sizes: the same as a tensor, up to the last time of padded; node: the name of what made it, in the history of the packed data."""

    __slots__ = ("_data", "batch_sizes", "node", "padded", "sizes")

    def __init__(self, padded, batch_sizes, sizes, node, data=None):
        self.padded, self.batch_sizes, self.sizes, self.node, self._data = padded, batch_sizes, sizes, node, data

    @classmethod
    def of_padded(cls, input, lengths):
        """From (time, batch, ...) and the lengths, sorted."""
        batch_sizes = (np.arange(lengths[0])[:, None] < lengths).sum(1)
        steps = min(input.size(0), -(-int(lengths[0]) // STEPS) * STEPS)
        sizes = _tensor(np.resize(np.append(batch_sizes, np.zeros(STEPS, np.int64)), steps) if steps > len(batch_sizes) else batch_sizes[:steps].copy())
        node = "PackPaddedSequenceBackward0"
        return cls(apply(rows.ENDED[node], (ARRAY,) * 3, (input if steps == input.size(0) else input[:steps], sizes, 0)), batch_sizes, sizes, node)

    @classmethod
    def of_data(cls, data, batch_sizes):
        """From packed data and torch's batch_sizes."""
        found = cls(None, batch_sizes.numpy_value(), batch_sizes, "CatBackward0", data)
        found.padded = apply(rows.SPREAD, (ARRAY,) * 3, (data, *found._places()))
        return found

    def of_outputs(self, padded):
        """The same layout around what a network made of it."""
        return Ragged(padded, self.batch_sizes, self.sizes, "CatBackward0")

    @property
    def example(self):
        """A tensor of the packed data's rank, dtype and last sizes."""
        return self.padded[0]

    def _places(self):
        """(where each packed element lies in the padded batch, where each padded one in the packed data or -1)."""
        sizes = self.batch_sizes if self.padded is None else self.batch_sizes[:self.padded.size(0)]
        steps = len(sizes) if self.padded is None else self.padded.size(0)
        active = np.zeros((steps, int(sizes[0])), bool)
        active[:len(sizes)] = np.arange(sizes[0]) < sizes[:, None]
        return _tensor(np.flatnonzero(active)), _tensor(np.where(active, np.cumsum(active).reshape(active.shape) - 1, -1))

    def data(self):
        """The packed data."""
        if self._data is None:
            self._data = apply(rows.PACK[self.node], (ARRAY,) * 3, (self.padded, *self._places()))
        return self._data

    def filled(self, steps, value):
        """(steps, batch, ...) with a value where a sequence has ended."""
        padded, sizes = self.padded, self.sizes.numpy_value()
        missing = steps - padded.size(0)
        if missing > 0:
            padded, sizes = cat([padded, padded.new_zeros((missing, *padded.shape[1:]))]), np.append(sizes, np.zeros(missing, np.int64))
        elif missing < 0:
            padded, sizes = padded[:steps], sizes[:steps].copy()
        return apply(rows.ENDED["CopySlices"], (ARRAY,) * 3, (padded, _tensor(sizes), value))

    def dropped(self, padded, p):
        """Dropout of what a network made of it: drawn for the packed elements in their order, laid where they are in the padded batch."""
        def draw(input, keep):
            index, _ = self._places()
            found = np.zeros((padded.size(0) * padded.size(1), *padded.shape[2:]), bool)
            found[index.numpy_value()] = streams.bernoulli(default_generator.engine, (index.size(0), *padded.shape[2:]), keep, dtype=np.dtype(bool))
            return _tensor(found.reshape(padded.shape))
        return dropout_by(padded, p, draw)


# ---------------------------------------------------------------- torch._pack_padded_sequence, torch._pad_packed_sequence
def packed(input, lengths, batch_first):
    """The Ragged of a padded batch. lengths: a tensor on the CPU, the longest first."""
    if not isinstance(input, Tensor):
        raise TypeError(f"_pack_padded_sequence(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    if lengths.dim() != 1 or lengths.dtype is not dtypes.int64:
        raise RuntimeError(f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D {lengths.device.type} {lengths.dtype.legacy} tensor")
    input = input.transpose(0, 1) if batch_first else input
    if lengths.size(0) != input.size(1):
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.size(0)} (batch_size={input.size(1)})")
    counts = lengths.numpy_value()
    if counts[-1] <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if (counts[1:] > counts[:-1]).any():
        raise RuntimeError(NOT_SORTED)
    return Ragged.of_padded(input, counts)


def padded(ragged, batch_first, padding_value, total_length):
    """(the padded batch, the lengths) of a Ragged. total_length: 0 or less for that of the longest sequence."""
    if not isinstance(padding_value, (int, float, complex)):
        raise TypeError(f"_pad_packed_sequence(): argument 'padding_value' (position 4) must be Number, not {type(padding_value).__name__}")
    found = ragged.filled(max(len(ragged.batch_sizes), total_length), padding_value)
    lengths = (ragged.batch_sizes[:, None] > np.arange(ragged.batch_sizes[0])).sum(0)
    return found.transpose(0, 1) if batch_first else found, _tensor(lengths)


@composite(at="torch")
def _pack_padded_sequence(input, lengths, batch_first):
    """The packed data of a padded batch whose sequences are sorted by length, and how many are left at each time"""
    ragged = packed(input, lengths, batch_first)
    return ragged.data(), _tensor(ragged.batch_sizes)


@composite(at="torch")
def _pad_packed_sequence(data, batch_sizes, batch_first, padding_value, total_length):
    """The padded batch of packed data, and the lengths"""
    return padded(Ragged.of_data(data, batch_sizes), batch_first, padding_value, total_length)


# ---------------------------------------------------------------- sequences of their own lengths
@composite(at="torch")
def _padded_together(sequences, batch_first, padding_value, padding_side):
    """Sequences of any lengths as one tensor"""
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    for place, each in enumerate(sequences):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(each).__name__}")
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    longest, rest = max(each.size(0) for each in sequences), sequences[0].shape[1:]
    made = sequences[0].new_full((len(sequences), longest, *rest) if batch_first else (longest, len(sequences), *rest), padding_value)
    for place, each in enumerate(sequences):
        row = made.select(0 if batch_first else 1, place)
        row.narrow(0, 0 if padding_side == "right" else longest - each.size(0), each.size(0)).copy_(each)
    return made
