"""Elementwise functions with PyTorch's values and derivatives at the edges, on arrays.

Where PyTorch chose one of several subgradients, the function is written so that `jax.vjp` finds the same one: `jnp.where` hands the
whole gradient to the branch it takes, and a branch that could overflow there is given a harmless argument instead.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import special

_HALF = jnp.float16, jnp.bfloat16


def in_float32(function):
    """`function` with half-precision operands computed in float32, rounded once, at the end."""
    @functools.wraps(function)
    def run(first, *rest):
        if first.dtype not in _HALF:
            return function(first, *rest)
        return jax.tree.map(lambda result: result.astype(first.dtype), function(*map(_widened, (first, *rest))))
    return run


def _widened(array):
    return array.astype(jnp.float32) if getattr(array, "dtype", None) in _HALF else array


def on_integers(function, exact):
    """`function` for floating-point operands, `exact` for integers and bools."""
    return lambda first, *rest: (function if jnp.issubdtype(first.dtype, jnp.inexact) else exact)(first, *rest)


def is_complex(array):
    """Whether the elements are complex numbers."""
    return jnp.issubdtype(array.dtype, jnp.complexfloating)


# ---------------------------------------------------------------- arithmetic
def divide(dividend, divisor):
    """The quotient, rounded once: a divisor that is the same for many elements is spread out behind a barrier, for XLA would
    multiply by its reciprocal (5 / 5 - 1 is then 1.5e-8)."""
    divisor = jnp.asarray(divisor)
    shape = jnp.broadcast_shapes(dividend.shape, divisor.shape)
    return jnp.divide(dividend, divisor if divisor.shape == shape else lax.optimization_barrier(jnp.broadcast_to(divisor, shape)))


def floor_divide(dividend, divisor):
    """The quotient rounded down; a floating-point one is exact where the remainder is, and by zero it is infinite."""
    if not jnp.issubdtype(dividend.dtype, jnp.inexact):
        return jnp.floor_divide(dividend, divisor)
    dividend, divisor = lax.stop_gradient(dividend), lax.stop_gradient(divisor)
    rest = jnp.fmod(dividend, divisor)
    quotient = (dividend - rest) / divisor
    quotient = jnp.where((rest != 0) & ((divisor < 0) != (rest < 0)), quotient - 1, quotient)
    whole = jnp.floor(quotient)
    whole = jnp.where(quotient - whole > 0.5, whole + 1, whole)
    zero = jnp.copysign(jnp.zeros_like(whole), dividend / divisor)
    return jnp.where(divisor == 0, dividend / divisor, jnp.where(quotient == 0, zero, whole))


def trunc_divide(dividend, divisor):
    """The quotient rounded towards zero."""
    if jnp.issubdtype(dividend.dtype, jnp.inexact):
        return jnp.trunc(dividend / divisor)
    return lax.div(*jnp.broadcast_arrays(dividend, divisor))


def remainder(dividend, divisor):
    """What is left of division rounded down: it has the divisor's sign."""
    rest = jnp.fmod(dividend, divisor)
    return jnp.where((rest != 0) & ((rest < 0) != (divisor < 0)), rest + divisor, rest)


def power_by_number(base, exponent):
    """Powers with an exponent that is a Python number, the common ones without a logarithm."""
    if exponent == 0.5 and jnp.issubdtype(base.dtype, jnp.inexact):
        return jnp.sqrt(base)
    if base.dtype == jnp.bool_:
        return jnp.power(base.astype(jnp.uint8), int(exponent)) != 0
    if not isinstance(exponent, complex) and exponent == int(exponent or 0) and abs(exponent) <= 64:
        return jnp.ones_like(base) if exponent == 0 else lax.integer_pow(base, int(exponent))
    return jnp.power(base, jnp.asarray(exponent, base.dtype))


def power(base, exponent):
    """Powers elementwise; an integer to a negative power is rounded towards zero."""
    if jnp.issubdtype(base.dtype, jnp.inexact):
        return _power(*jnp.broadcast_arrays(base, exponent))
    natural = jnp.power(base, jnp.maximum(exponent, 0))
    sign = jnp.where(base == -1, 1 - 2 * (exponent % 2), jnp.where(base == 1, 1, 0)).astype(base.dtype)
    return jnp.where(exponent < 0, sign, natural)


@jax.custom_jvp
def _power(base, exponent):
    return jnp.power(base, exponent)


