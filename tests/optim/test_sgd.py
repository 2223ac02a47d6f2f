"""SGD and what all optimizers share: twenty steps in each dtype, what is saved, hooks, subclasses, steps that are differentiated."""

import copy
import importlib
import pickle

import jax.numpy as jnp
import pytest

from facade.core import engine
from facade.core.engine.stats import totals
from facade.optim._functional import Step, plus
from tests.worlds import both_worlds, expressions, refusal, world

OPTIONS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.013}, {"momentum": 0.9, "nesterov": True},
           {"maximize": True, "weight_decay": 0.1}]


def module(torch, name):
    """torch.optim hides its own modules behind the names that it exports."""
    return importlib.import_module(f"{torch.__name__}.{name}")


def trained(torch, dtype="float32", steps=3, **options):
    """Two parameters and their optimizer after some steps along given gradients."""
    begin = [(torch.arange(64) / 32 - 1).to(getattr(torch, dtype)), torch.tensor([[2.0]]).to(getattr(torch, dtype))]
    tensors = [each.clone().requires_grad_() for each in begin]
    optimizer = torch.optim.SGD(tensors, lr=0.037, **options)
    for step in range(steps):
        for tensor, each in zip(tensors, begin):
            tensor.grad = each * (step % 3 - 0.75)
        optimizer.step()
    return tensors, optimizer


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "complex64"])
@both_worlds
def test_twenty_steps(torch, dtype, options):
    tensors, optimizer = trained(torch, dtype, steps=20, **options)
    return tensors, [optimizer.state[tensor] for tensor in tensors if tensor in optimizer.state]


@both_worlds
def test_fused(torch):
    tensors, optimizer = trained(torch, momentum=0.9, nesterov=True, fused=True)
    yield tensors, optimizer.state[tensors[0]]
    yield refusal(lambda: trained(torch, "complex64", fused=True))


@both_worlds
def test_a_rate_that_is_a_tensor(torch):
    rate = torch.tensor([0.1])
    tensors, optimizer = trained(torch)
    optimizer.param_groups[0]["lr"] = rate
    optimizer.step()
    yield tensors
    rate.fill_(0.5)
    optimizer.step()
    yield tensors, repr(torch.optim.SGD(tensors, lr=torch.tensor(0.25)))


@both_worlds
def test_gradients_through_steps(torch):
    source, rate = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(0.1, requires_grad=True)
    weights = source.clone()
    optimizer = torch.optim.SGD([weights], lr=rate, momentum=0.9, weight_decay=0.1, nesterov=True, differentiable=True)
    for step in range(3):
        weights.grad = source * source * (step + 1)
        optimizer.step()
    yield weights.detach(), weights._version
    yield torch.autograd.grad(weights.sum(), [source, rate])


@both_worlds
def test_versions_and_identity(torch):
    for options in ({}, {"momentum": 0.9}, {"momentum": 0.9, "foreach": True, "weight_decay": 0.1}):
        tensors, optimizer = trained(torch, **options)
        buffers = [optimizer.state[tensor].get("momentum_buffer") for tensor in tensors]
        optimizer.step()
        yield [tensor._version for tensor in tensors], [tensor.grad._version for tensor in tensors]
        yield [buffer is None or buffer._version for buffer in buffers]
        yield [optimizer.state[tensor].get("momentum_buffer") is buffer for tensor, buffer in zip(tensors, buffers)]


@both_worlds
def test_a_write_is_seen_by_the_graph(torch):
    tensor = torch.tensor([1.0, 2.0], requires_grad=True)
    result = (tensor * tensor).sum()
    tensor.grad = torch.ones(2)
    torch.optim.SGD([tensor], lr=0.5).step()
    return refusal(result.backward)


@both_worlds
def test_the_same_memory_twice(torch):
    tensor = torch.tensor([1.0, 2.0], requires_grad=True)
    other = tensor.detach().requires_grad_()
    tensor.grad = other.grad = torch.tensor([1.0, 10.0])
    torch.optim.SGD([tensor, tensor, other], lr=0.1, weight_decay=1.0).step()
    return tensor, other


@both_worlds
def test_copies(torch):
    tensors, optimizer = trained(torch, momentum=0.9)
    optimizer.register_step_post_hook(lambda *given: print("called"))
    for made in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        own = made.param_groups[0]["params"]
        yield repr(made), made.state_dict(), own, own[0] is tensors[0], [tensor in made.state for tensor in own]
        own[0].grad = torch.ones(64)
        made.step()
        yield own, tensors
    yield sorted(optimizer.__getstate__())


