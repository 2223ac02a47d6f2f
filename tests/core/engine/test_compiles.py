"""What is compiled when, and what is said about it."""

import gc
import warnings

import jax
import pytest

import facade as torch
from facade.core.engine import counters, evaluate_all, expect_compiles, settings, stats


@pytest.fixture
def at_once():
    """Every program is compiled the first time; nothing is pending from before."""
    evaluate_all()
    before, settings.host_runs = settings.host_runs, 0
    yield
    settings.host_runs = before


def reasons(make):
    """How each program that `make(index)` has compiled at one line differs from the one before."""
    before = len(stats.compiles())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for index in range(2):
            make(index).tolist()
    return [each.reason for each in stats.compiles()[before:]][1:]


@pytest.mark.parametrize("make, told", [
    (lambda index: torch.tensor([[1.0] * (470 + index)]).exp(), "an input had the shape [1, 470] and has [1, 471] now"),
    (lambda index: torch.tensor([1.0, 2.0], dtype=[torch.float32, torch.float64][index]).exp(), "an input was float32 and is float64 now"),
    (lambda index: torch.tensor([1.0, 2.0]).pow(2 + index), "'pow' had the argument 2 and has 3 now"),
    (lambda index: [torch.exp, torch.sin][index](torch.tensor([1.0] * 401)), "'exp' was recorded and now 'sin'"),
    (lambda index: torch.tensor([1.0] * 402).exp() if index else torch.tensor([1.0] * 402).exp().exp(), "2 operations were pending and now 1"),
], ids=["shape", "dtype", "static", "control flow", "length"])
def test_a_program_tells_how_it_differs_from_the_one_before(at_once, make, told):
    found = reasons(make)
    assert len(found) == 1 and told in found[0]


def test_other_results_in_use_are_told(at_once):
    kept = []

    def make(index):
        x = torch.tensor([1.0] * 403)
        y = x.exp()
        if index:
            kept.append(y)
        return y.sin()
    found = reasons(make)
    assert len(found) == 1 and "other results of the same operations" in found[0], (stats.compiles()[-4:], counters())


def test_a_line_that_compiles_many_programs_is_warned_of_once(at_once):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for index in range(2 * settings.storm):
            torch.tensor([0.5] * (index + 200)).cos().tolist()
    told = [str(each.message) for each in caught if "facade has compiled" in str(each.message)]
    assert len(told) == 1 and "test_compiles.py" in told[0] and "drop_last=True" in told[0]
    assert [each.filename for each in caught if "facade has compiled" in str(each.message)] == [__file__]


def test_a_budget_of_programs_that_is_exceeded_lists_them(at_once):
    with pytest.raises(AssertionError, match=r"2 programs were compiled where at most 1 .*\n.*test_compiles.py.*\n.*test_compiles.py"):
        with expect_compiles(at_most=1):
            torch.tensor([1.0, 2.0]).tan().tolist()
            torch.tensor([1.0, 2.0]).atan().tolist()


def test_a_loop_compiles_the_third_time_and_a_rare_program_does_not():
    def run(count):
        before = counters()["programs"]
        for index in count:
            torch.tensor([0.25] * (300 + index)).sinh().tolist()
        return counters()["programs"] - before
    assert run([0, 0, 0, 0]) == 1
    assert run([*range(1, 11)] * 4) == 0


def test_sizes_that_come_three_times_each_soon_compile_no_more():
    """As PPO does: every episode has a length of its own, and is learnt from three times."""
    def run(sizes, times):
        before = counters()["programs"]
        for size in sizes:
            for _ in range(times):
                x = torch.ones(size, requires_grad=True)
                (x.asinh() * 2).sum().backward()
                x.grad.tolist()
        return counters()["programs"] - before
    assert run(range(31, 51), 3) <= 2
    assert run([55], 40) == 1
    assert run([56], 40) == 1


def train(steps, optimizer="Adam"):
    """So many steps of a small network."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    optimizer = getattr(torch.optim, optimizer)(model.parameters(), lr=0.01)
    inputs, targets = torch.randn(16, 4), torch.randint(0, 3, (16,))
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        yield


def grown(steps, between):
    """(live arrays, Python objects) gained by `between` steps, after as many to settle."""
    running = train(2 * steps + between)
    for _ in range(2 * steps):
        next(running)
    gc.collect()
    arrays, objects = len(jax.live_arrays()), len(gc.get_objects())
    for _ in range(between):
        next(running)
    gc.collect()
    return len(jax.live_arrays()) - arrays, len(gc.get_objects()) - objects


def test_steps_leave_nothing_behind():
    arrays, objects = grown(50, 500)
    assert arrays <= 0 and objects < 500 // 5


@pytest.mark.sweep
def test_a_hundred_thousand_steps_leave_nothing_behind():
    arrays, objects = grown(600, 100_000)
    assert arrays <= 0 and objects < 1000


def test_a_leak_would_be_seen():
    kept = []
    running = train(200)
    for _ in range(100):
        next(running)
    arrays = len(jax.live_arrays())
    for _ in range(100):
        next(running)
        kept.append(jax.numpy.zeros(3))
    assert len(jax.live_arrays()) - arrays >= 100