@_power.defjvp
def _power_jvp(primals, tangents):
    base, exponent = primals
    result = _power(base, exponent)
    slope = jnp.where(exponent == 0, 0, exponent * _power(base, exponent - 1))
    flat = (base == 0) & (exponent.imag == 0) & (exponent.real >= 0)
    growth = jnp.where(flat, 0, result * jnp.log(jnp.where(flat, 1, base)))
    return result, slope * tangents[0] + growth * tangents[1]


def lerp(start, end, weight):
    """The point between start and end at `weight`, computed from the nearer end."""
    span = end - start
    return jnp.where(jnp.abs(weight) < 0.5, start + weight * span, end - span * (1 - weight))


def clamp(array, low, high):
    """Elements below `low` become `low`, then those above `high` become `high`; NaN anywhere stays NaN."""
    if low is not None:
        array = jnp.where((array < low) | (low != low), low, array)
    if high is not None:
        array = jnp.where((array > high) | (high != high), high, array)
    return array


def clamp_between(array, low, high):
    """The same between bounds that have gradients of their own: where both are one number, the lower gets none."""
    if low is not None and high is not None:
        low = jnp.where(low < high, low, lax.stop_gradient(low))
    return clamp(array, low, high)


def _shared(function, beyond):
    """`function`, the larger or smaller of two: equal ones share the gradient, NaN lets it through to both."""
    extreme = jax.custom_jvp(lambda one, other: function(one, other))

    @extreme.defjvp
    def _extreme_jvp(primals, tangents):
        one, other = primals
        weights = (jnp.where(first == second, 0.5, jnp.where(beyond(second, first), 0, 1)).astype(first.dtype)
                   for first, second in ((one, other), (other, one)))
        return extreme(one, other), sum(weight * tangent for weight, tangent in zip(weights, tangents))
    return extreme


maximum = _shared(jnp.maximum, jnp.greater)
minimum = _shared(jnp.minimum, jnp.less)


def fmax(one, other):
    """The larger of two, a number winning over NaN; equal ones give their gradient to the first."""
    return jnp.where((one >= other) | (other != other), one, other)


def fmin(one, other):
    """The smaller of two, a number winning over NaN; equal ones give their gradient to the first."""
    return jnp.where((one <= other) | (other != other), one, other)


@jax.custom_jvp
def hypot(one, other):
    """The length of the vector (one, other), without overflow."""
    return jnp.hypot(one, other)


@hypot.defjvp
def _hypot_jvp(primals, tangents):
    length = hypot(*primals)
    return length, (primals[0] / length) * tangents[0] + (primals[1] / length) * tangents[1]


def logaddexp(one, other):
    """log(exp(one) + exp(other)); of complex numbers, on the branch of the one with the larger real part."""
    larger = one.real >= other.real
    high, low = jnp.where(larger, one, other), jnp.where(larger, other, one)
    alike = jnp.isinf(one.real) & (one.real == other.real)
    return jnp.where(alike, low, high + jnp.log1p(jnp.exp(jnp.where(alike, 0, low - high))))


def logaddexp2(one, other):
    """log2(2^one + 2^other)."""
    high, low = jnp.maximum(one, other), jnp.minimum(one, other)
    difference = jnp.where(jnp.isinf(one) & (one == other), 0, low - high)
    return high + jnp.log1p(jnp.exp2(difference)) / math.log(2)


@jax.custom_jvp
def xlogy(factor, array):
    """factor * log(array), zero where the factor is and the array is not NaN."""
    zero = (factor == 0) & ((array <= 0) | (array == jnp.inf))
    return jnp.where(zero, 0, factor * jnp.log(jnp.where(zero, 1, array)))


@xlogy.defjvp
def _xlogy_jvp(primals, tangents):
    factor, array = primals
    zero = (factor == 0) & (array <= 0)
    return xlogy(factor, array), jnp.where(zero, 0, jnp.log(jnp.where(zero, 1, array))) * tangents[0] + factor / array * tangents[1]


@jax.custom_jvp
def atan2(ordinate, abscissa):
    """The angle of a point; no gradient at the origin."""
    return jnp.arctan2(ordinate, abscissa)


@atan2.defjvp
def _atan2_jvp(primals, tangents):
    ordinate, abscissa = primals
    square = ordinate * ordinate + abscissa * abscissa
    reciprocal = jnp.where(square == 0, 0, 1 / jnp.where(square == 0, 1, square))
    return atan2(*primals), (abscissa * tangents[0] - ordinate * tangents[1]) * reciprocal


