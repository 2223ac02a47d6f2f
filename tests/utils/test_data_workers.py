"""Loading in worker processes: the same batches in the same order, each worker with its own seeds, and every end noticed."""

import glob
import multiprocessing
import os
import random
import re
import signal
import time
import warnings

import numpy as np
import pytest

from facade.utils.data._utils import parcel
from tests.worlds import both_worlds, refusal, world

TRACE = re.compile(r'  File .*?(?=\n\w)', re.DOTALL)


@pytest.fixture(autouse=True)
def no_warning_of_many_workers():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")
        yield


def caught(function, *arguments):
    """The type and text of what the call raises, without the frames of the traceback and the numbers of processes."""
    failure = refusal(function, *arguments)
    return type(failure).__name__, re.sub(r"\(pid\(s\) [\d, ]+\)", "(pids)", TRACE.sub("...", str(failure)))


def observant(torch):
    """A dataset whose samples tell which worker fetched them, and what its generators drew."""
    info = torch.utils.data.get_worker_info
    x = torch.arange(40.0).reshape(20, 2)

    class Observant(torch.utils.data.Dataset):
        def __len__(self):
            return 20

        def __getitem__(self, index):
            return {"x": x[index] * 2, "index": index, "drawn": (torch.rand(1), np.random.rand(), random.random()), "text": str(index),
                    "worker": (info().id, info().num_workers, info().seed)}
    return Observant()


@both_worlds
def test_batches_and_seeds(torch):
    yield list(torch.utils.data.DataLoader(observant(torch), 4, shuffle=True, num_workers=2)), torch.rand(2)
    generator = torch.Generator().manual_seed(7)
    for batch in torch.utils.data.DataLoader(observant(torch), 7, num_workers=3, generator=generator, worker_init_fn=torch.manual_seed):
        yield batch
    yield torch.rand(1), torch.rand(1, generator=generator)


@both_worlds
def test_persistent_workers(torch):
    data = torch.utils.data
    pairs = data.TensorDataset(torch.arange(20.0), torch.arange(20))
    loader = data.DataLoader(pairs, 6, shuffle=True, num_workers=2, persistent_workers=True, prefetch_factor=1)
    for count in (4, 2, 4):
        yield [batch for batch, _ in zip(loader, range(count))], torch.rand(1)


@both_worlds
def test_streams(torch):
    data = torch.utils.data

    class Stream(data.IterableDataset):
        def __iter__(self):
            info = data.get_worker_info()
            return iter(range(info.id, 4 if info.id == 0 else 10, info.num_workers))

    class Empty(data.IterableDataset):
        def __iter__(self):
            return iter(())
    for options in ({"batch_size": 2}, {"batch_size": None}, {"batch_size": 2, "drop_last": True}, {"persistent_workers": True}):
        loader = data.DataLoader(Stream(), num_workers=2, **options)
        yield list(loader), list(loader)
    yield list(data.DataLoader(Empty(), num_workers=2))


class Failure(Exception):
    def __init__(self, first, second):
        super().__init__(first)


@both_worlds
def test_exceptions(torch):
    data = torch.utils.data
    raised = {1: ValueError("one"), 2: KeyError("two"), 3: Failure(1, 2), 4: StopIteration("four"), 5: IndexError("five")}

    class Failing(data.Dataset):
        def __len__(self):
            return 7

        def __getitem__(self, index):
            if index in raised:
                raise raised[index]
            return index
    batches = iter(data.DataLoader(Failing(), num_workers=2))
    for _ in range(7):
        yield caught(next, batches)
    yield list(batches)
    yield caught(next, iter(data.DataLoader([1, 2], num_workers=1, worker_init_fn=lambda number: 1 / number)))
    yield caught(next, iter(data.DataLoader([1, None], 2, num_workers=1)))


