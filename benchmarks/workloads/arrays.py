"""Arithmetic without a model: a chain of elementwise operations on a large array, and a matrix of second derivatives."""

import numpy

from benchmarks.workload import Workload


def chain(torch, elements):
    """A step replaces every element by a smooth function of it; its result is their mean."""
    values = torch.linspace(-2, 2, elements)

    def step():
        nonlocal values
        values = chained(torch, torch.sigmoid, values)
        return values.mean()

    return step


def chain_by_hand(jax, elements):
    values = jax.numpy.linspace(-2, 2, elements, dtype="float32")

    def advance(values):
        values = chained(jax.numpy, jax.nn.sigmoid, values)
        return values.mean(), values

    advance = jax.jit(advance, donate_argnums=0)

    def step():
        nonlocal values
        mean, values = advance(values)
        return mean

    return step


def chained(namespace, sigmoid, values):
    scaled = namespace.tanh(values * 2 + 1) * sigmoid(values)
    return namespace.exp(-scaled * scaled) - namespace.cos(values) * 0.5 + namespace.sqrt(namespace.abs(values) + 1)


def quartic(size):
    """A matrix and a point: the function is the sum of the fourth powers of their product."""
    random = numpy.random.RandomState(0)
    return (random.randn(size, size) / numpy.sqrt(size)).astype("float32"), random.randn(size).astype("float32")


def hessian(torch, size):
    matrix, point = map(torch.tensor, quartic(size))

    def function(point):
        return ((matrix @ point) ** 4).sum()

    return lambda: torch.autograd.functional.hessian(function, point)


def hessian_by_hand(jax, size):
    matrix, point = map(jax.numpy.array, quartic(size))
    derived = jax.jit(jax.hessian(lambda point, matrix: ((matrix @ point) ** 4).sum()))
    return lambda: derived(point, matrix)


WORKLOADS = [
    Workload("elementwise chain, 10^6", chain, chain_by_hand, 15, {"elements": 10**6}, {"elements": 10}),
    Workload("Hessian 32x32", hessian, hessian_by_hand, 60, {"size": 32}, {"size": 3}),
]
