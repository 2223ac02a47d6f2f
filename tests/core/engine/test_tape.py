"""The tape without any tensor: specs, kernels, recording, long tapes, caches, interrupts, and the ways to run."""

import gc
import os
import subprocess
import sys
import tracemalloc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from facade.core import engine
from facade.core.engine import Spec, constant, counters, eagerly, evaluate_all, kernel_of, read, record, settings, spec_of
from facade.core.engine.tape import tapes, trie

evaluation = sys.modules["facade.core.engine.evaluate"]      # the package gives this name to the function
FLOAT, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


class Operator:
    """The least that the engine asks of an operator: a pure function for given specs."""

    def __init__(self, function):
        self.function = function

    def specialize(self, specs, statics):
        """The function of the inputs, static arguments last."""
        return lambda *arrays: self.function(*arrays, *statics)

    def __call__(self, *inputs, statics=()):
        """Record it: the result, or a list of several."""
        results, _ = record(self, statics, list(inputs))
        return results[0] if len(results) == 1 else results


add = Operator(lambda one, other: one + jnp.asarray(other, one.dtype))
multiply = Operator(lambda one, other: one * jnp.asarray(other, one.dtype))
sine = Operator(jnp.sin)
power = Operator(lambda base, exponent: base ** exponent)
both = Operator(lambda one, other: (one + other, one - other))
product = Operator(lambda one, other: one @ other)


def value(*numbers, dtype=FLOAT):
    return constant(np.array(numbers, dtype))


@pytest.fixture
def knobs():
    """The engine's settings, put back afterwards."""
    before = {name: getattr(settings, name) for name in settings.__slots__}
    evaluate_all()
    yield settings
    for name, setting in before.items():
        setattr(settings, name, setting)
    evaluate_all()


# ---------------------------------------------------------------- what is recorded
def test_equal_specs_are_the_same_object():
    assert spec_of((2, 3), FLOAT) is spec_of((2, 3), FLOAT)
    assert spec_of((2, 3), FLOAT) is not spec_of((2, 3), DOUBLE)
    assert spec_of((2, 3), FLOAT).size == 6 and spec_of((), FLOAT).size == 1 and spec_of((0, 3), FLOAT).size == 0
    assert repr(spec_of((2, 3), FLOAT)) == "float32[2, 3]" and isinstance(spec_of((2,), FLOAT), Spec)


def test_a_spec_is_pickled_by_what_it_says():
    import_spec, arguments = spec_of((4,), FLOAT).__reduce__()
    assert import_spec(*arguments) is spec_of((4,), FLOAT)


def test_a_kernel_is_traced_once():
    specs = spec_of((3,), FLOAT), spec_of((3,), FLOAT)
    kernel = kernel_of(both, (), specs)
    assert kernel_of(both, (), specs) is kernel
    assert kernel.outs == specs
    one, other = np.array([1, 2, 3], FLOAT), np.array([4, 5, 6], FLOAT)
    for run in (kernel.host, lambda arrays: kernel.call(*map(jnp.asarray, arrays))):
        assert [np.asarray(each).tolist() for each in run([one, other])] == [[5, 7, 9], [-3, -3, -3]]


def test_recording_computes_nothing():
    before = counters()["evaluations"]
    result = add(value(1, 2), 3.0)
    assert result.array is None and result.spec is spec_of((2,), FLOAT) and "pending" in repr(result)
    assert counters()["evaluations"] == before
    assert read(result).tolist() == [4, 5] and "computed" in repr(result)
    assert counters()["evaluations"] == before + 1


def test_a_static_argument_makes_another_kernel_and_a_number_does_not():
    x = value(2, 3)
    assert read(power(x, statics=(3,))).tolist() == [8, 27]
    assert read(power(x, statics=(2,))).tolist() == [4, 9]
    read(add(x, 1.0))
    before = counters()["kernels"]
    assert [read(add(x, float(number))).tolist() for number in range(5)] == [[2 + number, 3 + number] for number in range(5)]
    assert counters()["kernels"] == before


def test_what_specialize_raises_leaves_the_tape_as_it_was():
    class Refusing:
        def specialize(self, specs, statics):
            raise ValueError("no such shape")
    pending = add(value(1), 1.0)
    state = tapes.epoch.state
    with pytest.raises(ValueError, match="no such shape"):
        record(Refusing(), (), [pending])
    assert tapes.epoch.state is state and read(pending).tolist() == [2]


