"""Every optimizer over twenty steps in each dtype: parameters, state, versions, and what is refused."""

import copy

import pytest

from facade.core import engine
from facade.core.engine.stats import totals
from tests.worlds import both_worlds, expressions, refusal, world

ADAPTIVE = ["Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "Muon", "NAdam", "RAdam", "RMSprop", "Rprop"]
OPTIONS = {"Adadelta": {"rho": 0.8}, "Adafactor": {"d": 1.5, "eps": (1e-6, 1e-2)}, "Adagrad": {"lr_decay": 0.1, "initial_accumulator_value": 0.2},
           "Adam": {"amsgrad": True}, "AdamW": {"amsgrad": True, "betas": (0.3, 0.9)}, "Adamax": {"betas": (0.5, 0.9)},
           "ASGD": {"t0": 3, "lambd": 0.01}, "Muon": {"nesterov": False, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3},
           "NAdam": {"decoupled_weight_decay": True, "weight_decay": 0.1},
           "RAdam": {"decoupled_weight_decay": True, "weight_decay": 0.1}, "RMSprop": {"momentum": 0.9, "centered": True},
           "Rprop": {"etas": (0.3, 1.5)}}


def begun(torch, name, dtype="float32", **options):
    """Two parameters, and their optimizer."""
    shapes = [(4, 3), (3, 3)] if name == "Muon" else [(4, 3), (3,)]
    params = [(torch.arange(1, 1 + shape[0] * shape[-1] if len(shape) > 1 else 4) / 7 - 0.7).reshape(shape).to(getattr(torch, dtype)).requires_grad_()
              for shape in shapes]
    return params, getattr(torch.optim, name)(params, **options)


def trained(torch, name, dtype="float32", steps=3, **options):
    """The same after some steps down a paraboloid that leans."""
    params, optimizer = begun(torch, name, dtype, **options)
    for step in range(steps):
        for param in params:
            param.grad = param.detach() * (1 + step % 3) - 0.1
        optimizer.step()
    return params, optimizer


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "complex64"])
@both_worlds
def test_steps(torch, name, dtype):
    if name in ("Adafactor", "Muon") and dtype in ("bfloat16", "complex64"):
        return refusal(trained, torch, name, dtype, 1) if dtype == "complex64" else None
    params, optimizer = trained(torch, name, dtype, steps=8)
    yield params, [optimizer.state[param] for param in params]
    yield [param._version for param in params], [{key: value._version for key, value in optimizer.state[param].items()} for param in params]


@pytest.mark.parametrize("name", ADAPTIVE)
@both_worlds
def test_options(torch, name):
    params, optimizer = trained(torch, name, steps=8, **OPTIONS[name])
    yield params, [optimizer.state[param] for param in params], repr(optimizer), optimizer.state_dict()
    shared = {"weight_decay": 0.1, "maximize": True} if name not in ("Muon", "Rprop") else {}
    yield trained(torch, name, lr=torch.tensor(0.02), **shared)[0]


@pytest.mark.parametrize("name", ADAPTIVE)
@both_worlds
def test_loaded_copied_and_late(torch, name):
    params, optimizer = trained(torch, name)
    saved = copy.deepcopy(optimizer.state_dict())
    others, other = begun(torch, name)
    other.load_state_dict(saved)
    for which in (0, 1, 1, 0):              # apart from here on
        others[which].grad = others[which].detach() + 0.5
        others[1 - which].grad = None
        other.step()
    yield others, other.state_dict()["state"], params
    copied = copy.deepcopy(optimizer)
    for param in copied.param_groups[0]["params"]:
        param.grad = param.detach()
    copied.step()
    yield copied.state_dict()["state"], optimizer.state_dict()["state"]


@pytest.mark.parametrize("name", [name for name in ADAPTIVE if name not in ("Adafactor", "Muon")])
@both_worlds
def test_gradients_through_steps(torch, name):
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    weights = source.clone()
    optimizer = getattr(torch.optim, name)([weights], differentiable=True)
    for step in range(1 if name in ("Adamax", "NAdam", "Rprop") else 3):        # torch cannot go back through two steps of these
        weights.grad = source * source * (step + 1)
        optimizer.step()
    yield weights.detach()
    yield torch.autograd.grad(weights.sum(), source)


@both_worlds
def test_the_count_is_a_tensor(torch):
    """It can be read, written and replaced, and the next step goes on from there."""
    (param, other), optimizer = trained(torch, "Adam")
    count = optimizer.state[param]["step"]
    view, clone = count.view(1), count.clone()
    optimizer.step()
    yield count, view, clone, count._version, count.numpy(), count.item(), count + 1
    count.fill_(10)
    optimizer.step()
    yield count, view, optimizer.state[other]["step"], param, other
    optimizer.state[param]["step"] = torch.tensor(2.0)
    optimizer.step()
    optimizer.step()
    yield [optimizer.state[each]["step"] for each in (param, other)], param, count
    optimizer.state[param]["step"] = optimizer.state[other]["step"]
    optimizer.step()
    yield optimizer.state[param]["step"], param, other
    optimizer.state[param]["step"] = 3
    yield refusal(optimizer.step)