def copysign(array, sign):
    """The magnitude of `array` with the sign of `sign`; no gradient where the array is zero."""
    negative = jnp.signbit(sign)
    flipped = jnp.where(negative != jnp.signbit(array), -array, array)
    return jnp.where(array == 0, lax.stop_gradient(flipped), flipped)


@jax.custom_jvp
def next_after(array, target):
    """The neighbour of each element on the way to the target; it moves with the element, but at the target it stays."""
    return lax.nextafter(*jnp.broadcast_arrays(array, target))


@next_after.defjvp
def _next_after_jvp(primals, tangents):
    return next_after(*primals), jnp.where(primals[0] == primals[1], 0, tangents[0])


def ldexp(array, exponent):
    """array * 2^exponent, exact for whole exponents."""
    if is_complex(array):
        return array * jnp.exp2(exponent)
    whole = lax.stop_gradient(jnp.where(jnp.isfinite(exponent), jnp.floor(exponent), 0))
    scale = jnp.ldexp(jnp.ones_like(whole), whole.astype(jnp.int32))
    return array * (jnp.exp2(exponent - whole) * scale)


@jax.custom_jvp
def frexp(array):
    """(mantissa, exponent) with array = mantissa * 2^exponent and a mantissa from 0.5 to 1."""
    mantissa, exponent = jnp.frexp(array)
    return mantissa.astype(array.dtype), jnp.where(jnp.isfinite(array), exponent, 0).astype(jnp.int32)


@frexp.defjvp
def _frexp_jvp(primals, tangents):
    mantissa, exponent = frexp(*primals)
    slope = jnp.exp2(-exponent.astype(mantissa.dtype))
    return (mantissa, exponent), (tangents[0] * slope, jnp.zeros(exponent.shape, jax.dtypes.float0))


# ---------------------------------------------------------------- parts and signs
def sgn(array):
    """The sign; of a complex number, the number divided by its magnitude."""
    if not is_complex(array):
        return sign(array)
    magnitude = jnp.abs(array)
    return jnp.where(magnitude == 0, 0, array / jnp.where(magnitude == 0, 1, magnitude))


def sign(array):
    """-1, 0 or 1; of a bool itself; zero for NaN."""
    if array.dtype == jnp.bool_:
        return array
    return (array > 0).astype(array.dtype) - (array < 0).astype(array.dtype)


def signbit(array):
    """Whether the sign is minus, that of -0.0 too."""
    return jnp.signbit(array) if jnp.issubdtype(array.dtype, jnp.floating) else array < 0


def absolute(array):
    """The magnitude: no gradient at zero."""
    return jnp.abs(array) if is_complex(array) else _absolute(array)


@jax.custom_jvp
def _absolute(array):
    return array if jnp.issubdtype(array.dtype, jnp.unsignedinteger) else jnp.abs(array)


@_absolute.defjvp
def _absolute_jvp(primals, tangents):
    return _absolute(*primals), sign(*primals) * tangents[0]


def angle(array):
    """The argument in radians: pi for negative real numbers, no gradient at zero."""
    if not is_complex(array):
        return jnp.where(array < 0, math.pi, jnp.where(array != array, lax.stop_gradient(array), 0)).astype(array.dtype)
    zero = array == 0
    return jnp.where(zero, 0, jnp.angle(jnp.where(zero, 1, array)))


def is_nan(array):
    """Whether an element is not a number."""
    return array != array


def is_infinite(array):
    """Whether an element, or a part of it, is infinite."""
    return jnp.isinf(array) if jnp.issubdtype(array.dtype, jnp.inexact) else jnp.zeros(array.shape, jnp.bool_)


def is_finite(array):
    """Whether an element is neither infinite nor NaN."""
    return jnp.isfinite(array) if jnp.issubdtype(array.dtype, jnp.inexact) else jnp.ones(array.shape, jnp.bool_)


def is_infinity(array, sign):
    """Whether an element is the infinity of this sign."""
    return array == sign * jnp.inf if jnp.issubdtype(array.dtype, jnp.inexact) else jnp.zeros(array.shape, jnp.bool_)


def is_close(one, other, relative, absolute_tolerance, equal_nan):
    """|one - other| <= absolute + relative * |other|, or equal, or both NaN where these are taken for equal."""
    close = one == other
    if equal_nan:
        close |= (one != one) & (other != other)
    if not jnp.issubdtype(one.dtype, jnp.inexact):
        one, other = one.astype(jnp.float64), other.astype(jnp.float64)
    error = jnp.abs(one - other)
    return close | (jnp.isfinite(error) & (error <= absolute_tolerance + jnp.abs(relative * other)))


