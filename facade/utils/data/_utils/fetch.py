"""Fetching the samples of a batch, beside the training step's tape.

A batch of a `TensorDataset` is one gather from each tensor: the same numbers as its samples stacked, at a fraction of the cost.
"""

import numpy as np

from facade.core import engine
from facade.core.ops.creation import from_array
from facade.core.tensor.tensor import Tensor
from facade.utils.data._utils.collate import collate_tensor_fn, default_collate, default_collate_fn_map
from facade.utils.data.dataset import Subset, TensorDataset


class _DatasetKind:
    """The two kinds of dataset, and what fetches from them."""

    Map = 0
    Iterable = 1

    @staticmethod
    def create_fetcher(kind, dataset, auto_collation, collate_fn, drop_last):
        """What fetches from a dataset of this kind."""
        made = _MapDatasetFetcher if kind == _DatasetKind.Map else _IterableDatasetFetcher
        return made(dataset, auto_collation, collate_fn, drop_last)


class _BaseDatasetFetcher:
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.dataset, self.auto_collation, self.collate_fn, self.drop_last = dataset, auto_collation, collate_fn, drop_last

    def fetch(self, possibly_batched_index):
        """The sample at an index, or the batch at a list of them."""
        with engine.aside():
            return self.collected(possibly_batched_index)


class _MapDatasetFetcher(_BaseDatasetFetcher):
    def collected(self, index):
        if not self.auto_collation:
            return self.collate_fn(self.dataset[index])
        batch = gathered(self.dataset, index) if self.collate_fn is default_collate else None
        if batch is not None:
            return batch
        if getattr(self.dataset, "__getitems__", None):
            return self.collate_fn(self.dataset.__getitems__(index))
        return self.collate_fn([self.dataset[each] for each in index])


class _IterableDatasetFetcher(_BaseDatasetFetcher):
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        super().__init__(dataset, auto_collation, collate_fn, drop_last)
        self.dataset_iter, self.ended = iter(dataset), False

    def collected(self, index):
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.dataset_iter))
        samples = [sample for _, sample in zip(index, self.dataset_iter)]
        self.ended = len(samples) < len(index)
        if not samples or self.drop_last and self.ended:
            raise StopIteration
        return self.collate_fn(samples)


def gathered(dataset, indices):
    """The collated batch of a TensorDataset, or of a Subset of one, at a list of indices; None where that is not the same as its samples."""
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, [dataset.indices[index] for index in indices]
    if type(dataset) is not TensorDataset or default_collate_fn_map.get(Tensor) is not collate_tensor_fn:
        return None
    if not all(type(index) is int for index in indices) or not all(map(_is_plain, dataset.tensors)):
        return None
    size, places = len(dataset), np.array(indices, np.int64)
    if not places.size or places.max() >= size or places.min() < -size:
        return None
    return [from_array(np.take(_memory(tensor), places, axis=0)) for tensor in dataset.tensors]


def _is_plain(tensor):
    return type(tensor) is Tensor and tensor._value.spec.device is None and not tensor.requires_grad


def _memory(tensor):
    """The elements, not to be written to. Memory shared with NumPy is read where it is: to see whether it changed, all of it would be compared."""
    storage = tensor._storage
    if storage is not None and storage.mirror is not None and not tensor._chain and storage.mirror.array.shape == tensor.shape:
        return storage.mirror.array
    return tensor.numpy_value()
