"""Derivatives of recorded kernels, of every order, against `jax.grad` of the same functions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from facade.core.engine import constant, kernel_of, pullback_of, read, record, spec_of

DOUBLE = np.dtype(np.float64)


class Operator:
    """The least that the engine asks of an operator."""

    def __init__(self, function):
        self.function = function

    def specialize(self, specs, statics):
        """The function itself."""
        return self.function


def derivative(operator, inputs, wanted, cotangents, given=(0,)):
    """The pullback's results for these values, recorded with the primals that it needs and no others."""
    kernel = kernel_of(operator, (), tuple(value.spec for value in inputs))
    pullback = pullback_of(kernel, wanted, given)
    results, _ = record(pullback, (), [*(inputs[index] for index in pullback.needed), *cotangents])
    return pullback, results


def value(array):
    return constant(np.asarray(array))


FUNCTIONS = {
    "sine": jnp.sin,
    "power": lambda x: x ** 5,
    "quotient": lambda x: 1 / (1 + x * x),
    "softplus": lambda x: jnp.logaddexp(x, 0.0),
    "composed": lambda x: jnp.tanh(jnp.exp(x) * x),
}


def nth_derivative(function, order):
    """The kernel of the pullback of the pullback ... of the function, to its one variable: (x, 1, ..., 1) -> derivative."""
    kernel = kernel_of(Operator(function), (), (spec_of((), DOUBLE),))
    for _ in range(order):
        pullback = pullback_of(kernel, (0,), (0,))
        assert pullback.needed[0] == 0
        kernel = kernel_of(pullback, (), (*(kernel.specs[index] for index in pullback.needed), kernel.outs[0]))
    return kernel


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_one_variable(name, order):
    function, point = FUNCTIONS[name], np.float64(0.7)
    kernel = nth_derivative(function, order)
    results, _ = record(kernel.operator, kernel.statics, [value(point), *(value(np.float64(1.0)) for _ in kernel.specs[1:])])
    with jax.enable_x64(True):
        expected = functools.reduce(lambda each, _: jax.grad(each), range(order), function)(point)
    assert float(read(results[0])) == pytest.approx(float(expected), rel=1e-12)


def test_several_inputs_of_which_some_are_wanted():
    operator = Operator(lambda a, b, c: jnp.sin(a) * b + c)
    a, b, c, one = (value(np.array([0.3, -1.2]) + shift) for shift in (0, 1, 2, 3))
    with jax.enable_x64(True):
        expected = jax.vjp(operator.function, a.array, b.array, c.array)[1](one.array)
    for wanted in [(0,), (1,), (2,), (0, 1), (0, 1, 2), (2, 0)]:
        _, results = derivative(operator, [a, b, c], wanted, [one])
        for index, result in zip(wanted, results, strict=True):
            np.testing.assert_allclose(read(result), expected[index], rtol=1e-12)


@pytest.mark.parametrize("function, wanted, needed", [
    (lambda a, b: a * b, (0,), (1,)),
    (lambda a, b: a * b, (1,), (0,)),
    (lambda a, b: a * b, (0, 1), (0, 1)),
    (lambda a, b: a + b, (0, 1), ()),
    (lambda a, b: jnp.exp(a) + b, (0,), (0,)),
    (lambda a, b: jnp.exp(a) + b, (1,), ()),
    (lambda a, b: a @ b, (0,), (1,)),
    (lambda a, b: a / b, (0,), (1,)),
    (lambda a, b: jnp.sum(a) * b, (0,), (1,)),
    (lambda a, b: jnp.where(a > 0, b, 0), (1,), (0,)),
])
def test_only_what_the_derivative_depends_on_is_needed(function, wanted, needed):
    spec = spec_of((2, 2), DOUBLE)
    assert pullback_of(kernel_of(Operator(function), (), (spec, spec)), wanted, (0,)).needed == needed


def test_a_pullback_is_made_once():
    kernel = kernel_of(Operator(jnp.sin), (), (spec_of((2,), DOUBLE),))
    assert pullback_of(kernel, (0,), (0,)) is pullback_of(kernel, (0,), (0,))


def test_several_outputs_of_which_some_have_cotangents():
    operator = Operator(lambda x: (jnp.sin(x), jnp.cos(x), x * x, jnp.argsort(x)))
    x, one, two = value(np.array([0.3, -1.2])), value(np.array([1.0, 2.0])), value(np.array([-1.0, 0.5]))
    _, (both,) = derivative(operator, [x], (0,), [one, two], given=(0, 2))
    _, (last,) = derivative(operator, [x], (0,), [one], given=(1,))
    np.testing.assert_allclose(read(both), np.cos(x.array) * one.array + 2 * x.array * two.array)
    np.testing.assert_allclose(read(last), -np.sin(x.array) * one.array)


def test_absent_inputs_and_numbers():
    operator = Operator(lambda x, absent, number: x * number if absent is None else x)
    x, one = value(np.array([1.0, 2.0])), value(np.ones(2))
    kernel = kernel_of(operator, (), (x.spec, None, float))
    pullback = pullback_of(kernel, (0,), (0,))
    assert pullback.needed == (2,)
    results, _ = record(pullback, (), [2.5, one])
    assert read(results[0]).tolist() == [2.5, 2.5]


@pytest.mark.parametrize("function, expected", [
    (lambda z: jnp.real(z * jnp.conj(z)), lambda z: 2 * z),                       # |z|^2 grows in the direction of z
    (lambda z: jnp.real(z ** 2), lambda z: 2 * np.conj(z)),
    (lambda z: jnp.abs(z), lambda z: z / np.abs(z)),
    (lambda z: jnp.imag(z), lambda z: np.full_like(z, 1j)),
], ids=["square of the modulus", "real part of the square", "modulus", "imaginary part"])
def test_complex_gradients_point_uphill(function, expected):
    """The convention of torch: conj(dL/dz*) is not handed out, the direction of steepest ascent is."""
    z = np.array([1 + 2j, -0.5 + 0.3j])
    _, (gradient,) = derivative(Operator(function), [value(z)], (0,), [value(np.ones(2))])
    np.testing.assert_allclose(read(gradient), expected(z), rtol=1e-12)


def test_complex_results_take_complex_cotangents():
    """For a holomorphic f the gradient is cotangent * conj(f')."""
    z, cotangent = np.array([0.4 - 1.1j]), np.array([0.7 + 0.2j])
    _, (gradient,) = derivative(Operator(jnp.exp), [value(z)], (0,), [value(cotangent)])
    np.testing.assert_allclose(read(gradient), cotangent * np.conj(np.exp(z)), rtol=1e-12)


def test_a_gradient_keeps_the_dtype_of_its_input():
    x = constant(np.array([1.0, 2.0], np.float32))
    operator = Operator(lambda x: x.astype(np.float64) ** 2)
    _, (gradient,) = derivative(operator, [x], (0,), [value(np.ones(2))])
    assert gradient.spec is x.spec and read(gradient).tolist() == [2.0, 4.0]