@both_worlds
def test_timeout(torch):
    class Slow(torch.utils.data.Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            time.sleep(0.6)
            return index
    return caught(list, torch.utils.data.DataLoader(Slow(), num_workers=1, timeout=0.1))


@both_worlds
def test_containers_come_as_they_are(torch):
    """What collate_fn returns goes through the pipe: tensors with their layout and flags, arrays that can be written to."""
    def collate(batch):
        return {"block": torch.ones(2, 3).t(), "weight": torch.nn.Parameter(torch.ones(batch)), "bits": torch.ones(2, dtype=torch.bfloat16),
                "array": np.zeros(batch), "none": None, "scalar": torch.tensor(2), "empty": torch.ones(0, 3)}
    for size in (2, 100_000):
        batch, = torch.utils.data.DataLoader([size], None, collate_fn=collate, num_workers=1)
        batch["array"][:2] += 1
        yield batch["block"], batch["block"].stride(), batch["weight"].requires_grad, type(batch["weight"]), batch["bits"], batch["array"][:3]
        yield batch["none"], batch["scalar"], batch["empty"], batch["weight"].sum().item(), (batch["weight"] * 2).shape


# ---------------------------------------------------------------- processes
def ended(processes):
    return all(process.exitcode is not None for process in processes)


def test_a_killed_worker_is_reported_at_once():
    data = world("facade").utils.data

    class Sleepy(data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            time.sleep(60 if index > 3 else 0)
            return index
    batches = iter(data.DataLoader(Sleepy(), 1, num_workers=2))
    workers = batches._workers
    assert [next(batches).item() for _ in range(4)] == [0, 1, 2, 3]
    os.kill(workers[1].pid, signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) {workers[1].pid}\) exited unexpectedly"):
        next(batches)
    assert time.monotonic() - start < 4
    os.kill(workers[0].pid, signal.SIGKILL)
    del batches
    assert ended(workers)


def test_a_worker_that_ends_itself():
    data = world("facade").utils.data
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(data.DataLoader([1, 2], collate_fn=lambda batch: os._exit(3), num_workers=1))


def test_nothing_is_left_behind():
    data = world("facade").utils.data
    before = set(glob.glob(parcel._SHARED_MEMORY + "/facade_*"))
    wide = data.DataLoader(range(40), None, collate_fn=lambda index: np.full(100_000, index), num_workers=2)
    batches = iter(wide)
    workers = batches._workers
    assert next(batches)[5] == 0 and set(glob.glob(parcel._SHARED_MEMORY + "/facade_*")) > before
    del batches                                         # in the middle, answers still on their way
    assert ended(workers)
    assert [array[7] for array in wide] == list(range(40))
    left = set(glob.glob(parcel._SHARED_MEMORY + "/facade_*")) - before
    for _ in range(100):            # those of other processes that test at the same time come and go
        left &= set(glob.glob(parcel._SHARED_MEMORY + "/facade_*"))
        if not left:
            break
        time.sleep(0.1)
    assert not left


def test_without_shared_memory_answers_go_through_the_pipe(monkeypatch):
    monkeypatch.setattr(parcel, "_laid_down", lambda parts, directory: None)
    data = world("facade").utils.data
    wide = data.DataLoader(range(9), None, collate_fn=lambda index: np.full(100_000, index), num_workers=2)
    assert [array[7] for array in wide] == list(range(9))


def test_an_answer_that_cannot_be_pickled():
    data = world("facade").utils.data
    with pytest.raises((AttributeError, TypeError), match="(?s)Caught .* in DataLoader worker process 0"):
        list(data.DataLoader([1], collate_fn=lambda batch: lambda: batch, num_workers=1))
    weights = world("facade").ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor which requires_grad"):
        list(data.DataLoader([1], collate_fn=lambda batch: weights * 2, num_workers=1))


def test_a_worker_computes_by_numpy_and_refuses_what_needs_xla():
    """XLA's threads are not in a forked process: what only XLA can do would be waited for without end."""
    torch = world("facade")
    x = torch.randn(300, 300)
    (x @ x).sum().item()
    pending = x @ x + 1

    def heavy(index):
        weights = torch.ones(300, requires_grad=True)
        ((pending[index] * weights) ** 2).sum().backward()
        return weights.grad, torch.nn.functional.softmax(x[index], 0), pending[index].sum().item()
    for index, (gradient, shares, total) in enumerate(torch.utils.data.DataLoader(range(4), None, collate_fn=heavy, num_workers=2)):
        row = (x @ x + 1)[index]
        assert torch.allclose(gradient, 2 * row**2, rtol=1e-3) and torch.allclose(shares, x[index].softmax(0), rtol=1e-4)
        assert total == pytest.approx(row.sum().item(), rel=1e-3)
    loader = torch.utils.data.DataLoader([0], collate_fn=lambda batch: torch.linalg.eigh(x).eigenvectors, num_workers=1)
    with pytest.raises(NotImplementedError, match="eigh needs XLA.*'spawn'"):
        list(loader)


def test_one_loader_within_another():
    data = world("facade").utils.data
    loader = data.DataLoader(range(6), 2, num_workers=2)
    assert [(a.tolist(), b.tolist()) for a in loader for b in loader] == [([i, i + 1], [j, j + 1]) for i in (0, 2, 4) for j in (0, 2, 4)]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_started_otherwise(method):
    data = world("facade").utils.data
    pairs = data.TensorDataset(world("facade").arange(6.0))
    context = multiprocessing.get_context(method)
    assert [batch.tolist() for batch, in data.DataLoader(pairs, 4, num_workers=1, multiprocessing_context=context)] == [[0, 1, 2, 3], [4, 5]]


@pytest.mark.sweep
@pytest.mark.parametrize("options", [{}, {"in_order": False}, {"persistent_workers": True}, {"prefetch_factor": 50}], ids=str)
def test_nothing_is_lost_or_doubled(options):
    torch = world("facade")
    x = torch.arange(100_000)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x * 2), 64, shuffle=True, num_workers=4, **options)
    for _ in range(2):
        found = [torch.stack(batch).numpy() for batch in loader]
        singles, doubles = np.concatenate(found, 1)
        assert sorted(singles) == list(range(100_000)) and (doubles == 2 * singles).all()


def test_out_of_order():
    torch = world("facade")
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.arange(200)), 8, num_workers=3, in_order=False)
    for _ in range(2):
        assert sorted(torch.cat([batch for batch, in loader]).tolist()) == list(range(200))
