"""The emitted source of training steps runs without facade, and gives the losses that PyTorch and facade gave."""

import inspect
import json
import os
import pickle
import subprocess
import sys

import jax
import numpy as np
import pytest

import facade
from tests import oracle
from tests.workbench.programs import ALL

STEPS = 5
named = pytest.mark.parametrize("program", ALL, ids=lambda program: program.__name__)

ALONE = """
import json, pickle, sys
sys.modules["facade"] = sys.modules["torch"] = None
losses = {}
for name, (source, arguments) in pickle.load(open(sys.argv[1], "rb")).items():
    module = {}
    exec(source, module)
    losses[name] = []
    for _ in range(%d):
        *made, loss = module["step"](**arguments)
        arguments.update(zip([each for each in ("params", "state") if each in arguments] + ["buffers"], made))
        losses[name].append(float(loss))
print(json.dumps(losses))
""" % STEPS


def losses_of(torch, program):
    torch.manual_seed(0)
    step, _, _ = program(torch)
    return [float(step()) for _ in range(STEPS)]


def traced(program):
    facade.manual_seed(0)
    step, model, optimizer = program(facade)
    return facade.trace_step(step, model=model, optimizer=optimizer)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """program's name -> the losses of its emitted source, in a process where facade cannot be imported."""
    path = tmp_path_factory.mktemp("sources") / "programs"
    steps = {program.__name__: traced(program) for program in ALL}
    path.write_bytes(pickle.dumps({name: (str(step.to_source()), step.arguments) for name, step in steps.items()}))
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return json.loads(subprocess.run([sys.executable, "-c", ALONE, path], capture_output=True, text=True, check=True, env=environment).stdout)


@named
def test_the_source_alone_trains_as_facade_does(program, alone):
    np.testing.assert_allclose(alone[program.__name__], losses_of(facade, program), rtol=1e-5)


@pytest.mark.skipif(not oracle.HAVE_TORCH, reason="needs PyTorch")
@named
def test_and_as_pytorch_does(program, alone):
    np.testing.assert_allclose(alone[program.__name__], losses_of(oracle.torch, program), rtol=2e-5)


@named
def test_the_source_is_what_was_recorded(program):
    step = traced(program)
    step.check()
    source = step.to_source()
    assert "import facade" not in source and "import torch" not in source
    lengths = [sum(bool(line.strip()) for line in text.splitlines()) for text in (inspect.getsource(program), source)]
    print(f"{program.__name__}: {lengths[0]} lines of PyTorch, {lengths[1]} of JAX")


def test_tracing_a_step_changes_nothing():
    facade.manual_seed(0)
    step, model, optimizer = ALL[4](facade)
    before = {name: each.clone() for name, each in model.state_dict().items()}
    state = facade.get_rng_state()
    facade.trace_step(step, model=model, optimizer=optimizer)
    assert all((each == before[name]).all() for name, each in model.state_dict().items())
    assert all(param.grad is None for param in model.parameters()) and not optimizer.state
    assert (facade.get_rng_state() == state).all()


def test_a_later_step_starts_from_its_own_state():
    facade.manual_seed(0)
    step, model, optimizer = ALL[2](facade)
    for _ in range(3):
        step()
    traced_step = facade.trace_step(step, model=model, optimizer=optimizer)
    traced_step.check()
    assert "if state is None" not in traced_step.to_source()
    with jax.enable_x64(True):
        *_, loss = traced_step.function()(**traced_step.arguments)
    assert float(loss) == pytest.approx(step(), rel=1e-5)


def test_a_wrong_source_is_noticed(monkeypatch):
    step = traced(ALL[1])
    wrong = step.to_source().replace("jnp.mean(", "jnp.sum(")
    assert wrong != step.to_source()
    monkeypatch.setattr(step, "to_source", lambda: wrong)
    with pytest.raises(AssertionError, match="another loss"):
        step.check()


# ---------------------------------------------------------------- what is refused
def test_what_is_refused_says_why():
    weight = facade.ones(2, requires_grad=True)

    class Odd(facade.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 5

    def through_odd():
        Odd.apply(weight).sum().backward()
        with facade.no_grad():
            weight.sub_(weight.grad)
    with pytest.raises(NotImplementedError, match="OddBackward"):
        facade.trace_step(through_odd)
    with pytest.raises(ValueError, match="no backward"):
        facade.trace_step(lambda: (weight * 2).sum())

    def changes_nothing():
        (weight * 2).sum().backward()
    with pytest.raises(ValueError, match="changes no parameter"):
        facade.trace_step(changes_nothing)


def test_a_gradient_that_a_hook_changed_is_noticed():
    weight = facade.ones(2, requires_grad=True)
    weight.register_hook(lambda gradient: gradient * 3)

    def step():
        (weight * weight).sum().backward()
        with facade.no_grad():
            weight.sub_(weight.grad)
    with pytest.raises(AssertionError, match="another gradient for 'weight'"):
        facade.trace_step(step).check()