@both_worlds
def test_numbers_of_old_versions(torch):
    for name in ("Adam", "ASGD", "NAdam"):
        params, optimizer = trained(torch, name)
        saved = copy.deepcopy(optimizer.state_dict())
        for state in saved["state"].values():
            state.update({key: value.item() for key, value in state.items() if value.ndim == 0})
        for group in saved["param_groups"]:
            for key in ("foreach", "maximize", "capturable", "differentiable"):
                del group[key]
        optimizer.load_state_dict(saved)
        optimizer.step()
        yield params, optimizer.state_dict()


@both_worlds
def test_betas_that_are_tensors(torch):
    params, optimizer = trained(torch, "Adam", betas=(torch.tensor(0.8), torch.tensor([0.99])))
    return params, repr(optimizer)


@expressions("""
[C([a], lr=-1.0)]
[C([a], eps=-1.0)]
[C([a], weight_decay=-1.0)]
[C([a], betas=(1.0, 0.9))]
[C([a], betas=(0.9, -1.0))]
[C([a], betas=(torch.tensor(0.9), 0.9))]
[C([a], betas=(torch.ones(2) / 2, torch.ones(2) / 2))]
[C([a], betas=(torch.tensor(0.9), torch.tensor(0.9)), foreach=True)]
[C([a], lr=torch.tensor(0.1), foreach=True)]
[C([a], lr=torch.ones(2))]
[C([a], fused=True, foreach=True)]
[C([a], fused=True, differentiable=True)]
C([a], capturable=True).step()
C([a], capturable=True, foreach=True).step()
torch.optim.NAdam([a], capturable=True).step()
torch.optim.ASGD([a], capturable=True, foreach=True).step()
torch.optim.Adadelta([a], capturable=True).step()
torch.optim.RMSprop([a], foreach=True, differentiable=True).step()
[torch.optim.Rprop([a], etas=(1.5, 0.5))]
[torch.optim.Adadelta([a], rho=2.0)]
[torch.optim.Adafactor([a], eps=(-1.0, 1.0))]
[torch.optim.Adafactor([a], d=0.5)]
[torch.optim.Muon([a])]
[torch.optim.SparseAdam([a], lr=0.0)]
torch.optim.SparseAdam([a]).step()
[torch.optim.LBFGS([{"params": [a]}, {"params": [b]}])]
[torch.optim.LBFGS([a], line_search_fn="armijo").step(lambda: (a * a).sum())]
""")
def test_refused(torch):
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    a.grad = torch.ones(2)
    return {"C": torch.optim.Adam, "a": a, "b": b}


@pytest.mark.parametrize("options", [{}, {"line_search_fn": "strong_wolfe"}, {"lr": 0.2, "history_size": 2, "max_iter": 7}], ids=str)
@both_worlds
def test_lbfgs(torch, options):
    params = [torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True),
              torch.tensor([0.5 + 1j], dtype=torch.complex128, requires_grad=True)]
    optimizer = torch.optim.LBFGS(params, **options)

    def closure():
        optimizer.zero_grad()
        (x, y), z = params
        loss = (1 - x) ** 2 + 5 * (y - x * x) ** 2 + (z * z.conj()).real.sum() * 0.5
        loss.backward()
        return loss
    yield [optimizer.step(closure).item() for _ in range(2)], params
    state = optimizer.state[params[0]]
    yield list(state), state["func_evals"], state["n_iter"], len(state["old_dirs"]), len(state["al"])


@both_worlds
def test_other_parameters_for_a_while(torch):
    (param, other), optimizer = trained(torch, "Adam")
    saved, own = copy.deepcopy(optimizer.state_dict()), optimizer.param_groups[0]["params"]
    replaced = {"first": torch.ones(4, 3, requires_grad=True), "second": torch.ones(3, requires_grad=True)}
    with torch.optim.swap_in_optimizer_params_and_state(optimizer, replaced, saved):
        for each in replaced.values():
            each.grad = torch.ones_like(each)
        optimizer.step()
    yield replaced, saved["state"], optimizer.state_dict()["state"], optimizer.param_groups[0]["params"] is own, param
    for state in (3, {"state": 3}, {"state": {}, "param_groups": []}, {"state": {7: {}}, "param_groups": saved["param_groups"]}):
        yield refusal(torch.optim.swap_in_optimizer_params_and_state(optimizer, replaced, state).__enter__)


@pytest.mark.parametrize("name", ["Adam", "NAdam", "RAdam", "RMSprop"])
def test_what_changes_compiles_nothing(name):
    torch = world("facade")
    params, optimizer = trained(torch, name)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=12, cycle_momentum=name != "RMSprop")
    for step in range(9):
        before = totals.evaluations
        optimizer.step()
        scheduler.step()
        assert totals.evaluations == before
        if step == 4:
            programs, kernels = totals.programs, totals.kernels
        params[0].tolist()
        engine.evaluate_all()
    assert (totals.programs, totals.kernels) == (programs, kernels)


def test_clipping_and_a_step_are_one_evaluation():
    torch = world("facade")
    params, optimizer = trained(torch, "AdamW")
    engine.evaluate_all()
    for param in params:
        param.grad = torch.ones_like(param)
    before = totals.evaluations
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
    assert totals.evaluations == before
    params[0].tolist()
    assert totals.evaluations == before + 1
