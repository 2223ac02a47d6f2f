"""`torch.optim.SGD`: every option, groups, closures, state that is saved and loaded, hooks and error texts."""

import copy

import pytest

from tests.worlds import both_worlds, expressions, refusal

OPTIONS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "dampening": {"momentum": 0.9, "dampening": 0.5},
    "weight decay": {"weight_decay": 0.1},
    "maximize": {"maximize": True},
    "all": {"momentum": 0.5, "dampening": 0.1, "weight_decay": 0.01, "maximize": True},
    "foreach": {"momentum": 0.9, "foreach": True},
    "one by one": {"momentum": 0.9, "foreach": False},
    "differentiable": {"differentiable": True},
}


def parameters(torch):
    return [torch.tensor([1.0, -2.0], requires_grad=True), torch.tensor([[0.5]], requires_grad=True)]


def loss_of(tensors):
    return sum((tensor**2).sum() + tensor.sin().sum() for tensor in tensors)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@both_worlds
def test_five_steps(torch, options):
    tensors = parameters(torch)
    optimizer = torch.optim.SGD(tensors, lr=0.1, **options)
    for _ in range(5):
        optimizer.zero_grad()
        loss = loss_of(tensors)
        loss.backward()
        optimizer.step()
        yield loss, *tensors
    yield optimizer, repr(optimizer), optimizer.state_dict(), [tensor._version for tensor in tensors]


@both_worlds
def test_changing_rate_and_groups(torch):
    first, second = parameters(torch)
    optimizer = torch.optim.SGD([{"params": [first], "lr": 0.5}, {"params": second, "momentum": 0.9}], lr=0.1)
    for step in range(3):
        optimizer.zero_grad()
        loss_of([first, second]).backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.5
        yield first, second
    yield [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups], optimizer.defaults
    yield repr(optimizer)


@both_worlds
def test_zero_grad_and_missing_gradients(torch):
    first, second = parameters(torch)
    optimizer = torch.optim.SGD([first, second], lr=0.1, momentum=0.9)
    yield optimizer.step()
    first.sum().backward()
    optimizer.step()
    yield first, second, len(optimizer.state), second in optimizer.state
    grad = first.grad
    optimizer.zero_grad(set_to_none=False)
    yield first.grad is grad, first.grad, second.grad
    optimizer.zero_grad()
    yield first.grad


@both_worlds
def test_closure(torch):
    tensors = parameters(torch)
    optimizer = torch.optim.SGD(tensors, lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(tensors)
        loss.backward()
        print(torch.is_grad_enabled())
        return loss

    yield optimizer.step(closure), optimizer.step(closure=closure)


@both_worlds
def test_save_and_resume(torch):
    def train(tensors, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss_of(tensors).backward()
            optimizer.step()

    tensors = parameters(torch)
    optimizer = torch.optim.SGD(tensors, lr=0.1, momentum=0.9)
    train(tensors, optimizer, 2)
    state = copy.deepcopy(optimizer.state_dict())
    resumed = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    other = torch.optim.SGD(resumed, lr=9.0)
    other.load_state_dict(state)
    train(tensors, optimizer, 2)
    train(resumed, other, 2)
    yield tensors, resumed, other.state_dict(), state
    yield refusal(torch.optim.SGD(resumed[:1], lr=1.0).load_state_dict, state)
    yield refusal(torch.optim.SGD([{"params": resumed[:1]}, {"params": resumed[1:]}], lr=1.0).load_state_dict, state)


@both_worlds
def test_hooks(torch):
    tensors = parameters(torch)
    optimizer = torch.optim.SGD(tensors, lr=0.1)
    optimizer.register_step_pre_hook(lambda owner, args, kwargs: print("before", tensors[0]))
    handle = optimizer.register_step_post_hook(lambda owner, args, kwargs: print("after", tensors[0]))
    optimizer.register_state_dict_post_hook(lambda owner, state: print(sorted(state)))
    loss_of(tensors).backward()
    optimizer.step()
    handle.remove()
    optimizer.step()
    optimizer.state_dict()


@both_worlds
def test_step_belongs_to_no_graph(torch):
    tensors = parameters(torch)
    optimizer = torch.optim.SGD(tensors, lr=0.1)
    shared = tensors[0].detach()
    loss = loss_of(tensors)
    loss.backward(retain_graph=True)
    optimizer.step()
    yield tensors[0].is_leaf, tensors[0].requires_grad, shared, tensors[0].grad_fn
    yield refusal(loss.backward)


@expressions("""
SGD(a)
SGD([a], lr=-1)
SGD([a], momentum=-0.5)
SGD([a], weight_decay=-1)
SGD([a], nesterov=True)
SGD([a], momentum=0.9, dampening=0.1, nesterov=True)
SGD([a], differentiable=True, fused=True)
SGD([a], foreach=True, fused=True)
SGD([])
SGD([3])
SGD("text")
SGD([a * 2])
SGD([a.detach()]).step()
SGD([a, a])
SGD([{"params": [a]}, {"params": [a]}])
SGD([{"params": {a}}])
SGD([{"lr": 1.0}])
SGD([{"params": a, "speed": 3}]).param_groups[0]["speed"]
SGD({a: 1})
SGD([a], lr=torch.tensor([0.1, 0.2]))
SGD([a], lr=torch.tensor(0.1)).defaults["lr"]
SGD([a]).defaults, SGD([a], 0.5, 0.9).defaults
SGD([a], 0.1).step(3)
SGD([a]).add_param_group([a])
SGD([a]).add_param_group({"params": a})
SGD([a]).add_param_group({"params": [b, a]})
SGD([("first", a), ("second", b)]).param_groups[0]["param_names"]
SGD([("first", a), b])
SGD([("first", a), ("first", b)])
torch.optim.Optimizer([a], {}).step()
torch.optim.SGD.__mro__[1], issubclass(torch.optim.SGD, torch.optim.Optimizer)
""")
def test_made(torch):
    return {"SGD": torch.optim.SGD, "a": torch.ones(2, requires_grad=True), "b": torch.ones(2, requires_grad=True)}
