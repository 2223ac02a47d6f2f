"""The loader of batches: a sampler says which samples, a fetcher gets and collates them, here or in worker processes.

Random numbers are drawn when torch draws them: each pass first takes a seed for its workers from the generator, whether it has workers or
not, and a shuffling sampler then takes its own when the first index is asked for. So a program's later numbers are torch's too.
"""

import math
import multiprocessing
import os
import sys
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from facade.core import devices
from facade.core.warn import warn
from facade.utils.data._utils import parcel
from facade.utils.data._utils.collate import default_collate, default_convert
from facade.utils.data._utils.failure import ExceptionWrapper
from facade.utils.data._utils.fetch import _DatasetKind
from facade.utils.data._utils.worker import Job, _IterableDatasetStopIteration, _ResumeIteration, get_worker_info
from facade.utils.data._utils.workforce import Workforce
from facade.utils.data.dataset import Dataset, IterableDataset
from facade.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, drawn_seed

__all__ = ["DataLoader", "get_worker_info", "default_collate", "default_convert"]

_T_co = TypeVar("_T_co", covariant=True)
_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class _InfiniteConstantSampler(Sampler):
    """None for ever: what stands for the indices of a stream."""

    def __iter__(self):
        while True:
            yield None


def _check_counts(num_workers, timeout, prefetch_factor, persistent_workers):
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError("prefetch_factor option could only be specified in multiprocessing."
                         "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None.")
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_stream(shuffle, sampler, batch_sampler):
    """A stream comes in its own order."""
    refused = "DataLoader with IterableDataset: expected unspecified {0} option, but got {0}={1}"
    if shuffle not in (False, None):
        raise ValueError(refused.format("shuffle", shuffle))
    for name, given in (("sampler", sampler), ("batch_sampler", batch_sampler)):
        if given is not None:
            raise ValueError(refused.format(name, given))


def _check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last):
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_sampler is None and batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")


class DataLoader(Generic[_T_co]):
    """Batches of a dataset, for a loop over them.

    dataset: a Dataset, or any object with `__getitem__` and `__len__`; or an IterableDataset. batch_size: samples in a batch; None: samples
    one by one, not collated. shuffle: in another random order at each pass. sampler: an iterable of indices; batch_sampler: of lists of them.
    num_workers: processes that assemble batches; 0: this one does. collate_fn: makes a batch of a list of samples. pin_memory: without
    effect. drop_last: leave out a last, shorter batch. timeout: seconds to wait for a worker. worker_init_fn: called in each worker with its
    number. multiprocessing_context: how workers are started; forked ones (Linux's default) compute by NumPy alone. generator: for the order
    and the workers' seeds. prefetch_factor: batches that each worker prepares ahead, 2 if not given. persistent_workers: keep them between
    passes. in_order: False gives batches as they get ready.
    """

    __initialized = False

    def __init__(self, dataset: Dataset[_T_co] | Sequence[_T_co], batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None,
                 pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None, generator=None, *, prefetch_factor=None,
                 persistent_workers=False, pin_memory_device="", in_order=True):
        _check_counts(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset, self.num_workers = dataset, num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory, self.pin_memory_device, self.timeout, self.worker_init_fn = pin_memory, pin_memory_device, timeout, worker_init_fn
        self.multiprocessing_context, self.in_order = multiprocessing_context, in_order
        self._dataset_kind = _DatasetKind.Iterable if isinstance(dataset, IterableDataset) else _DatasetKind.Map
        if self._dataset_kind == _DatasetKind.Iterable:
            _check_stream(shuffle, sampler, batch_sampler)
        _check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.batch_size, self.drop_last = None if batch_sampler is not None else batch_size, drop_last
        self.sampler = self._default_sampler(shuffle, generator) if sampler is None else sampler
        self.batch_sampler = BatchSampler(self.sampler, batch_size, drop_last) if batch_size is not None and batch_sampler is None else batch_sampler
        self.generator, self.persistent_workers = generator, persistent_workers
        self.collate_fn = collate_fn or (default_collate if self._auto_collation else default_convert)
        self.__initialized = True
        self._IterableDataset_len_called = self._iterator = None
        self.check_worker_number_rationality()

    def _default_sampler(self, shuffle, generator):
        if self._dataset_kind == _DatasetKind.Iterable:
            return _InfiniteConstantSampler()
        return RandomSampler(self.dataset, generator=generator) if shuffle else SequentialSampler(self.dataset)

    def __setattr__(self, attr, val):
        if self.__initialized and attr in _FIXED:
            raise ValueError(f"{attr} attribute should not be set after {self.__class__.__name__} is initialized")
        super().__setattr__(attr, val)

    @property
    def multiprocessing_context(self):
        """How workers are started: a context of Python's multiprocessing, or None for its default."""
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, multiprocessing_context):
        if multiprocessing_context is not None:
            multiprocessing_context = self._checked_context(multiprocessing_context)
        self.__multiprocessing_context = multiprocessing_context

    def _checked_context(self, given):
        if not self.num_workers:
            raise ValueError("multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
                             f"num_workers={self.num_workers}")
        if isinstance(given, str):
            methods = multiprocessing.get_all_start_methods()
            if given not in methods:
                raise ValueError(f"multiprocessing_context option should specify a valid start method in {methods!r}, but got "
                                 f"multiprocessing_context={given!r}")
            given = multiprocessing.get_context(given)
        if not isinstance(given, multiprocessing.context.BaseContext):
            raise TypeError("multiprocessing_context option should be a valid context object or a string specifying the start method, but got "
                            f"multiprocessing_context={given}")
        return given

    def _get_iterator(self):
        if not self.num_workers:
            return _SingleProcessDataLoaderIter(self)
        self.check_worker_number_rationality()
        return _MultiProcessingDataLoaderIter(self)

    def __iter__(self):
        if not self.persistent_workers:
            return self._get_iterator()
        if self._iterator is None:
            self._iterator = self._get_iterator()
        else:
            self._iterator._reset(self)
        return self._iterator

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.batch_sampler if self._auto_collation else self.sampler

    def __len__(self):
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        length = self._IterableDataset_len_called = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)

    def check_worker_number_rationality(self):
        """Warn of more workers than processors."""
        asked = hasattr(os, "sched_getaffinity")
        processors = len(os.sched_getaffinity(0)) if asked else os.cpu_count()
        if self.num_workers <= (processors or 0):
            return
        suggestion = "DataLoader is not able to compute a suggested max number of worker in current system." if processors is None else (
            f"Our suggested max number of worker in current system is {processors}{'' if asked else ' (`cpuset` is not taken into account)'}, which is "
            "smaller than what this DataLoader is going to create.")
        warn(f"This DataLoader will create {self.num_workers} worker processes in total. {suggestion} Please be aware that excessive worker "
             "creation might get DataLoader running slow or even freeze, lower the worker number to avoid potential slowness/freeze if "
             "necessary.")


