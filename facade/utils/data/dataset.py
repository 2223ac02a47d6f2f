"""Datasets: what is at an index (`Dataset`), or what comes next (`IterableDataset`), and what can be made of several."""

import bisect
import itertools
import math
from collections.abc import Iterable
from typing import Generic, TypeVar

from facade.core.ops.composites.sampling import randperm
from facade.core.random.generator import default_generator
from facade.core.warn import warn

__all__ = ["Dataset", "IterableDataset", "TensorDataset", "StackDataset", "ConcatDataset", "ChainDataset", "Subset", "random_split"]

_T_co = TypeVar("_T_co", covariant=True)


class Dataset(Generic[_T_co]):
    """Samples by key: a subclass defines `__getitem__`, and `__len__` for the samplers that need it.

    With `__getitems__`, which takes a list of keys and returns the list of their samples, a batch is fetched in one call.
    """

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset[_T_co], Iterable[_T_co]):
    """Samples as a stream: a subclass defines `__iter__`.

    Every worker process of a loader iterates over a copy of its own; `get_worker_info()` tells it which share to yield.
    """

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """The tensors' slices along their first dimension, side by side in a tuple; the tensors are of one length."""

    def __init__(self, *tensors):
        if any(each.size(0) != tensors[0].size(0) for each in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self):
        return self.tensors[0].size(0)


def _samples(dataset, indices):
    """The samples at these indices, in one call where the dataset has a way to do so."""
    batched = getattr(dataset, "__getitems__", None)
    return batched(indices) if callable(batched) else [dataset[index] for index in indices]


class StackDataset(Dataset):
    """Datasets of one length side by side: a sample is a tuple of theirs, or a dict if they were given by name."""

    def __init__(self, *args, **kwargs):
        if args and kwargs:
            raise ValueError("Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like input/output, but both types are given.")
        if not (args or kwargs):
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        self._length, *others = map(len, self._parts())
        if any(length != self._length for length in others):
            raise ValueError("Size mismatch between datasets")

    def _parts(self):
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _sample(self, parts):
        return dict(zip(self.datasets, parts)) if isinstance(self.datasets, dict) else tuple(parts)

    def __getitem__(self, index):
        return self._sample([dataset[index] for dataset in self._parts()])

    def __getitems__(self, indices):
        columns = [_samples(dataset, indices) for dataset in self._parts()]
        for column in columns:
            if len(column) != len(indices):
                raise ValueError(f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(column)}")
        return [self._sample(parts) for parts in zip(*columns)]

    def __len__(self):
        return self._length


class ConcatDataset(Dataset[_T_co]):
    """Datasets with a length one behind the other."""

    @staticmethod
    def cumsum(sequence):
        """Where each dataset ends."""
        return list(itertools.accumulate(map(len, sequence)))

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(each, IterableDataset) for each in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx):
        if idx < -len(self):
            raise ValueError("absolute value of index should not exceed dataset length")
        idx = idx + len(self) if idx < 0 else idx
        place = bisect.bisect_right(self.cumulative_sizes, idx)
        return self.datasets[place][idx - (self.cumulative_sizes[place - 1] if place else 0)]

    @property
    def cummulative_sizes(self):
        """cumulative_sizes, as it was once spelled."""
        warn("`cummulative_sizes` attribute is renamed to `cumulative_sizes`", FutureWarning)
        return self.cumulative_sizes


class ChainDataset(IterableDataset):
    """Streams one after the other."""

    def __init__(self, datasets):
        self.datasets = datasets

    def _streams(self):
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield dataset

    def __iter__(self):
        for stream in self._streams():
            yield from stream

    def __len__(self):
        return sum(map(len, self._streams()))


class Subset(Dataset[_T_co]):
    """The samples of a dataset at chosen indices. A subclass that defines `__getitem__` has to define `__getitems__` too."""

    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, indices
        own = type(self)
        if own.__getitem__ is not Subset.__getitem__ and own.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{own.__name__} overrides __getitem__ but not __getitems__. When subclassing Subset and overriding __getitem__, you must also override "
                "__getitems__ to ensure DataLoader works correctly with your custom logic. A simple implementation:\n\n"
                "def __getitems__(self, indices):\n    return [self.__getitem__(idx) for idx in indices]")

    def __getitem__(self, idx):
        return self.dataset[[self.indices[each] for each in idx] if isinstance(idx, list) else self.indices[idx]]

    def __getitems__(self, indices):
        return _samples(self.dataset, [self.indices[index] for index in indices])

    def __len__(self):
        return len(self.indices)


def _counts(fractions, total):
    """How many of `total` samples each fraction gets: rounded down, the rest one each from the first on."""
    for place, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {place} is not between 0 and 1")
    counts = [math.floor(total * fraction) for fraction in fractions]
    every, rest = divmod(total - sum(counts), len(counts))
    counts = [count + every + (place < rest) for place, count in enumerate(counts)]
    for place, count in enumerate(counts):
        if not count:
            warn(f"Length of split at index {place} is 0. This might result in an empty dataset.")
    return counts


def random_split(dataset, lengths, generator=default_generator):
    """Parts of a dataset with these lengths, or fractions that add up to 1, the samples in random order."""
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _counts(lengths, len(dataset))
    if sum(lengths) != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = randperm(sum(lengths), generator=generator).tolist()
    return [Subset(dataset, order[end - length:end]) for end, length in zip(itertools.accumulate(lengths), lengths)]
