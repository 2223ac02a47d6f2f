"""Samplers: iterables of the indices of a dataset, in the order in which they are wanted. The random ones draw as torch's do."""

import itertools
from typing import Generic, TypeVar

from facade.core import dtypes
from facade.core.ops.composites.sampling import multinomial, randint, randperm
from facade.core.ops.creation import as_tensor
from facade.core.random import streams
from facade.core.random.generator import Generator, default_generator

__all__ = ["BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler"]

_T_co = TypeVar("_T_co", covariant=True)
_AT_ONCE = 32       # indices drawn together with replacement; their number is part of torch's stream


def drawn_seed(generator=None):
    """A seed of 63 bits from a generator: what `torch.empty((), dtype=torch.int64).random_()` draws."""
    return int(streams.random((generator or default_generator).engine, (), dtype=dtypes.int64.numpy))


def _is_count(number):
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


class Sampler(Generic[_T_co]):
    """What yields indices, or lists of them: a subclass defines `__iter__`, and `__len__` where its length is known."""

    def __iter__(self):
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """The indices of data_source, which has a length, in order."""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """num_samples indices of data_source in random order, or each drawn from all with replacement.

    num_samples: as many as data_source has if not given; with more, further permutations follow. generator: one of its own, seeded from
    the default one at each pass, if not given.
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source, self.replacement, self._num_samples, self.generator = data_source, replacement, num_samples, generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self):
        """How many indices a pass yields; the dataset may grow."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        size, generator = len(self.data_source), self.generator
        if generator is None:
            generator = Generator().manual_seed(drawn_seed())
        at_once = _AT_ONCE if self.replacement else size
        whole, rest = divmod(self.num_samples, at_once)
        for count in itertools.chain(itertools.repeat(at_once, whole), [rest]):      # 10^10 samples are a loop without end
            drawn = randint(0, size, (count,), generator=generator) if self.replacement else randperm(size, generator=generator)
            yield from drawn.tolist()[:count]

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order."""

    def __init__(self, indices, generator=None):
        self.indices, self.generator = indices, generator

    def __iter__(self):
        for place in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[place]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """num_samples indices, each as probable as its weight is large; the weights need not add up to one."""

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not _is_count(num_samples):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        weights = as_tensor(weights, dtype=dtypes.float64)
        if weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(weights.shape)}")
        self.weights, self.num_samples, self.replacement, self.generator = weights, num_samples, replacement, generator

    def __iter__(self):
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of batch_size indices of another sampler; the last, shorter one goes with drop_last."""

    def __init__(self, sampler, batch_size, drop_last):
        if not _is_count(batch_size):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self):
        spare = 0 if self.drop_last else self.batch_size - 1
        return (len(self.sampler) + spare) // self.batch_size
