"""Schedules over some epochs: rates, momentum, warnings, what is saved, and what is refused."""

import copy
import importlib
import warnings

import pytest

from tests.worlds import both_worlds, expressions, refusal

SCHEDULES = """
S.LambdaLR(o, lambda epoch: 0.9 ** epoch)
S.LambdaLR(o, [lambda epoch: 1 / (epoch + 1), lambda epoch: 0.5])
S.MultiplicativeLR(o, lambda epoch: 0.9)
S.StepLR(o, 3, 0.3)
S.MultiStepLR(o, [2, 2, 5], 0.5)
S.ConstantLR(o, 0.25, 4)
S.LinearLR(o, 0.1, 0.8, 6)
S.ExponentialLR(o, 0.9)
S.PolynomialLR(o, 6, 2.0)
S.CosineAnnealingLR(o, 3, 0.01)
S.CosineAnnealingWarmRestarts(o, 2, 2, 0.01)
S.CyclicLR(o, 0.01, [0.1, 0.2], 3, 2)
S.CyclicLR(o, 0.01, 0.1, 2, mode="triangular2")
S.CyclicLR(o, 0.01, 0.1, 2, mode="exp_range", gamma=0.9)
S.CyclicLR(o, 0.01, 0.1, 2, scale_fn=lambda at: 1 / (at + 1), scale_mode="iterations", cycle_momentum=False)
S.OneCycleLR(o, 0.2, total_steps=9)
S.OneCycleLR(o, [0.2, 0.3], epochs=3, steps_per_epoch=3, anneal_strategy="linear", three_phase=True)
S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=3), S.CosineAnnealingLR(o, 5)], [3])
S.SequentialLR(o, [S.SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], [2]), S.StepLR(o, 2)], [5])
S.ChainedScheduler([S.ConstantLR(o, 0.1, 4), S.ExponentialLR(o, 0.9)])
torch.optim.swa_utils.SWALR(o, [0.05, 0.02], 3)
torch.optim.swa_utils.SWALR(o, 0.05, 0, "linear")
"""
LINES = [line for line in SCHEDULES.strip().splitlines()]


def setting(torch, name="SGD", rate=0.1):
    """The names that the lines above use: an optimizer of two groups, and the module."""
    groups = [{"params": [torch.ones(2, requires_grad=True)]}, {"params": [torch.ones(2, requires_grad=True)], "lr": rate * 0.2}]
    options = {"momentum": 0.5} if name == "SGD" else {}
    return {"torch": torch, "S": torch.optim.lr_scheduler, "o": getattr(torch.optim, name)(groups, lr=rate, **options)}


def epochs(optimizer, scheduler, count=8):
    for _ in range(count):
        optimizer.step()
        scheduler.step()
        yield [[group[key] for key in ("lr", "momentum", "betas") if key in group] for group in optimizer.param_groups], scheduler.get_last_lr()


def plain(state):
    """A saved state without functions."""
    return {key: value if isinstance(value, (int, float, list, dict, type(None))) else type(value).__name__ for key, value in state.items()}


@pytest.mark.parametrize("line", LINES, ids=str)
@both_worlds
def test_schedule(torch, line):
    names = setting(torch)
    scheduler = eval(line, names)
    yield list(epochs(names["o"], scheduler)), plain(scheduler.state_dict())
    again = setting(torch)
    other = eval(line, again)
    again["o"].load_state_dict(copy.deepcopy(names["o"].state_dict()))
    other.load_state_dict(scheduler.state_dict())
    yield list(epochs(again["o"], other, 1))


@pytest.mark.parametrize("line", [line for line in LINES if "Sequential" not in line and "Chained" not in line], ids=str)
@both_worlds
def test_epochs_that_are_given(torch, line):
    names = setting(torch, "Adam")
    scheduler = eval(line, names)
    names["o"].step()
    for epoch in (2, 5, 4):
        yield refusal(scheduler.step, epoch), scheduler.get_last_lr(), scheduler.last_epoch


@pytest.mark.parametrize("line", ["S.ExponentialLR(o, 0.9)", "S.OneCycleLR(o, torch.tensor(0.2), total_steps=9)", "S.CosineAnnealingLR(o, 3)"])
@both_worlds
def test_rates_that_are_tensors(torch, line):
    names = setting(torch, "Adam", torch.tensor(0.1))
    rate = names["o"].param_groups[0]["lr"]
    scheduler = eval(line, names)
    yield list(epochs(names["o"], scheduler, 4)), rate is names["o"].param_groups[0]["lr"], scheduler.base_lrs


@both_worlds
def test_plateau(torch):
    for options in ({"patience": 1}, {"mode": "max", "patience": 0, "cooldown": 2, "threshold_mode": "abs", "min_lr": [0.03, 0.01]}, {"factor": 0.5}):
        names = setting(torch)
        scheduler = names["S"].ReduceLROnPlateau(names["o"], **options)
        for value in (3.0, 2.0, torch.tensor(2.5), 2.5, 2.4, 1.0, 3.0, 4.0, 5.0):
            scheduler.step(value)
            yield scheduler.get_last_lr(), scheduler.num_bad_epochs, scheduler.in_cooldown
        yield scheduler.state_dict()
        other = names["S"].ReduceLROnPlateau(names["o"])
        other.load_state_dict(scheduler.state_dict())
        yield other.state_dict()


