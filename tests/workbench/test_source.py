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


# ---------------------------------------------------------------- what is shown beside the source
@pytest.mark.parametrize(("program", "names"), [
    (ALL[0], {("params", "weight"), ("", "rows"), ("", "targets")}),
    (ALL[2], {("params", "0.weight"), ("params", "2.bias"), ("", "batch_0"), ("", "batch_1")}),
    (ALL[6], {("params", "rnn.weight_hh_l1"), ("params", "head.bias"), ("", "batch_0")}),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_step_has_a_jaxpr_and_stablehlo_and_the_users_names(program, names):
    step = traced(program)
    assert names <= set(step.inputs)
    assert len(step.jaxpr.in_avals) == len(step.inputs) and step.jaxpr.out_avals[0].shape == ()
    text = step.stablehlo()
    assert "func.func public @main" in text and "stablehlo.dot_general" in text


def test_repeated_layers_are_a_loop_and_repeated_operators_functions():
    source = traced(ALL[5]).to_source()
    assert "def layer_norm(x, weight, bias, eps=1e-05):" in source
    assert 'params[f"blocks.{i}.wide.weight"]' in source and "for i in range(2):" in source


@pytest.mark.parametrize(("optimizer", "text"), [
    ("SGD(lr=0.1)", "optax.sgd(0.1)"),
    ("SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)", "optax.chain(optax.add_decayed_weights(0.01), optax.sgd(0.1, momentum=0.9, nesterov=True))"),
    ("SGD(lr=0.1, momentum=0.9, dampening=0.1)", None),
    ("SGD(lr=0.1, maximize=True)", None),
    ("Adam(lr=0.01, betas=(0.8, 0.99))", "optax.adam(0.01, b1=0.8, b2=0.99)"),
    ("Adam(lr=0.01, amsgrad=True)", None),
    ("AdamW(lr=0.01)", "optax.adamw(0.01, weight_decay=0.01)"),
    ("RMSprop(lr=0.01, momentum=0.5)", "optax.rmsprop(0.01, decay=0.99, eps=1e-08, eps_in_sqrt=False, momentum=0.5)"),
    ("Adadelta(lr=0.5)", "optax.adadelta(0.5, rho=0.9, eps=1e-06)"),
    ("Adamax(lr=0.01)", "optax.adamax(0.01)"),
    ("Adagrad(lr=0.01)", None),
])
def test_an_optimizer_is_optax_where_that_is_the_same_formula(optimizer, text):
    pytest.importorskip("optax")
    weight = facade.nn.Parameter(facade.tensor([1.0, -2.0, 0.5]))
    name, options = optimizer.split("(", 1)
    made = eval(f"facade.optim.{name}([weight], {options}")

    def step():
        (weight * weight * facade.tensor([1.0, 2.0, 3.0])).sum().backward()
        made.step()
    traced_step = facade.trace_step(step, optimizer=made)
    traced_step.check()
    assert traced_step.optax == text
