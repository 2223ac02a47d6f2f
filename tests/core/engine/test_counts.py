"""What the engine compiles and runs, counted: a loop settles, and what changes from step to step compiles nothing."""

import itertools

import pytest

import facade as torch
from facade.core import engine
from facade.core.engine import counters, expect_compiles
from facade.optim import SGD

WARM_UP, MEASURED = 24, 6
INPUTS = [[((3 * row + column) % 7 - 3) / 2 for column in range(3)] for row in range(8)]


def counted(step, steps):
    """What the counters gained while these steps ran."""
    before = counters()
    for index in steps:
        step(index)
    after = counters()
    return {name: after[name] - before[name] for name in before}


def settles(step, evaluations=1, programs=2):
    """Assert: so many evaluations a step, at most so many programs in all, none after the first steps."""
    first = counted(step, range(WARM_UP))
    assert first["programs"] <= programs
    later = counted(step, range(WARM_UP, WARM_UP + MEASURED))
    assert later["programs"] == 0 and later["kernels"] == 0
    assert later["evaluations"] == evaluations * MEASURED


@pytest.fixture
def data():
    """Inputs of eight rows and what a linear function makes of them."""
    inputs = torch.tensor(INPUTS)
    return inputs, inputs @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.25


@pytest.fixture
def network():
    """(parameters, forward) of a network with one hidden layer."""
    torch.manual_seed(0)
    weights = [torch.randn(3, 8, requires_grad=True), torch.zeros(8, requires_grad=True),
               torch.randn(8, 1, requires_grad=True), torch.zeros(1, requires_grad=True)]
    return weights, lambda inputs: torch.relu(inputs @ weights[0] + weights[1]) @ weights[2] + weights[3]


# ---------------------------------------------------------------- training loops
def test_accumulation():
    x = torch.ones(4, requires_grad=True)
    settles(lambda index: (x * 3).mean().backward())
    assert x.grad.tolist() == [0.75 * (WARM_UP + MEASURED)] * 4


def test_gradient_descent_by_hand(data):
    inputs, targets = data
    weight = torch.zeros(3, 1, requires_grad=True)

    def step(index):
        ((inputs @ weight - targets) ** 2).mean().backward()
        with torch.no_grad():
            weight.sub_(weight.grad * 0.05)
            weight.grad.zero_()
    settles(step)


def test_network_with_an_optimizer(data, network):
    inputs, targets = data
    weights, forward = network
    optimizer = SGD(weights, lr=0.01, momentum=0.9)

    def step(index):
        optimizer.zero_grad()
        ((forward(inputs) - targets) ** 2).mean().backward()
        optimizer.step()
    settles(step)


def test_accumulation_over_micro_batches(data, network):
    inputs, targets = data
    weights, forward = network
    optimizer = SGD(weights, lr=0.01)

    def step(index):
        optimizer.zero_grad()
        for start in range(0, 8, 2):
            (((forward(inputs[start:start + 2]) - targets[start:start + 2]) ** 2).mean() / 4).backward()
        optimizer.step()
    settles(step, evaluations=4, programs=6)


def test_alternating_losses(data, network):
    inputs, targets = data
    weights, forward = network
    optimizer = SGD(weights, lr=0.01)

    def step(index):
        optimizer.zero_grad()
        error = forward(inputs) - targets
        ((error ** 2).mean() if index % 2 else error.abs().mean()).backward()
        optimizer.step()
    settles(step, programs=4)


# ---------------------------------------------------------------- what changes compiles nothing
def changing_rate(inputs, index):
    weight = torch.ones(3, 1, requires_grad=True)
    optimizer = SGD([weight], lr=1.0)
    optimizer.param_groups[0]["lr"] = 0.1 / (index + 1)
    (inputs @ weight).sum().backward()
    optimizer.step()
    return weight.sum().item()


def changing_mask(inputs, index):
    filled = inputs * 1.0
    filled[torch.tensor([(row + index) % 3 == 0 for row in range(8)])] = float(index)
    return filled.sum().item()


