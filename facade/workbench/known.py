"""Operators that JAX has a function of its own for: a person would write `jax.nn.relu(x)`, not what it is made of.

Most are handed to JAX under a mark, which then stands in the jaxpr as the name of a `jit`; so is every other operator, under its own name. A convolution is JAX's convolution, whatever the kernel
makes of it for speed. All are the same functions as the operators' kernels, derivative at the kinks included, as `check()` confirms for
every program.
"""

import jax
import jax.numpy as jnp
from jax import lax

MARK = "facade: "       # before the operator's name, in the name of a jit
MARKED = {}         # the name of a jit -> (JAX's name, options)


def marked(call, name, operands):
    """A pure function under a mark that tells the operator's name and those of its operands."""
    def called(*arrays):
        return call(*arrays)
    called.__name__ = called.__qualname__ = f"{MARK}{name} {' '.join(operands)}".rstrip()
    return jax.jit(called)


def _marked(name, **options):
    """The function of jax.nn under a name that says so."""
    function, mark = getattr(jax.nn, name), f"jax.nn.{name}({', '.join(f'{key}={value}' for key, value in options.items())})"
    MARKED[mark] = f"jax.nn.{name}", options

    def called(array):
        return function(array, **options)
    called.__name__ = called.__qualname__ = mark
    made = jax.jit(called)
    return lambda array: [made(array)]


def _pointwise(name):
    made = _marked(name)
    return lambda kernel: made


def _along(name):
    def rule(kernel):
        _, dim, dtype = kernel.statics
        return _marked(name, axis=dim) if dtype is None and kernel.specs[0].shape else None
    return rule


def _gelu(kernel):
    return _marked("gelu", approximate=kernel.statics[1] == "tanh")


def _convolution(kernel):
    _, _, _, stride, padding, dilation, transposed, _, groups = kernel.statics
    if transposed or kernel.specs[0].shape[0] == 0:
        return None

    def convolve(array, weight, bias=None):
        made = lax.conv_general_dilated(array, weight, stride, [(each, each) for each in padding], rhs_dilation=dilation, feature_group_count=groups)
        return [made if bias is None else made + bias.reshape(-1, *(1,) * len(stride))]
    return convolve


def _max_pool(kernel):
    _, size, stride, padding, dilation, ceil_mode = kernel.statics
    if ceil_mode or len(kernel.outs) > 1:
        return None
    rest = len(kernel.specs[0].shape) - 2

    def pool(array):
        ones = (1,) * rest
        return [lax.reduce_window(array, -jnp.inf, lax.max, (*ones, *size), (*ones, *stride), ((0, 0),) * rest + tuple((each, each) for each in padding),
                                  window_dilation=(*ones, *dilation))]
    return pool


_RULES = {"relu": _pointwise("relu"), "silu": _pointwise("silu"), "sigmoid": _pointwise("sigmoid"), "mish": _pointwise("mish"),
          "logsigmoid": _pointwise("log_sigmoid"), "gelu": _gelu, "softmax": _along("softmax"), "log_softmax": _along("log_softmax"),
          "convolution": _convolution, "max_pool2d": _max_pool}


def known_function(kernel):
    """JAX's own function for the operator of a kernel on floating point arrays, from arrays to a list of results; or None."""
    name = getattr(kernel.operator, "name", None)
    if name not in _RULES or any(spec is not None and getattr(spec, "dtype", None) not in ("float32", "float64") for spec in kernel.specs):
        return None
    return _RULES[name](kernel)