def nan_to_num(array, nan, posinf, neginf):
    """NaN and the infinities replaced; the infinities by the largest numbers where nothing is said."""
    if is_complex(array):
        return lax.complex(*(nan_to_num(part, nan, posinf, neginf) for part in (array.real, array.imag)))
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        return array
    limits = jnp.finfo(array.dtype)
    array = jnp.where(array != array, jnp.asarray(nan or 0, array.dtype), array)
    array = jnp.where(array == jnp.inf, jnp.asarray(limits.max if posinf is None else posinf, array.dtype), array)
    return jnp.where(array == -jnp.inf, jnp.asarray(limits.min if neginf is None else neginf, array.dtype), array)


def round_to(array, decimals):
    """Rounded to this many decimals, halves to the even neighbour; the derivative is zero."""
    scale = 10.0 ** abs(decimals)
    scaled = array * scale if decimals >= 0 else array / scale
    return jnp.round(scaled) / scale if decimals >= 0 else jnp.round(scaled) * scale


# ---------------------------------------------------------------- special functions
def logit(array, eps):
    """log(x / (1 - x)), of x clamped to [eps, 1 - eps] where eps is given."""
    if eps is not None and eps > 0.5:       # the lower limit lies over the upper one, and is looked at first
        array = jnp.where(array < eps, eps, 1 - eps).astype(array.dtype)
    elif eps is not None:
        array = clamp(array, jnp.asarray(eps, array.dtype), jnp.asarray(1 - eps, array.dtype))
    return jnp.log(array / (1 - array))


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def polygamma(array, order):
    """The derivative of this order of digamma: a multiple of the Hurwitz zeta function, mirrored for negative numbers."""
    if order == 0:
        return _digamma(array)
    mirrored = jnp.where(array < 0, 1 - array, array)
    zeta = jnp.where(array == 0, jnp.inf, special.zeta(jnp.asarray(order + 1, array.dtype), mirrored))
    size = (float(math.factorial(order)) if order <= 170 else math.inf) * jnp.where(mirrored == jnp.inf, 0, zeta)
    fraction = array - jnp.round(array)
    reflected = -size - math.pi ** (order + 1) * _cotangent_derivative(1 / jnp.tan(math.pi * fraction), order)
    return jnp.where(array < 0, reflected, (-1) ** (order + 1) * size)


def _cotangent_derivative(cotangent, order):
    """The derivative of this order of cot, as a polynomial in cot: each is -(1 + cot^2) times the derivative of the one before."""
    polynomial = np.polynomial.Polynomial([0, 1])
    for _ in range(order):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([-1, 0, -1])
    return functools.reduce(lambda value, coefficient: value * cotangent + float(coefficient), polynomial.coef[-2::-1],
                            jnp.full_like(cotangent, float(polynomial.coef[-1])))


@polygamma.defjvp
def _polygamma_jvp(order, primals, tangents):
    return polygamma(*primals, order), tangents[0] * polygamma(*primals, order + 1)


def _digamma(array):
    """XLA's, and minus infinity at zero from the right, NaN at the negative integers."""
    regular = lax.digamma(array)
    pole = jnp.where(array == 0, -jnp.copysign(jnp.inf, array), jnp.nan).astype(array.dtype)
    return jnp.where((array <= 0) & (array == jnp.floor(array)), pole, regular)


def digamma(array):
    """The logarithmic derivative of the gamma function."""
    return polygamma(array, 0)


@jax.custom_jvp
def lgamma(array):
    """The logarithm of the gamma function's magnitude."""
    return lax.lgamma(array)


@lgamma.defjvp
def _lgamma_jvp(primals, tangents):
    return lgamma(*primals), tangents[0] * digamma(*primals)


def mvlgamma(array, order):
    """The logarithm of the multivariate gamma function of this order."""
    return order * (order - 1) / 4 * math.log(math.pi) + sum(lgamma(array - step / 2) for step in range(order))


@jax.custom_jvp
def i0(array):
    """The modified Bessel function of the first kind, of order 0; its derivative is that of order 1."""
    return special.i0(array)


@i0.defjvp
def _i0_jvp(primals, tangents):
    return i0(*primals), special.i1(*primals) * tangents[0]
