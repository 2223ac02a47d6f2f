"""Checkpointing: the same gradients, what is run twice, and what is refused."""

import pytest

from tests.worlds import both_worlds, refusal


@pytest.mark.parametrize("reentrant", [True, False])
@both_worlds
def test_runs_twice_and_gives_the_same(torch, reentrant):
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def body(t, scale=2):
        print("run", torch.is_grad_enabled())
        return (t.sin() * t * scale).exp()

    y = torch.utils.checkpoint.checkpoint(body, x, use_reentrant=reentrant)
    yield y, y.requires_grad
    y.sum().backward()
    yield x.grad


@pytest.mark.parametrize("reentrant", [True, False])
@both_worlds
def test_random_numbers_are_drawn_again(torch, reentrant):
    x = torch.ones(8, requires_grad=True)
    y = torch.utils.checkpoint.checkpoint(lambda t: t * torch.rand(8), x, use_reentrant=reentrant)
    y.sum().backward()
    yield y, x.grad, torch.rand(1)


@both_worlds
def test_several_arguments_and_outputs(torch):
    x, w = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    first, second = torch.utils.checkpoint.checkpoint(lambda a, b, k: (a * b, b.exp() * k), x, w, 2, use_reentrant=False)
    (first + second).sum().backward()
    yield x.grad, w.grad
    (torch.utils.checkpoint.checkpoint(lambda a, scale: a * scale, x, use_reentrant=False, scale=3)).sum().backward()
    yield x.grad


@both_worlds
def test_nested_and_twice_differentiated(torch):
    checkpoint = torch.utils.checkpoint.checkpoint
    x = torch.tensor([0.5], requires_grad=True)
    y = checkpoint(lambda t: checkpoint(torch.sin, t, use_reentrant=False) * t, x, use_reentrant=False)
    first, = torch.autograd.grad(y, x, create_graph=True)
    yield first, torch.autograd.grad(first, x)


@both_worlds
def test_refusals(torch):
    checkpoint = torch.utils.checkpoint.checkpoint
    x = torch.ones(2, requires_grad=True)
    yield refusal(lambda: checkpoint(torch.sin, x, use_reentrant=True, scale=2))
    y = checkpoint(lambda t: t.sin() * t, x, use_reentrant=True)
    yield refusal(lambda: torch.autograd.grad(y.sum(), x))
    y = checkpoint(lambda t: t.sin() * t, x, use_reentrant=False)
    y.sum().backward()
    yield refusal(lambda: y.sum().backward())
    calls = []
    unsteady = checkpoint(lambda t: t.sin() if calls else calls.append(1) or t.sin().exp(), x, use_reentrant=False)
    yield refusal(lambda: unsteady.sum().backward())
    yield checkpoint(torch.sin, x.detach(), use_reentrant=False).requires_grad


@both_worlds
def test_sequence(torch):
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    stages = [torch.sin, torch.exp, lambda t: t * 2]
    y = torch.utils.checkpoint.checkpoint_sequential(stages, 2, x, use_reentrant=False)
    y.sum().backward()
    yield y, x.grad
