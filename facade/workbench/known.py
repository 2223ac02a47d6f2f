"""Operators that JAX has a function of its own for: a person would write `jax.nn.relu(x)`, not what it is made of.

Each is handed to JAX under its full name, which then stands in the jaxpr as the name of a `jit`; it is the same function as the operator's
kernel, derivative at the kinks included, which `check()` confirms for every program.
"""

import functools

import jax

MARK = "jax.nn."


def _named(function):
    """The function under a name that says where JAX has it."""
    @functools.wraps(function)
    def call(array):
        return [made(array)]

    def called(array):
        return function(array)
    called.__name__ = called.__qualname__ = MARK + function.__name__
    made = jax.jit(called)
    return call


_FUNCTIONS = {name: _named(getattr(jax.nn, name)) for name in ("relu", "silu", "sigmoid", "log_sigmoid", "mish")}
_BY_OPERATOR = _FUNCTIONS | {"logsigmoid": _FUNCTIONS["log_sigmoid"]}


def known_function(kernel):
    """JAX's own function for the operator of a kernel on one floating point array, or None."""
    if len(kernel.specs) == 1 and len(kernel.outs) == 1 and kernel.outs[0] is kernel.specs[0] and kernel.outs[0].dtype.kind == "f" \
            and getattr(kernel.operator, "kernel", None) is None:
        return _BY_OPERATOR.get(getattr(kernel.operator, "name", None))
    return None