def test_only_what_is_alive_leaves_the_program(monkeypatch):
    seen = []
    run = evaluation._run
    monkeypatch.setattr(evaluation, "_run", lambda state, epoch, outputs, *rest: seen.append(outputs) or run(state, epoch, outputs, *rest))
    x = value(1, 2)
    dead = sine(x)
    kept = multiply(add(dead, 1.0), 2.0)
    del dead
    read(kept)
    assert [len(outputs) for outputs in seen] == [1]


def test_a_deferred_check_is_raised_when_something_is_read():
    pending = add(value(7), 1.0)
    engine.defer_check(pending, lambda array: IndexError(f"found {array[0]:g}") if array[0] > 5 else None)
    with pytest.raises(IndexError, match="found 8"):
        read(pending)
    assert read(pending).tolist() == [8]


def test_values_die_with_their_handles():
    evaluate_all()
    epoch = tapes.epoch
    result = sine(value(*range(1000)))
    read(result)
    array = weakref.ref(result.array)
    del result
    gc.collect()
    assert array() is None and not epoch.values


# ---------------------------------------------------------------- ways to run
def programs():
    """(name, function that records and answers with values) for several small programs."""
    matrix = constant(np.linspace(-1, 1, 12).reshape(3, 4).astype(FLOAT))
    whole = constant(np.arange(6).reshape(2, 3))

    def chain(x):
        for index in range(6):
            x = sine(add(multiply(x, 1.5), index / 3))
        return x
    return {
        "chain": lambda: [chain(matrix)],
        "two results": lambda: both(matrix, sine(matrix)),
        "product": lambda: [product(matrix, Operator(jnp.transpose)(matrix))],
        "integers": lambda: [add(multiply(whole, 3), 1), power(whole, statics=(2,))],
        "reductions": lambda: [Operator(lambda x: jnp.sum(x, 0))(chain(matrix)), Operator(jnp.max)(matrix), Operator(lambda x: jnp.argsort(x, 1))(matrix)],
        "control": lambda: [Operator(lambda x: jax.lax.fori_loop(0, 4, lambda _, y: jnp.cos(y), x))(matrix)],
        "complex": lambda: [Operator(lambda x: jnp.exp(1j * x))(matrix)],
        "double": lambda: [sine(constant(np.linspace(0, 1, 5)))],
    }


@pytest.mark.parametrize("name", programs())
def test_host_and_compiled_agree(name, knobs):
    results = []
    for knobs.host_runs in (10**9, 0):
        before = counters()
        results.append([read(each) for each in programs()[name]()])
        after = counters()
        assert after["compiled_runs" if knobs.host_runs == 0 else "host_runs"] > before["compiled_runs" if knobs.host_runs == 0 else "host_runs"]
    for one, other in zip(*results, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-5 if one.dtype in (FLOAT, np.complex64) else 1e-12, atol=1e-6)


@pytest.mark.parametrize("name", programs())
def test_eagerly_the_same_one_evaluation_an_operation(name):
    lazy = [read(each) for each in programs()[name]()]
    evaluate_all()
    with eagerly():
        before = counters()["evaluations"]
        pending = programs()[name]()
        evaluated = counters()["evaluations"] - before
        assert all(each.array is not None for each in pending)
        assert evaluated >= len(pending) if name != "chain" else evaluated == 18
    for one, other in zip(lazy, pending, strict=True):
        np.testing.assert_allclose(one, read(other), rtol=1e-5)


def test_eager_by_the_environment():
    source = ("import facade as torch; from facade.core.engine import counters; x = torch.ones(3); before = counters()['evaluations'];"
              "y = (x * 2 + 1).sum(); print(counters()['evaluations'] - before, y.item())")
    for setting, expected in (("1", "3 9.0"), ("0", "0 9.0")):
        assert run_python(source, FACADE_EAGER=setting).strip() == expected