@both_worlds
def test_warnings(torch):
    names = setting(torch)
    scheduler = names["S"].StepLR(names["o"], 2)
    plateau = names["S"].ReduceLROnPlateau(names["o"])
    calls = [scheduler.step, lambda: scheduler.step(3), scheduler.get_lr, lambda: plateau.step(1.0, 2)]
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        yield [(str(each.message), each.category.__name__) for each in caught]
    names = setting(torch)
    scheduler = names["S"].StepLR(names["o"], 2)
    names["o"].step = lambda: None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scheduler.step()
    yield [str(each.message) for each in caught]


@both_worlds
def test_functions_that_are_objects(torch):
    class Decay:
        def __init__(self, base):
            self.base = base

        def __call__(self, epoch):
            return self.base**epoch

    names = setting(torch)
    for make in (lambda base: names["S"].LambdaLR(names["o"], Decay(base)),
                 lambda base: names["S"].CyclicLR(names["o"], 0.1, 0.2, scale_fn=Decay(base))):
        saved = make(0.5).state_dict()
        other = make(0.9)
        yield plain(saved), other.load_state_dict(copy.deepcopy(saved)), plain(other.state_dict())


@both_worlds
def test_averages(torch):
    swa_utils = importlib.import_module(f"{torch.__name__}.optim.swa_utils")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    for options in ({}, {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}, {"avg_fn": swa_utils.get_ema_avg_fn(0.9)},
                    {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, {"avg_fn": swa_utils.get_swa_avg_fn(), "use_buffers": True}):
        average = swa_utils.AveragedModel(model, **options)
        for step in range(3):
            with torch.no_grad():
                for param in model.parameters():
                    param.add_(step + 1.0)
            model(torch.arange(6.0).reshape(3, 2) * step)
            average.update_parameters(model)
        yield average.state_dict(), repr(average), average(torch.tensor([[1.0, 2.0], [3.0, -1.0]]))
        swa_utils.update_bn([torch.arange(8.0).reshape(4, 2), (torch.ones(4, 2), 1)], average)
        yield list(average.buffers()), average.training, average.module[1].momentum


@expressions("""
S.StepLR(3, 4)
S.MultiStepLR(o, [3], last_epoch=3)
S.StepLR(o, 2, verbose=True)
S.LambdaLR(o, [1, 2, 3])
S.MultiplicativeLR(o, [3, 4])
S.ConstantLR(o, 2.0)
S.LinearLR(o, 0.0)
S.LinearLR(o, end_factor=2.0)
S.CyclicLR(o, 0.1, 1.0, mode="x")
S.CyclicLR(o, [0.1], 1.0)
S.CyclicLR(torch.optim.Adagrad([torch.ones(1)]), 0.1, 1.0)
S.CosineAnnealingWarmRestarts(o, -1)
S.CosineAnnealingWarmRestarts(o, 2, 0)
S.CosineAnnealingWarmRestarts(o, 2, eta_min="x")
S.CosineAnnealingWarmRestarts(o, 2).step(-1)
S.OneCycleLR(o, 1.0)
S.OneCycleLR(o, 1.0, total_steps=0)
S.OneCycleLR(o, 1.0, epochs=2, steps_per_epoch=0.5)
S.OneCycleLR(o, 1.0, total_steps=3, pct_start=2.0)
S.OneCycleLR(o, 1.0, total_steps=3, anneal_strategy="x")
S.ReduceLROnPlateau(o, factor=1.5)
S.ReduceLROnPlateau(o, "x")
S.ReduceLROnPlateau(o, threshold_mode="x")
S.ReduceLROnPlateau(o, min_lr=[1, 2, 3])
S.SequentialLR(o, [], [])
S.SequentialLR(o, [3], [])
S.SequentialLR(o, [S.StepLR(o, 2)], [1, 2])
S.SequentialLR(o, [S.ReduceLROnPlateau(o)], [])
S.SequentialLR(other, [S.StepLR(o, 2)], [])
S.ChainedScheduler([])
S.ChainedScheduler([S.StepLR(o, 2), S.StepLR(other, 2)])
S.LRScheduler(o)
torch.optim.swa_utils.SWALR(o, 0.1, anneal_strategy="x")
torch.optim.swa_utils.SWALR(o, 0.1, anneal_epochs=-1)
torch.optim.swa_utils.get_ema_avg_fn(2.0)
torch.optim.swa_utils.AveragedModel(torch.nn.Linear(1, 1), avg_fn=1, multi_avg_fn=2)
sorted(S.__all__), S.StepLR.__module__, S.OneCycleLR.__module__
""")
def test_refused(torch):
    return setting(torch) | {"other": setting(torch)["o"]}
