"""What facade hands to JAX: the jaxpr of a history, whole functions, single arrays."""

import doctest

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxpr_as_fun

import facade as torch
from facade import interop
from facade.core.engine import counters, eagerly
from facade.optim import SGD

POINTS = np.array([1.0, -2.0, 0.5], np.float32)
ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def mean_square(x):
    return ((x + 2) ** 2).mean()


def primitives(closed):
    return [equation.primitive.name for equation in closed.eqns]


def descend(weight, inputs, targets):
    """One training step with everything PyTorch has for it: backward, .grad, no_grad, a write in place."""
    weight.requires_grad_()
    loss = ((inputs @ weight - targets) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        weight -= 0.1 * weight.grad
    return {"weight": weight.detach(), "loss": loss}


def descend_in_jax(weight, inputs, targets):
    loss, slope = jax.value_and_grad(lambda weight: ((inputs @ weight - targets) ** 2).mean())(weight)
    return {"weight": weight - 0.1 * slope, "loss": loss}


def assert_trees_close(actual, expected):
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5), actual, expected)


# ---------------------------------------------------------------- jaxpr
def test_a_jaxpr_has_the_operations_and_computes_the_tensor():
    x = torch.tensor(POINTS, requires_grad=True)
    loss = mean_square(x)
    closed = interop.jaxpr(loss)
    assert primitives(closed) == ["add", "integer_pow", "reduce_sum", "optimization_barrier", "div"]
    assert [variable.aval.shape for variable in closed.jaxpr.invars] == [(3,)]
    assert_trees_close(jaxpr_as_fun(closed)(POINTS), [np.mean((POINTS + 2) ** 2)])


def test_looking_evaluates_nothing():
    product = torch.tensor(POINTS) * 3
    before = counters()
    assert primitives(interop.jaxpr(product)) == primitives(interop.jaxpr(product)) == ["mul"]
    assert counters() == before
    assert product.tolist() == [3.0, -6.0, 1.5]


def test_only_what_leads_to_the_tensors_stands_in_their_jaxpr():
    x = torch.tensor(POINTS)
    wanted, aside = x.sin(), x.cos()
    assert primitives(interop.jaxpr(wanted)) == ["sin"]
    assert primitives(interop.jaxpr([wanted, aside])) == ["sin", "cos"]


def test_a_computed_tensor_has_no_history_left():
    x = torch.tensor(POINTS)
    double = x * 2
    double.tolist()
    assert primitives(interop.jaxpr(double)) == []
    assert primitives(interop.jaxpr(double + 1)) == ["add"]


def test_a_tensor_may_be_asked_for_twice_and_beside_its_own_input():
    x = torch.tensor(POINTS)
    double = x * 2
    closed = interop.jaxpr((double, x, double))
    assert len(closed.jaxpr.invars) == 1
    assert_trees_close(jaxpr_as_fun(closed)(POINTS), [POINTS * 2, POINTS, POINTS * 2])


def test_the_gradient_has_a_jaxpr_too():
    x = torch.tensor(POINTS, requires_grad=True)
    gradient, = torch.autograd.grad(mean_square(x), x)
    closed = interop.jaxpr(gradient)
    assert_trees_close(jaxpr_as_fun(closed)(POINTS), [2 * (POINTS + 2) / 3])


def test_64_bits_stay_64_bits():
    closed = interop.jaxpr(torch.arange(3) + 2**40)
    assert closed.out_avals[0].dtype == np.int64
    assert jnp.arange(3).dtype == np.int32


# ---------------------------------------------------------------- pure
def test_all_of_jax_works_on_a_pure_function():
    function, expected = interop.pure(mean_square), lambda x: ((x + 2) ** 2).mean()
    for transform in (lambda f: f, jax.jit, jax.grad, jax.hessian, jax.jacfwd, lambda f: jax.jit(jax.grad(f))):
        assert_trees_close(transform(function)(POINTS), transform(expected)(POINTS))
    assert_trees_close(jax.vmap(jax.grad(function))(ROWS), jax.vmap(jax.grad(expected))(ROWS))


@pytest.mark.parametrize("eager", [False, True])
def test_a_training_step_is_a_pure_function(eager):
    arguments = jnp.zeros(3), jnp.asarray(ROWS), jnp.ones(4)
    with eagerly(eager):
        assert_trees_close(jax.jit(interop.pure(descend))(*arguments), descend_in_jax(*arguments))
    assert arguments[0].tolist() == [0, 0, 0]


