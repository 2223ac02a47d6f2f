"""What a worker process does: it answers each list of indices with a batch, until it is told to stop.

A worker that was forked has XLA's client but not its threads, so it computes everything by NumPy (engine.forked); one that was spawned has
all of JAX. Answers go through a pipe of its own, in the order of the questions, so that no lock is shared with the others.
"""

import multiprocessing
import os
import queue
import random
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from facade.core import engine
from facade.core.random.generator import default_generator
from facade.utils.data._utils import parcel
from facade.utils.data._utils.failure import ExceptionWrapper
from facade.utils.data._utils.fetch import _DatasetKind

MP_STATUS_CHECK_INTERVAL = 5.0      # seconds after which a waiting worker looks whether the main process is still there
_LOADED_IN = os.getpid()


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker knows of itself: id, from 0 to num_workers - 1; its seed; and its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


_worker_info = None


def get_worker_info():
    """The WorkerInfo of the worker process that this is; None in the main process."""
    return _worker_info


@dataclass(frozen=True)
class _IterableDatasetStopIteration:
    """The answer of a worker whose stream has ended."""

    worker_id: int


@dataclass(frozen=True)
class _ResumeIteration:
    """Begin another pass; the answer is the same."""


class Job(NamedTuple):
    """What all workers of a loader are told when they start; directory: the depot for large answers."""

    kind: int
    dataset: Any
    auto_collation: bool
    collate_fn: Any
    drop_last: bool
    base_seed: int
    init_fn: Any
    num_workers: int
    directory: str


def seed_everything(base_seed, worker_id):
    """Seed the generators of this process as torch does in its workers: torch's, Python's and NumPy's; torch's seed is returned."""
    seed = base_seed + worker_id
    random.seed(seed)
    default_generator.manual_seed(seed)
    np.random.seed(np.random.SeedSequence([worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]).generate_state(4))
    return seed


class Worker:
    """A worker process at work."""

    def __init__(self, job, worker_id, answers):
        self.job, self.id, self.answers, self.failure, self.fetcher, self.ended = job, worker_id, answers, None, None, False

    def begin(self):
        """Make this process a worker: its engine, its seeds, its `get_worker_info()`, and what the program wants done first."""
        global _worker_info
        if os.getpid() != _LOADED_IN:
            engine.forked()
        seed = seed_everything(self.job.base_seed, self.id)
        _worker_info = WorkerInfo(self.id, self.job.num_workers, seed, self.job.dataset)
        self.failure = self.attempt(self.prepare)

    def attempt(self, action):
        """What the action returns; if it raises, the exception as data."""
        try:
            return action()
        except Exception:
            return ExceptionWrapper(where=f"in DataLoader worker process {self.id}")

    def prepare(self):
        """What may fail before the first pass: the program's own part, and the dataset's."""
        if self.job.init_fn is not None:
            self.job.init_fn(self.id)
        self.resume()

    def resume(self):
        """Begin a pass through the dataset."""
        job = self.job
        self.fetcher = _DatasetKind.create_fetcher(job.kind, job.dataset, job.auto_collation, job.collate_fn, job.drop_last)
        self.ended = False

    def fetch(self, index):
        """The batch at these indices; StopIteration is an answer if the dataset is a stream."""
        try:
            return self.fetcher.fetch(index)
        except StopIteration:
            if self.job.kind != _DatasetKind.Iterable:
                raise
            self.ended = True
            return _IterableDatasetStopIteration(self.id)

    def send(self, answer):
        """Hand an answer to the main process: if it cannot be pickled, why."""
        packed = self.attempt(lambda: parcel.pack(answer, self.job.directory))
        self.answers.send_bytes(parcel.pack(packed, self.job.directory) if isinstance(packed, ExceptionWrapper) else packed)

    def serve(self, questions):
        """Answer until there are no more questions, or nobody who asks."""
        while (question := asked(questions)) is not None:
            if isinstance(question, _ResumeIteration):
                self.failure = self.failure or self.attempt(self.resume)
                self.send(question)
            elif not self.ended:
                index, = question
                self.send(self.failure or self.attempt(lambda: self.fetch(index)))


def asked(questions):
    """The next question: (index,), a wish to resume, or None for the end."""
    main = multiprocessing.parent_process()
    while True:
        try:
            return questions.get(timeout=MP_STATUS_CHECK_INTERVAL)
        except queue.Empty:
            if not main.is_alive():
                return None


def worker_loop(job, worker_id, questions, answers):
    """The life of a worker process."""
    try:
        worker = Worker(job, worker_id, answers)
        worker.begin()
        worker.serve(questions)
    except (KeyboardInterrupt, BrokenPipeError):
        pass                            # the main process has been interrupted too, or is gone
    finally:
        if not multiprocessing.parent_process().is_alive():
            parcel.clear(job.directory)
