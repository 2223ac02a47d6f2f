"""Sequences of unequal length in one batch, padded and packed (torch.nn.utils.rnn)."""

import numpy as np

from facade.core import dtypes
from facade.core.ops.composites.packing import packed, padded
from facade.core.ops.functions import ops
from facade.core.ops.packed_sequence import PackedSequence, PackedSequence_, invert_permutation  # noqa: F401

__all__ = ["PackedSequence", "invert_permutation", "pack_padded_sequence", "pad_packed_sequence", "pad_sequence", "unpad_sequence", "pack_sequence",
           "unpack_sequence"]


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """The packed form of a padded batch.

    input: (time, batch, ...), or (batch, time, ...) where batch_first; lengths: of each sequence, a list or a tensor on the CPU, at least 1;
    enforce_sorted: the longest is the first, else they are sorted here. RuntimeError for lengths that do not fit the batch.
    """
    lengths = ops.as_tensor(lengths, dtype=dtypes.int64)
    sorted_indices = unsorted_indices = None
    if not enforce_sorted:
        order = np.argsort(-lengths.numpy_value(), kind="stable")       # here and not as an operation: what is pending need not be evaluated
        lengths = ops.from_numpy(lengths.numpy_value()[order])
        sorted_indices, unsorted_indices = (ops.from_numpy(each).to(input.device) for each in (order, np.argsort(order)))
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    ragged = packed(input, lengths, batch_first)
    return PackedSequence._of(ragged, ops.from_numpy(ragged.batch_sizes), sorted_indices, unsorted_indices)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """(the padded batch, the length of each sequence), in the order in which they were packed.

    padding_value: behind the ends; total_length: of the padded batch, None for that of the longest sequence. ValueError where that is less.
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError("Expected total_length to be at least the length of the longest sequence in input, but got "
                         f"total_length={total_length} and max sequence length being {longest}")
    found, lengths = padded(sequence.ragged, batch_first, padding_value, longest if total_length is None else total_length)
    order = sequence.unsorted_indices
    if order is None:
        return found, lengths
    return found.index_select(0 if batch_first else 1, order), ops.from_numpy(lengths.numpy_value()[order.numpy_value()])


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Sequences of any lengths as one tensor, (time, batch, ...), or (batch, time, ...) where batch_first.

    sequences: tensors of the same sizes but for the first; padding_side: 'right' to fill up behind the ends, 'left' before the beginnings.
    """
    if not hasattr(sequences, "__iter__"):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    return ops._padded_together(tuple(sequences), batch_first, padding_value, padding_side)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The list of sequences in a padded batch, each as long as it says in `lengths`."""
    if not batch_first:
        padded_sequences.transpose_(0, 1)
    size = padded_sequences.size(1)
    positions = ops.arange(size, device=lengths.device)
    return [sequence[positions < length] for sequence, length in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences, enforce_sorted=True):
    """The packed form of a list of sequences; enforce_sorted: the longest is the first."""
    lengths = ops.as_tensor([each.size(0) for each in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The list of sequences in a PackedSequence."""
    found, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(found, lengths, batch_first=True)