def test_an_optimizer_and_a_loop_trace_too():
    def train(weight, inputs, targets):
        weight.requires_grad_()
        optimizer = SGD([weight], lr=0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            loss = ((inputs @ weight - targets) ** 2).mean()
            loss.backward()
            optimizer.step()
        return weight.detach(), loss.detach()
    arguments = jnp.zeros(3), jnp.asarray(ROWS) / 10, jnp.ones(4)
    expected = [each.numpy() for each in train(*map(interop.from_jax, arguments))]
    assert_trees_close(list(jax.jit(interop.pure(train))(*arguments)), expected)


def test_second_derivatives_by_backward_trace_too():
    def second(x):
        x.requires_grad_()
        slope, = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        return torch.autograd.grad(slope.sum(), x)[0]
    assert_trees_close(jax.jit(interop.pure(second))(POINTS), 6 * POINTS)
    assert_trees_close(jax.vmap(interop.pure(second))(ROWS), 6 * ROWS)


def test_tensors_from_outside_are_constants_even_while_pending():
    weight = torch.tensor(ROWS) + 1
    result = jax.jit(interop.pure(lambda x: weight @ x))(POINTS)
    assert_trees_close(result, (ROWS + 1) @ POINTS)
    assert weight.sum().item() == (ROWS + 1).sum()


def test_what_was_pending_outside_goes_on_as_if_nothing_had_happened():
    x = torch.tensor(POINTS, requires_grad=True)
    loss = mean_square(x)
    jax.jit(interop.pure(mean_square))(ROWS)
    loss.backward()
    assert_trees_close(x.grad.numpy(), 2 * (POINTS + 2) / 3)


def test_pure_functions_nest():
    inner = jax.jit(interop.pure(torch.exp))

    def outer(x):
        shifted = x + 1
        return interop.from_jax(inner(interop.to_jax(x * 2))) + shifted
    assert_trees_close(jax.jit(interop.pure(outer))(POINTS), np.exp(POINTS * 2) + POINTS + 1)


def test_a_read_inside_a_trace_is_refused_and_leaves_the_thread_as_it_was():
    waiting = torch.tensor(POINTS) * 2
    function = interop.pure(lambda x: x * x.sum().item())
    with pytest.raises(jax.errors.TracerArrayConversionError):
        jax.jit(function)(POINTS)
    assert waiting.tolist() == [2.0, -4.0, 1.0]
    assert_trees_close(function(POINTS), POINTS * POINTS.sum())


def test_an_index_out_of_range_is_found_where_jax_is_not_tracing():
    take = interop.pure(lambda x, index: x[index])
    assert_trees_close(jax.jit(take)(POINTS, np.array([2, 0])), POINTS[[2, 0]])
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        take(POINTS, np.array([0, 7]))


def test_detach_concerns_backward_and_not_jax_grad():
    def half_detached(x):
        return (x * x.detach()).sum()

    def by_backward(x):
        x.requires_grad_()
        half_detached(x).backward()
        return x.grad
    assert_trees_close(jax.grad(interop.pure(half_detached))(POINTS), 2 * POINTS)
    assert_trees_close(jax.jit(interop.pure(by_backward))(POINTS), POINTS)


def test_numbers_and_containers_pass_through():
    function = interop.pure(lambda pair, scale, name: {name: [each * scale for each in pair], "scale": scale})
    result = function((POINTS, POINTS), 2, name="doubled")
    assert result["scale"] == 2 and isinstance(result["doubled"][0], jax.Array)
    assert_trees_close(result["doubled"], [POINTS * 2, POINTS * 2])


# ---------------------------------------------------------------- arrays
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "int64", "uint8", "bool", "complex64"])
def test_there_and_back(dtype):
    x = torch.tensor([0, 1, 2]).to(getattr(torch, dtype))
    array = interop.to_jax(x)
    assert isinstance(array, jax.Array) and array.dtype == dtype
    back = interop.from_jax(array)
    assert back.dtype == x.dtype and back.tolist() == x.tolist()


def test_a_write_reaches_neither_side():
    array = jnp.arange(3.0)
    x = interop.from_jax(array)
    copy = interop.to_jax(x)
    x.add_(1)
    assert array.tolist() == copy.tolist() == [0, 1, 2] and x.tolist() == [1, 2, 3]


def test_what_a_tensor_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="a tensor cannot hold a JAX array of dtype key"):
        interop.from_jax(jax.random.key(0))


def test_the_examples_in_the_documentation():
    names = {"torch": torch, "interop": interop, "jax": jax}
    results = doctest.testmod(interop, extraglobs=names)
    assert results.attempted == 4 and not results.failed