CHANGING = {
    "learning rate": (changing_rate, lambda index: 3 - 0.1 / (index + 1) * sum(map(sum, INPUTS))),
    "alpha": (lambda inputs, index: torch.add(inputs, inputs, alpha=index / 4).sum().item(), lambda index: sum(map(sum, INPUTS)) * (1 + index / 4)),
    "factor": (lambda inputs, index: (inputs * (index / 8)).sum().item(), lambda index: sum(map(sum, INPUTS)) * index / 8),
    "loop index": (lambda inputs, index: inputs[index % 8].sum().item(), lambda index: sum(INPUTS[index % 8])),
    "two indices": (lambda inputs, index: inputs[index % 8, index % 3].item(), lambda index: INPUTS[index % 8][index % 3]),
    "negative index": (lambda inputs, index: inputs[-1 - index % 8, 0].item(), lambda index: INPUTS[-1 - index % 8][0]),
    "batch offset": (lambda inputs, index: inputs[index % 5:index % 5 + 3].sum().item(), lambda index: sum(map(sum, INPUTS[index % 5:index % 5 + 3]))),
    "mask": (changing_mask, lambda index: sum(float(index) * 3 if (row + index) % 3 == 0 else sum(values) for row, values in enumerate(INPUTS))),
}


@pytest.mark.parametrize("program, expected", CHANGING.values(), ids=CHANGING)
def test_what_changes_compiles_nothing(data, program, expected):
    results = [program(data[0], index) for index in range(WARM_UP)]
    with expect_compiles(0):
        results += [program(data[0], index) for index in range(WARM_UP, WARM_UP + 12)]
    assert results == pytest.approx([expected(index) for index in range(WARM_UP + 12)], rel=1e-5)


def test_a_write_at_a_changing_place_compiles_nothing():
    x = torch.zeros(10)

    def step(index):
        x[index % 10] = float(index)
        x[index % 7:index % 7 + 2] += 0.5
        return x.sum().item()
    settles(step, programs=2)


# ---------------------------------------------------------------- reads
def test_reads_inside_a_loop(data, network):
    inputs, targets = data
    weights, forward = network
    optimizer, best, losses = SGD(weights, lr=0.01), torch.tensor(float("inf")), []

    def step(index):
        nonlocal best
        optimizer.zero_grad()
        loss = ((forward(inputs) - targets) ** 2).mean()
        if loss < best:
            best = loss.detach()
        loss.backward()
        optimizer.step()
        print(loss)
        losses.append(loss.item())
    first = counted(step, range(WARM_UP))
    later = counted(step, range(WARM_UP, WARM_UP + MEASURED))
    assert first["programs"] <= 6 and later["programs"] == 0 and later["evaluations"] <= 3 * MEASURED
    assert losses == sorted(losses, reverse=True) and best.item() == losses[-1]


def test_reading_twice_evaluates_once():
    x = torch.ones(3) * 2
    assert counted(lambda index: (x.sum().item(), x.sum().item())[0], range(1))["evaluations"] == 2
    assert counted(lambda index: (x.tolist(), x.numpy(), repr(x), x[0].item()), range(1))["evaluations"] <= 1


def test_the_counters_count():
    """The checks above would see a program too many and an evaluation too many."""
    shapes = itertools.count(50)
    with pytest.raises(AssertionError):
        settles(lambda index: torch.ones(next(shapes)).cos().sum().item())
    x = torch.ones(3)
    with pytest.raises(AssertionError):
        settles(lambda index: (x.sum().item(), x.mean().item()))
    before, engine.settings.host_runs = engine.settings.host_runs, 0
    try:
        with pytest.raises(AssertionError, match="1 program was compiled where at most 0"), expect_compiles(0):
            torch.ones(41).sinh().sum().item()
    finally:
        engine.settings.host_runs = before


@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_what_numpy_made_and_a_program_may_overwrite_keeps_its_64_bits(dtype):
    x = torch.arange(1 << 14, dtype=getattr(torch, dtype)) + (1 << 40)
    for index in range(8):
        x = x + 1
        assert x[-1].item() == (1 << 40) + (1 << 14) + index
        assert x.dtype is getattr(torch, dtype)