def run_python(source, **environment):
    """What another Python prints."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", source], capture_output=True, text=True,
                          env=os.environ | {"JAX_PLATFORMS": "cpu"} | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_give_the_same_bits():
    source = ("import facade as torch; torch.manual_seed(3); w = torch.randn(8, 8, requires_grad=True); x = torch.randn(16, 8)\n"
              "for _ in range(9):\n    loss = ((x @ w).tanh() - x).pow(2).mean(); loss.backward()\n"
              "    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()\n"
              "print(loss.item().hex(), w.detach().numpy().tobytes().hex())")
    assert run_python(source) == run_python(source)


# ---------------------------------------------------------------- long tapes
def long_loop(steps):
    """Two operations a step and no read."""
    x = value(0.0)
    for _ in range(steps // 2):
        x = add(multiply(x, 0.5), 1.0)
    return x


def long_loop_with_leaves(steps):
    """A new leaf each step."""
    x = value(0.0)
    for index in range(steps // 2):
        x = add(multiply(x, 0.5), value(float(index % 2)))
    return x


def long_line(steps):
    """No period: every step raises to another power of one."""
    x = value(1.0)
    for index in range(steps):
        x = power(x, statics=(index % 97 % 13 + index % 89 % 7,))
    return x


@pytest.mark.parametrize("loop, steps, expected, programs", [
    (long_loop, 100_000, 2.0, 12), (long_loop_with_leaves, 100_000, 4 / 3, 12), (long_line, 20_000, 1.0, 12),
], ids=["periodic", "leaves", "aperiodic"])
def test_a_long_tape_without_a_read(loop, steps, expected, programs, knobs):
    before, epochs = counters(), tapes.epoch
    gc.collect()
    tracemalloc.start()
    result = read(loop(steps))
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    after = counters()
    print({name: after[name] - before[name] for name in before}, f"{size / 1e6:.1f} MB kept, {peak / 1e6:.1f} MB at most")
    assert float(result[0]) == pytest.approx(expected, rel=1e-6)
    assert after["programs"] - before["programs"] <= programs
    assert peak < 120e6 and after["cuts"] > before["cuts"] and epochs is not tapes.epoch


def test_a_long_tape_keeps_no_values():
    evaluate_all()
    x = value(0.0)
    for _ in range(3 * settings.tape_limit // 2):
        x = add(multiply(x, 0.5), 1.0)
    gc.collect()
    pending = sum(1 for each in gc.get_objects() if type(each) is engine.Value)
    assert len(tapes.epoch.values) <= settings.tape_limit and pending <= settings.tape_limit


# ---------------------------------------------------------------- bounds of the caches
def test_the_least_recently_used_program_goes(knobs):
    knobs.host_runs, knobs.programs = 0, 2
    evaluation._recent.clear()

    def run(number):
        before = counters()["programs"]
        read(power(value(1.0, 2.0), statics=(number,)))
        return counters()["programs"] - before
    assert [run(2), run(3), run(2), run(4)] == [1, 1, 0, 1]      # 3 is the one unused for longest
    assert [run(2), run(4), run(3)] == [0, 0, 1] and len(evaluation._recent) == 2


def test_the_trie_is_forgotten_when_it_is_full(knobs):
    knobs.states = 10
    for number in range(20):
        assert read(power(value(2.0), statics=(number % 5,))).tolist() == [2.0 ** (number % 5)]
        assert trie.states <= knobs.states + 5


def test_kernels_are_forgotten_when_they_are_too_many(knobs):
    knobs.kernels = 4
    assert [read(power(value(2.0), statics=(number,))).tolist()[0] for number in range(9)] == [2.0 ** number for number in range(9)]


# ---------------------------------------------------------------- interrupts
@pytest.mark.parametrize("way", ["on_host", "on_device"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupt_leaves_every_value_usable(way, moment, monkeypatch, knobs):
    knobs.host_runs = 10**9 if way == "on_host" else 0
    original = getattr(evaluation.Program, way)

    def interrupted(self, epoch):
        if moment == "after":
            original(self, epoch)
        raise KeyboardInterrupt
    x, fresh = value(1.0, 2.0), Operator(jnp.sin)
    y, z = both(x, fresh(x))
    monkeypatch.setattr(evaluation.Program, way, interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(y)
    assert y.array is None
    monkeypatch.undo()
    assert read(multiply(z, 2.0)).tolist() == pytest.approx(((x.array - np.sin(x.array)) * 2).tolist())
    assert read(y).tolist() == pytest.approx((x.array + np.sin(x.array)).tolist())
