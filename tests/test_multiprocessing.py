"""torch.multiprocessing: Python's own under another name, and `spawn`."""

import multiprocessing
import os
import signal

import pytest

from facade import multiprocessing as processes
from tests.worlds import both_worlds, refusal


def double(index, queue):
    """What a spawned process does: its number, twice."""
    queue.put(2 * index)


def fail(index, how):
    """What a spawned process does: it raises, or is killed."""
    if how == "raise":
        raise ValueError(f"process {index}")
    os.kill(os.getpid(), signal.SIGKILL)


@both_worlds
def test_names(torch):
    module = torch.multiprocessing
    yield sorted(module.get_all_sharing_strategies()), module.get_sharing_strategy(), module.cpu_count() == multiprocessing.cpu_count()
    yield module.Process is multiprocessing.Process, module.get_context("spawn").Process is multiprocessing.get_context("spawn").Process
    yield type(refusal(module.set_sharing_strategy, "bad"))


def test_spawn():
    queue = multiprocessing.get_context("fork").SimpleQueue()
    assert processes.start_processes(double, (queue,), 2, start_method="fork") is None
    assert sorted([queue.get(), queue.get()]) == [0, 2]


@pytest.mark.parametrize("how, kind, message", [("raise", processes.ProcessRaisedException, "(?s)-- Process 0 terminated with the following error:.*ValueError: process 0"),
                                                ("kill", processes.ProcessExitedException, "process 0 terminated with signal SIGKILL")])
def test_spawn_fails(how, kind, message):
    with pytest.raises(kind, match=message):
        processes.spawn(fail, (how,), start_method="fork")
