"""Checkpoints where the tests of behaviour leave off: the order of events, options, refusals, and memory."""

import contextlib
import gc

import jax
import pytest

from facade.core.engine import settings
from tests.worlds import both_worlds, expressions, refusal, world


def setup(torch):
    """Names for the lines below."""
    module = torch.utils.checkpoint
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def changing(first, second, **options):
        runs = []

        def body(t):
            runs.append(1)
            return (first if len(runs) == 1 else second)(t)
        module.checkpoint(body, x, use_reentrant=False, **options).sum().backward()
        return x.grad
    return {"module": module, "checkpoint": module.checkpoint, "sequential": module.checkpoint_sequential, "x": x, "changing": changing,
            "stages": [torch.sin, torch.exp, torch.cos]}


@expressions("""
checkpoint(torch.sin, x)
checkpoint(torch.sin, x.detach(), use_reentrant=True), checkpoint(torch.sin, x.detach(), use_reentrant=False)
checkpoint(torch.sin, x, use_reentrant=True, scale=2)
checkpoint(torch.sin, x, use_reentrant=True, context_fn=print)
checkpoint(torch.sin, x, use_reentrant=True, debug=True)
checkpoint(torch.sin, x, use_reentrant=False, determinism_check="some")
checkpoint(lambda t: (t * 2, 3), x, use_reentrant=True), checkpoint(lambda t: t[0] * 2, (x,), use_reentrant=True)
checkpoint(lambda t: t.detach(), x, use_reentrant=True).sum().backward()
checkpoint(lambda t: t.sin(), x, use_reentrant=True).sum().backward(inputs=[x])
changing(lambda t: t.sin().cos().log(), lambda t: t.sin())
changing(lambda t: t.sin(), lambda t: t.sin().cos())
changing(lambda t: t.sin(), lambda t: t.sin().cos(), early_stop=False)
changing(lambda t: t.sin().cos(), lambda t: t.double().sin().cos())
changing(lambda t: t.sin().cos(), lambda t: t[:1].sin().cos())
checkpoint(lambda t: 1 / 0, x, use_reentrant=False)
sequential(stages, 2, x)
sequential(stages, 2, x, use_reentrant=False), sequential(stages, 1, x, use_reentrant=True)
sequential(stages, 5, x, use_reentrant=False)
sequential(stages, 0, x, use_reentrant=False)
sequential(stages, 2, x, use_reentrant=False, more=3)
module.detach_variable((x, 3)), module.detach_variable((x.detach(),))[0].requires_grad
module.detach_variable(x)
issubclass(module.CheckpointError, RuntimeError)
""")
def test_line(torch):
    return setup(torch)


@both_worlds
def test_order_of_events(torch):
    space = setup(torch)
    checkpoint, x = space["checkpoint"], space["x"]

    def body(t):
        print("run")
        y = t.sin() * t
        print("after")
        return y

    y = checkpoint(body, x, use_reentrant=False)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    yield x.grad, refusal(lambda: y.sum().backward())
    with space["module"].set_checkpoint_early_stop(False):
        y = checkpoint(body, x, use_reentrant=False)
    y.sum().backward()
    y = checkpoint(body, x, use_reentrant=True)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    yield x.grad, refusal(lambda: y.sum().backward())


@both_worlds
def test_contexts_of_both_runs(torch):
    space = setup(torch)

    @contextlib.contextmanager
    def around(name):
        print("into", name)
        yield
        print("out of", name)

    y = space["checkpoint"](lambda t: t.sin(), space["x"], use_reentrant=False, context_fn=lambda: (around("first"), around("second")))
    y.sum().backward()


@both_worlds
def test_without_history(torch):
    space = setup(torch)
    with torch.no_grad():
        for reentrant in (True, False):
            yield space["checkpoint"](torch.sin, space["x"], use_reentrant=reentrant).requires_grad


@both_worlds
def test_inputs_written_to_since(torch):
    space = setup(torch)
    z = space["x"] * 1
    y = space["checkpoint"](lambda t: t.sin(), z, use_reentrant=False)
    with torch.no_grad():
        z.add_(1)
    yield refusal(lambda: y.sum().backward())


@pytest.mark.parametrize("preserve", [True, False])
@pytest.mark.parametrize("reentrant", [True, False])
@both_worlds
def test_random_numbers(torch, reentrant, preserve):
    x = torch.ones(4, requires_grad=True)
    body = lambda t: t * torch.rand(4)      # noqa: E731
    y = setup(torch)["checkpoint"](body, x, use_reentrant=reentrant, preserve_rng_state=preserve)
    between = torch.rand(1)
    y.sum().backward()
    yield y, between, x.grad, torch.rand(1)


@both_worlds
def test_custom_functions_inside(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, t):
            ctx.save_for_backward(t)
            return t**3

        @staticmethod
        def backward(ctx, g):
            print("backward")
            return g * 3 * ctx.saved_tensors[0] ** 2

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.utils.checkpoint.checkpoint(lambda t: Cube.apply(t.sin()).exp(), x, use_reentrant=False)
    y.sum().backward()
    yield x.grad


def live_arrays(torch, wrap):
    """How many large arrays are alive between forward and backward."""
    def body(t):
        return ((t.sin() * 2).exp().cos() * t).sin().exp()

    x = torch.ones(300, 1000).requires_grad_()
    y = x
    for _ in range(3):
        y = wrap(body, y)
    total = y.sum()
    total.item()
    gc.collect()
    count = sum(each.size >= x.numel() for each in jax.live_arrays())
    total.backward()
    return count


def test_intermediates_are_not_kept(monkeypatch):
    torch = world("facade")
    monkeypatch.setattr(settings, "host_runs", 0)       # what NumPy holds is not among JAX's arrays
    checkpoint = torch.utils.checkpoint.checkpoint
    plain = live_arrays(torch, lambda body, y: body(y))
    for reentrant in (True, False):
        assert live_arrays(torch, lambda body, y: checkpoint(body, y, use_reentrant=reentrant)) <= plain - 10
