"""Shapes and dtypes of an equation's arguments and results, as the binders of NumPy functions ask for them."""

import functools

import jax.numpy as jnp
import numpy as np


def operand(equation):
    """The shape and dtype of the first argument."""
    return equation.invars[0].aval


def result(equation):
    """The shape and dtype of the first result."""
    return equation.outvars[0].aval


@functools.cache
def is_integer(dtype):
    """Whether this is a type of integers."""
    return jnp.issubdtype(dtype, jnp.integer)


@functools.cache
def is_complex(dtype):
    """Whether this is a complex type."""
    return jnp.issubdtype(dtype, jnp.complexfloating)


@functools.cache
def is_narrow(dtype):
    """Whether this is a floating-point type of fewer bits than float32."""
    return jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 4


def wide(dtype):
    """The type to compute in where rounding after each step would show."""
    return np.dtype(np.float32) if is_narrow(dtype) else dtype


def widened(function, dtype):
    """A function of arrays of this dtype, computed in float32 if that is wider."""
    if not is_narrow(dtype):
        return function
    return lambda *arguments: function(*[argument.astype(np.float32) for argument in arguments])


def least(dtype):
    """The smallest value of a type, with which a maximum starts."""
    return _bound(dtype, -np.inf, "min", False)


def greatest(dtype):
    """The largest value of a type, with which a minimum starts."""
    return _bound(dtype, np.inf, "max", True)


def _bound(dtype, infinity, name, logical):
    if dtype == np.bool_:
        return logical
    return getattr(jnp.iinfo(dtype), name) if is_integer(dtype) else infinity