@both_worlds
def test_loading(torch):
    tensors, optimizer = trained(torch, steps=1, momentum=0.9)
    saved = optimizer.state_dict()
    saved["state"]["extra"] = [torch.ones(1), {"pair": (1, 2)}]
    wide = [tensor.detach().to(torch.float64).requires_grad_() for tensor in tensors]
    other = torch.optim.SGD([("first", wide[0]), ("second", wide[1])], lr=9.0)
    other.register_load_state_dict_pre_hook(lambda owner, state: print("before", list(state)))
    other.register_load_state_dict_pre_hook(lambda owner, state: print("first"), prepend=True)
    other.register_load_state_dict_post_hook(lambda owner: print("after"))
    other.load_state_dict(saved)
    yield other.state[wide[0]], other.state["extra"], repr(other), other.state_dict()["param_groups"]
    other.register_state_dict_pre_hook(lambda owner: print("saving"))
    other.register_state_dict_post_hook(lambda owner, state: {"replaced": 1})
    yield other.state_dict()
    same = torch.optim.SGD([tensor.detach().requires_grad_() for tensor in tensors])
    same.load_state_dict(saved)
    yield same.state[same.param_groups[0]["params"][0]]["momentum_buffer"] is saved["state"][0]["momentum_buffer"]
    yield refusal(other.load_state_dict, 3), refusal(other.load_state_dict, {"state": {}})


@both_worlds
def test_hooks_on_every_optimizer(torch):
    optimizers = module(torch, "optim.optimizer")
    _, optimizer = trained(torch)
    handles = [optimizers.register_optimizer_step_pre_hook(lambda owner, args, kwargs: print("every, before", len(args), list(kwargs))),
               optimizers.register_optimizer_step_post_hook(lambda owner, args, kwargs: print("every, after"))]
    with optimizer.register_step_pre_hook(lambda owner, args, kwargs: print("one, before")):
        optimizer.register_step_post_hook(lambda owner, args, kwargs: print("one, after"))
        optimizer.step()
    yield optimizer.step(closure=lambda: 5.0)
    for handle in handles:
        handle.remove()
    with optimizer.register_step_pre_hook(lambda owner, args, kwargs: ((owner, lambda: 7.0), {})):
        yield optimizer.step()
    optimizer.register_step_pre_hook(lambda owner, args, kwargs: 3)
    yield refusal(optimizer.step)


@both_worlds
def test_an_optimizer_of_ones_own(torch):
    required = module(torch, "optim.optimizer").required

    class Sign(torch.optim.Optimizer):
        def __init__(self, params, lr=required):
            super().__init__(params, {"lr": lr})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for param in group["params"]:
                    param -= group["lr"] * param.grad.sign()
                    self.state[param]["count"] = self.state[param].get("count", 0) + 1

    tensor = torch.tensor([1.0, -2.0], requires_grad=True)
    yield refusal(Sign, [tensor])
    optimizer = Sign([{"params": [tensor], "lr": 0.5}])
    optimizer.register_step_post_hook(lambda *given: print("after"))
    (tensor**2).sum().backward()
    optimizer.step()
    yield tensor, repr(optimizer), optimizer.state_dict()


@expressions("""
SGD([])
SGD(None)
SGD([None])
SGD([("first",)])
SGD([{"params": 3}])
SGD([{"params": []}])
SGD([{"params": [a]}, {"a": 1}])
SGD(iter([a]))
SGD([a], lr=None)
SGD([a], lr="text")
SGD([a], momentum="text")
SGD([a], lr=torch.tensor(-0.5))
SGD([a], weight_decay=torch.tensor(0.1)).defaults["weight_decay"]
SGD([a], nesterov=True, momentum=0.5, dampening=0.1)
SGD([a], fused=True, foreach=False)
SGD([a], speed=3)
SGD()
SGD([("first", a)]).add_param_group({"params": b})
SGD([a]).add_param_group({"params": [("second", b)]})
SGD([a]).add_param_group({"params": {b}})
SGD([a * 2], differentiable=True)
SGD([a]).zero_grad()
SGD([a]).state
torch.optim.SGD.__module__, SGD.step.__name__, SGD.step.__qualname__
""")
def test_made(torch):
    return {"SGD": torch.optim.SGD, "a": torch.ones(2, requires_grad=True), "b": torch.ones(2, requires_grad=True)}


def test_a_step_evaluates_nothing_and_a_new_rate_compiles_nothing():
    torch = world("facade")
    (first, _), optimizer = trained(torch, momentum=0.9)
    engine.evaluate_all()
    with torch.no_grad():
        for step in range(8):
            before = totals.evaluations, totals.kernels
            optimizer.param_groups[0]["lr"] = 1 / (step + 1)
            optimizer.step()
            assert (totals.evaluations, totals.kernels) == before
            if step == 4:
                programs = totals.programs
            first.tolist()
    assert totals.programs == programs


def test_a_rule_is_a_function_of_arrays():
    def rule(param, grad, count, *, lr, upwards):
        return plus(param, -grad if upwards else grad, lr), jnp.zeros(()) if count is None else count + 1

    step = Step(rule, {"count": 1}).specialize((), (("lr",), (("upwards", True),)))
    param, begun, other, counted = step(jnp.asarray(2.0), jnp.ones(2), jnp.ones(2), None, jnp.zeros(1), jnp.ones(1), jnp.asarray(4.0))
    assert param.tolist() == [-1.0, -1.0] and other.tolist() == [-2.0] and (begun, counted) == (0, 5)
