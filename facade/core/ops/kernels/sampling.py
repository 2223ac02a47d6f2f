"""How samples move with the parameters of their distribution: implicit derivatives, -(d cdf / d parameter) / density.

Reference: Figurnov, Mohamed and Mnih 2018, https://arxiv.org/abs/1805.08498. All in double precision.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import digamma

FRACTION_TERMS = 300        # terms of the continued fraction: more than enough for concentrations of 10^4


def standard_gamma_grad(concentration, sample):
    """The derivative of a standard gamma number by its concentration."""
    moved = lax.random_gamma_grad(concentration.astype(jnp.float64), sample.astype(jnp.float64))
    return moved.astype(sample.dtype)


@jax.custom_jvp
def moving_with_concentration(concentration, sample):
    """The sample, which moves when the concentration does."""
    return sample


@moving_with_concentration.defjvp
def _moving_jvp(primals, tangents):
    return primals[1], standard_gamma_grad(*primals) * tangents[0]


@jax.custom_jvp
def unmoved(*arguments):
    """The sample, which comes last: it stays where it is when the parameters before it move."""
    return arguments[-1]


unmoved.defjvp(lambda primals, tangents: (primals[-1], jnp.zeros_like(primals[-1])))


def _fraction(a, b, x):
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), from its last term to its first."""
    def step(k, below):
        m = (FRACTION_TERMS - k).astype(x.dtype)
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        even = (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2))
        return 1 + odd / (1 + even / below)
    return 1 / lax.fori_loop(0, FRACTION_TERMS + 1, step, jnp.ones_like(x))


def _cdf_slope(a, b, x):
    """d cdf(x) / da over the density, for a beta distribution and x below its mean.

    The cdf is x^a (1 - x)^b / (a B(a, b)) times the fraction, so x (1 - x) / a times the slope of its logarithm remains.
    """
    fraction, moved = jax.jvp(functools.partial(_fraction, b=b, x=x), (a,), (jnp.ones_like(a),))
    return x * (1 - x) / a * (fraction * (jnp.log(x) - digamma(a) + digamma(a + b) - 1 / a) + moved)


def _cdf_slope_above(a, b, x):
    """The same for x above the mean, by cdf(x; a, b) = 1 - cdf(1 - x; b, a)."""
    fraction, moved = jax.jvp(lambda other: _fraction(b, other, 1 - x), (a,), (jnp.ones_like(a),))
    return -x * (1 - x) / b * (fraction * (jnp.log(x) - digamma(a) + digamma(a + b)) + moved)


def dirichlet_grad(share, concentration, total):
    """The derivative of a share by its own concentration, where the others' is kept, over 1 - share: all three of one shape."""
    x, a, b = (each.astype(jnp.float64) for each in (share, concentration, total - concentration))
    x = jnp.clip(x, 1e-300, 1 - 1e-16)
    below = x < (a + 1) / (a + b + 2)
    slope = jnp.where(below, _cdf_slope(a, b, jnp.where(below, x, 0.5)), _cdf_slope_above(a, b, jnp.where(below, 0.5, x)))
    return (-slope / (1 - x)).astype(share.dtype)
