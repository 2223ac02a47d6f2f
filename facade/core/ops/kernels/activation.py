"""Activations with PyTorch's derivatives at the bends, on arrays.

`jnp.where` hands the whole gradient to the branch that it takes; a branch that could overflow where it is not taken gets zero there.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from facade.core.ops.kernels.special import with_slope

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805     # Klambauer et al. 2017, arXiv:1706.02515


def relu(array):
    """max(array, 0), with derivative 0 at 0."""
    return jnp.where(array <= 0, 0, array)


def leaky_relu(array, slope):
    """A line through zero with slope 1 to the right and `slope` to the left."""
    return jnp.where(array > 0, array, array * slope)


def hardtanh(array, low, high):
    """Bounded to [low, high], with derivative 0 at the bounds."""
    return jnp.where(array <= low, low, jnp.where(array >= high, high, array)).astype(array.dtype)


def _hardsigmoid(array):
    """(x + 3) / 6 between -3 and 3."""
    return hardtanh(array + 3, 0, 6) / 6


# The slope is a sixth in single precision, as torch has it.
hardsigmoid = with_slope(_hardsigmoid, lambda array: jnp.where((array > -3) & (array < 3), float(np.float32(1) / np.float32(6)), 0))


def hardswish(array):
    """x * (x + 3) / 6 between -3 and 3, zero to the left and x to the right."""
    inside = jnp.where(jnp.abs(array) < 3, array, 0)
    return jnp.where(array <= -3, 0, jnp.where(array >= 3, array, inside * (inside + 3) / 6))


def threshold(array, limit, value):
    """`value` up to `limit`, the array above it."""
    return jnp.where(array <= limit, jnp.asarray(value, array.dtype), array)


def hardshrink(array, width):
    """Zero from -width to width, the array elsewhere."""
    return jnp.where((array >= -width) & (array <= width), 0, array)


def softshrink(array, width):
    """Moved towards zero by `width`; NaN stays."""
    return jnp.where(array > width, array - width, jnp.where(array < -width, array + width, array * 0))


def elu(array, alpha, scale, input_scale):
    """scale * x to the right of zero, scale * alpha * (exp(input_scale * x) - 1) to the left."""
    negative = jnp.where(array > 0, 0, array)
    return jnp.where(array > 0, array * scale, jnp.expm1(negative * input_scale) * alpha * scale)


def selu(array):
    """`elu` with the constants of self-normalising networks."""
    return elu(array, SELU_ALPHA, SELU_SCALE, 1)


def celu(array, alpha):
    """`elu` with a continuous derivative for every alpha."""
    return elu(array, alpha, 1, 1 / alpha)


def silu(array):
    """x * sigmoid(x)."""
    return array * lax.logistic(array)


def softplus(array, beta, threshold):
    """log(1 + exp(beta * x)) / beta, a straight line above `threshold`."""
    scaled = array * beta
    linear = scaled > threshold
    return jnp.where(linear, array, jnp.log1p(jnp.exp(jnp.where(linear, 0, scaled))) / beta)


def mish(array):
    """x * tanh(softplus(x))."""
    return array * jnp.tanh(jax.nn.softplus(array))


def log_sigmoid(array):
    """log(1 / (1 + exp(-x)))."""
    return jax.nn.log_sigmoid(array)


def gelu(array, approximate):
    """x * Phi(x), Phi the normal distribution's cumulative probability; Hendrycks and Gimpel, arXiv:1606.08415."""
    if approximate == "tanh":
        return 0.5 * array * (1 + jnp.tanh(math.sqrt(2 / math.pi) * (array + 0.044715 * array * array * array)))
    return 0.5 * array * (1 + lax.erf(array * math.sqrt(0.5)))


def prelu(array, weight):
    """x to the right of zero, weight * x to the left; weight: one for all, or one for each channel (dimension 1)."""
    if weight.size == 1:
        weight = weight.reshape(())
    elif array.ndim > 1:
        weight = weight.reshape((-1,) + (1,) * (array.ndim - 2))
    return jnp.where(array > 0, array, weight * array)


def glu(array, dim):
    """The first half along `dim` times the sigmoid of the second half."""
    half = array.shape[dim] // 2
    first, second = (lax.slice_in_dim(array, start, start + half, axis=dim) for start in (0, half))
    return first * lax.logistic(second)


def _along(function):
    """`function(array, axis=)` on real numbers of any precision and rank, in `dtype` if one is given."""
    def run(array, dim, dtype):
        wanted = array.dtype if dtype is None else dtype.numpy
        if not array.size:
            return array.astype(wanted)
        wide = array.astype(wanted).astype(jnp.float32 if wanted.itemsize < 4 else wanted)
        return function(jnp.atleast_1d(wide), axis=dim).reshape(array.shape).astype(wanted)
    return run


softmax = _along(jax.nn.softmax)
log_softmax = _along(jax.nn.log_softmax)