class _BaseDataLoaderIter:
    """One pass through a loader."""

    def __init__(self, loader):
        self._dataset, self._dataset_kind, self._num_workers = loader.dataset, loader._dataset_kind, loader.num_workers
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        self._auto_collation, self._index_sampler = loader._auto_collation, loader._index_sampler
        self._drop_last, self._collate_fn, self._timeout = loader.drop_last, loader.collate_fn, loader.timeout
        self._persistent_workers = loader.persistent_workers
        _warn_of_pinning(loader)
        self._sampler_iter = iter(self._index_sampler)
        self._base_seed = drawn_seed(loader.generator)
        self._num_yielded = 0

    def __iter__(self):
        return self

    def _reset(self, loader, first_iter=False):
        self._sampler_iter = iter(self._index_sampler)
        self._num_yielded = 0
        self._IterableDataset_len_called = loader._IterableDataset_len_called

    def _next_index(self):
        return next(self._sampler_iter)

    def __next__(self):
        data = self._next_data()
        self._num_yielded += 1
        promised = self._IterableDataset_len_called
        if self._dataset_kind == _DatasetKind.Iterable and promised is not None and self._num_yielded > promised:
            self._warn_of_length(promised)
        return data

    def _warn_of_length(self, promised):
        text = (f"Length of IterableDataset {self._dataset} was reported to be {promised}(when accessing len(dataloader)), but {self._num_yielded} "
                "samples have been fetched. ")
        if self._num_workers:
            text += ("For multiprocessing data-loading, this could be caused by not properly configuring the IterableDataset replica at each worker. "
                     "Please see https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset for examples.")
        warn(text)

    def __len__(self):
        return len(self._index_sampler)

    def __getstate__(self):
        raise NotImplementedError("{} cannot be pickled", self.__class__.__name__)


def _warn_of_pinning(loader):
    if loader.pin_memory and loader.pin_memory_device:
        warn("pin_memory_device is deprecated, the current accelerator will be used as the device,"
             f"ignore pin_memory_device='{loader.pin_memory_device}'.")
    if loader.pin_memory and not any(map(devices.is_available, ("cuda", "tpu"))):
        warn("'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.")


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """A pass whose batches this process assembles."""

    def __init__(self, loader):
        super().__init__(loader)
        if self._timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._dataset_fetcher = _DatasetKind.create_fetcher(self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last)

    def _next_data(self):
        return self._dataset_fetcher.fetch(self._next_index())


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """A pass whose batches worker processes assemble.

    The workers are asked in turn, and `_asked` holds who was asked for the batches that are still to come: each answers in order, so the next
    batch is the next answer of the first of them.
    """

    def __init__(self, loader):
        super().__init__(loader)
        self._prefetch_factor, self._in_order = loader.prefetch_factor, loader.in_order
        if self._prefetch_factor <= 0:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        job = Job(self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last, self._base_seed, loader.worker_init_fn,
                  self._num_workers, parcel.depot())
        self._workforce = Workforce(loader.multiprocessing_context or multiprocessing.get_context(), job, self._timeout)
        self._shutdown_workers = weakref.finalize(self, self._workforce.dismiss)
        self._reset(loader, first_iter=True)

    @property
    def _workers(self):
        """The processes."""
        return [hand.process for hand in self._workforce.hands]

    def _reset(self, loader, first_iter=False):
        super()._reset(loader, first_iter)
        self._asked = deque()
        if not first_iter:
            self._workforce.resume(_ResumeIteration())
        for _ in range(self._prefetch_factor * self._num_workers):
            self._try_put_index()

    def _try_put_index(self):
        """Ask the next worker for the next batch, if there is one of either."""
        try:
            index = self._next_index()
        except StopIteration:
            return
        hand = self._workforce.next_active(sys.maxsize if self._in_order else self._prefetch_factor * self._num_workers)
        if hand is not None:
            hand.ask((index,))
            self._asked.append(hand)

    def _next_data(self):
        while True:
            self._asked = deque(hand for hand in self._asked if hand.active)
            if not self._asked:
                if not self._persistent_workers:
                    self._shutdown_workers()
                raise StopIteration
            hand, data = self._workforce.hear([self._asked[0]] if self._in_order else list(dict.fromkeys(self._asked)))
            self._asked.remove(hand)
            if isinstance(data, _IterableDatasetStopIteration):
                hand.active = False
                self._try_put_index()
                continue
            self._try_put_index()
            if isinstance(data, ExceptionWrapper):
                data.reraise()
            return data
