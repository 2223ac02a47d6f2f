"""One tape a thread; values cross threads; nothing of what is recorded or evaluated at once gets mixed up."""

import threading

import numpy as np
import pytest

import facade as torch
from facade.core import engine


def in_threads(count, work):
    """`work(index)` in so many threads at once: the results in order; the first exception is raised."""
    results, failures, start = [None] * count, [], threading.Barrier(count)

    def run(index):
        try:
            start.wait(30)
            results[index] = work(index)
        except BaseException as failure:
            failures.append(failure)
    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]
    assert not any(thread.is_alive() for thread in threads)
    return results


def train(index):
    """The losses of a loop of its own, and where it ends."""
    generator = torch.Generator()
    generator.manual_seed(index)
    weight = torch.randn(4, 2, generator=generator).requires_grad_()
    inputs = torch.randn(6, 4, generator=generator)
    losses = []
    for step in range(15):
        loss = ((inputs @ weight).tanh() - 0.5).pow(2).mean()
        loss.backward()
        with torch.no_grad():
            weight -= (0.1 + index / 50) * weight.grad
            weight.grad.zero_()
        if step % 3 == 0:
            losses.append(loss.item())
    return losses, weight.tolist()


def test_eight_loops_at_once_give_what_they_give_alone():
    alone = [train(index) for index in range(8)]
    together = in_threads(8, train)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one[0], other[0], rtol=1e-5)
        np.testing.assert_allclose(one[1], other[1], rtol=1e-4, atol=1e-6)


def test_modes_belong_to_a_thread():
    def work(index):
        with torch.set_grad_enabled(index % 2 == 0):
            return [(torch.ones(2, requires_grad=True) * 2).requires_grad for _ in range(50)]
    assert in_threads(4, work) == [[True] * 50, [False] * 50] * 2


def test_a_pending_value_is_read_in_another_thread():
    x = torch.arange(5.0) * 2 + 1
    assert x._value.array is None
    assert in_threads(1, lambda index: x.tolist()) == [[1, 3, 5, 7, 9]]
    assert (x + 1).tolist() == [2, 4, 6, 8, 10]


def test_a_pending_value_is_used_in_another_thread():
    x = torch.ones(3) * 4
    made = in_threads(3, lambda index: x * index)
    assert [each.tolist() for each in made] == [[0] * 3, [4] * 3, [8] * 3]


def test_a_value_is_read_by_many_threads_at_once():
    for attempt in range(20):
        x = torch.full((6,), float(attempt)).sin() + 1
        read = in_threads(6, lambda index: x.tolist())
        assert all(each == read[0] for each in read)


def test_backward_through_a_graph_that_another_thread_made():
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    (loss,) = in_threads(1, lambda index: (weight * weight).sum())
    loss.backward()
    assert weight.grad.tolist() == [2, 4]


def test_one_thread_reads_while_the_other_goes_on_recording():
    """The reader evaluates a tape that grows meanwhile."""
    shared, done = [], threading.Event()

    def work(index):
        if index == 0:
            x = torch.zeros(2)
            for step in range(6000):
                x = x * 0.5 + 1
                if step % 20 == 0:
                    shared.append(x)
            done.set()
            return x.tolist()
        read = []
        while not done.is_set() or shared:
            if shared:
                read.append(shared.pop(0).tolist()[0])
        return read
    end, *read = in_threads(3, work)
    assert end == [2.0, 2.0]
    values = sorted(value for each in read for value in each)
    assert len(values) == 300 and values[0] == 1.0 and values[-1] == 2.0


def test_gradients_of_one_leaf_from_many_threads():
    """Each thread accumulates into a leaf of its own while they share an input."""
    shared = torch.arange(4.0) + 1

    def work(index):
        weight = torch.full((4,), float(index), requires_grad=True)
        for _ in range(10):
            (weight * shared).sum().backward()
        return weight.grad.tolist()
    assert in_threads(4, work) == [[10.0, 20.0, 30.0, 40.0]] * 4


def test_an_error_in_one_thread_leaves_the_others():
    def work(index):
        x = torch.arange(4.0) * (index + 1)
        if index == 1:
            with pytest.raises(IndexError):
                x[7]
            with pytest.raises(RuntimeError):
                x + torch.ones(3)
        return x.sum().item()
    assert in_threads(3, work) == [6, 12, 18]


def test_the_machine_of_these_tests_sees_failures():
    with pytest.raises(ZeroDivisionError):
        in_threads(3, lambda index: 1 / index)
    assert engine.counters()["evaluations"] > 0
