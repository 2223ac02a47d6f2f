"""Special functions that JAX has not, or differentiates otherwise, on arrays.

Those of Bessel and Airy are computed in float64, each in three ranges: by a power series near zero; in the middle by a recurrence, or by an
integral whose trapezoidal sum gains digits in proportion to its points; far out by Hankel's expansion. Formulas by their numbers in the
DLMF, https://dlmf.nist.gov.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jax.scipy import special

NEAR, FAR = 2.0, 25.0       # up to NEAR a power series loses no digits, from FAR on 20 terms of Hankel's expansion are exact
TERMS = 20
EULER = 0.57721566490153286


def in_float64(function):
    """`function` of one array, computed in double precision and rounded once, at the end."""
    @functools.wraps(function)
    def run(array):
        return function(array.astype(jnp.float64)).astype(array.dtype)
    return run


def with_slope(function, slope):
    """`function` of one array with this derivative."""
    made = jax.custom_jvp(lambda array: function(array))
    made.defjvp(lambda primals, tangents: (made(*primals), slope(*primals) * tangents[0]))
    return made


# ---------------------------------------------------------------- entropy and the normal distribution
def _entr(array):
    inside = -array * jnp.log(jnp.where(array > 0, array, 1))
    return jnp.where(array != array, array, jnp.where(array > 0, inside, jnp.where(array == 0, 0, -jnp.inf)))


entr = with_slope(_entr, lambda array: -jnp.log(array) - 1)
erfcx = with_slope(special.erfcx, lambda array: 2 * array * erfcx(array) - 2 / math.sqrt(math.pi))
ndtr = with_slope(special.ndtr, lambda array: jnp.exp(-array * array / 2) / math.sqrt(2 * math.pi))
ndtri = with_slope(special.ndtri, lambda array: math.sqrt(2 * math.pi) * jnp.exp(ndtri(array) ** 2 / 2))
def _log_ndtr(array):
    """Through erfcx where the probability is small, which JAX's series leaves at five digits around 5."""
    half = array * math.sqrt(0.5)
    left = array < -1
    return jnp.where(left, jnp.log(erfcx(jnp.where(left, -half, 1)) / 2) - half * half, jnp.log1p(-special.erfc(jnp.where(left, 0, half)) / 2))


log_ndtr = with_slope(_log_ndtr, lambda array: math.sqrt(2 / math.pi) / erfcx(-array / math.sqrt(2)))


@jax.custom_jvp
def xlog1py(factor, array):
    """factor * log(1 + array), zero where the factor is and the array is not NaN."""
    zero = (factor == 0) & ((array <= -1) | (array == jnp.inf))
    return jnp.where(zero, 0, factor * jnp.log1p(jnp.where(zero, 0, array)))


@xlog1py.defjvp
def _xlog1py_jvp(primals, tangents):
    factor, array = primals
    zero = (factor == 0) & (array <= -1)
    to_factor = jnp.where(zero, 0, jnp.log1p(jnp.where(zero, 0, array)))
    return xlog1py(factor, array), to_factor * tangents[0] + factor / (array + 1) * tangents[1]


@jax.custom_jvp
def zeta(exponent, start):
    """The Hurwitz zeta function, the sum of (start + k) ** -exponent; differentiable by start alone."""
    exponent, start = jnp.broadcast_arrays(exponent, start)
    pole = (exponent == 1) | (exponent > 1) & (start <= 0) & (start == jnp.floor(start))
    return jnp.where(pole, jnp.inf, jnp.where(exponent < 1, jnp.nan, special.zeta(exponent, start)))


def _zeta_jvp(primals, tangents):
    exponent, start = primals
    if type(tangents[0]) is not SymbolicZero:
        raise NotImplementedError("the derivative for 'zeta' is not implemented.")
    return zeta(exponent, start), -exponent * zeta(exponent + 1, start) * tangents[1]


zeta.defjvp(_zeta_jvp, symbolic_zeros=True)


# ---------------------------------------------------------------- modified Bessel functions of the first kind
i0e = with_slope(special.i0e, lambda array: i1e(array) - jnp.sign(array) * i0e(array))
i1e = with_slope(special.i1e, lambda array: _slope_at_zero(array, i0e(array) - i1e(array) * (jnp.sign(array) + _reciprocal(array))))
i1 = with_slope(special.i1, lambda array: _slope_at_zero(array, special.i0(array) - i1(array) * _reciprocal(array)))


def _slope_at_zero(array, slope):
    """I_1(x) / x tends to 1/2 at zero, and so does the slope."""
    return jnp.where(array == 0, 0.5, slope).astype(array.dtype)


def _reciprocal(array):
    """1 / array, zero at zero."""
    return jnp.where(array == 0, 0, 1 / jnp.where(array == 0, 1, array))


# ---------------------------------------------------------------- pieces of Bessel functions
def _hankel_terms(order, argument, signs):
    """The terms a_k(order) / argument^k (10.17.1), with signs: all plus, or in pairs plus and minus as J and Y want them."""
    term, terms = jnp.ones_like(argument), []
    for k in range(TERMS):
        terms.append(signs(k) * term)
        term = term * ((4 * order * order - (2 * k + 1) ** 2) / (8 * (k + 1))) / argument
    return terms


def _far_oscillating(order, argument):
    """(J, Y) for large arguments (10.17.3, 10.17.4)."""
    terms = _hankel_terms(order, argument, lambda k: (-1) ** (k // 2))
    even, odd = sum(terms[::2]), sum(terms[1::2])
    phase = argument - (order / 2 + 0.25) * math.pi
    sine, cosine = jnp.sin(phase), jnp.cos(phase)
    scale = jnp.sqrt(2 / (math.pi * argument))
    return scale * (cosine * even - sine * odd), scale * (sine * even + cosine * odd)


def _power_series(order, argument, sign, weight=lambda k: 1.0):
    """(x/2)^order * sum of weight(k) * (sign * x^2 / 4)^k / (k! (k + order)!) (10.2.2, 10.25.2)."""
    square = sign * argument * argument / 4
    term, total = (argument / 2) ** order / math.factorial(order), 0.0
    for k in range(TERMS):
        total = total + weight(k) * term
        term = term * square / ((k + 1) * (k + 1 + order))
    return total


def _harmonic(k):
    return sum(1 / step for step in range(1, k + 1))


def _middle_sequence(argument, start=72):
    """J_0, J_1, ... for arguments between NEAR and FAR: downwards by 10.6.1 from zero, scaled so that 10.12.4 holds."""
    later, now, values = jnp.zeros_like(argument), jnp.full_like(argument, 1e-120), []
    for order in range(start, 0, -1):
        later, now = now, 2 * order / argument * now - later
        values.append(now)
    values = values[::-1]
    norm = values[0] + 2 * sum(values[2::2])
    return [value / norm for value in values]


def _by_range(size, near, middle, far):
    """Each element by the representation of its range; the others are given a harmless argument."""
    values = near(jnp.minimum(size, NEAR)), middle(jnp.clip(size, NEAR, FAR)), far(jnp.maximum(size, FAR))
    return jnp.where(size != size, jnp.nan, jnp.where(size < NEAR, values[0], jnp.where(size < FAR, values[1], values[2])))


# ---------------------------------------------------------------- Bessel functions
def _bessel_j(order):
    def made(array):
        size = jnp.abs(array)
        value = _by_range(size, lambda x: _power_series(order, x, -1), lambda x: _middle_sequence(x)[order],
                          lambda x: _far_oscillating(order, x)[0])
        return jnp.where(array < 0, -value, value) if order else value
    return in_float64(made)


def _near_y0(argument):
    """10.8.2."""
    log = jnp.log(argument / 2) + EULER
    return 2 / math.pi * (log * _power_series(0, argument, -1) - _power_series(0, argument, -1, _harmonic))


def _near_y1(argument):
    """10.8.1."""
    log = jnp.log(argument / 2) + EULER
    series = _power_series(1, argument, -1, lambda k: (_harmonic(k) + _harmonic(k + 1)) / 2)
    return 2 / math.pi * (log * _power_series(1, argument, -1) - 1 / argument - series)


def _middle_y0(argument):
    """Neumann's expansion, 10.23.16 at order zero."""
    values = _middle_sequence(argument)
    tail = sum((-1) ** k / k * values[2 * k] for k in range(1, 34))
    return 2 / math.pi * (jnp.log(argument / 2) + EULER) * values[0] - 4 / math.pi * tail


def _middle_y1(argument):
    """Minus the derivative of the expansion of Y_0, term by term."""
    values = _middle_sequence(argument)
    tail = sum((-1) ** k / k * (values[2 * k - 1] - values[2 * k + 1]) / 2 for k in range(1, 34))
    return 2 / math.pi * ((jnp.log(argument / 2) + EULER) * values[1] - values[0] / argument) + 4 / math.pi * tail


def _bessel_y(order, near, middle):
    def made(array):
        value = _by_range(jnp.maximum(array, 0), near, middle, lambda x: _far_oscillating(order, x)[1])
        value = jnp.where(array == 0, -jnp.inf, value)
        return jnp.where((array < 0) | (array != array), jnp.nan, value)
    return in_float64(made)


bessel_j0, bessel_j1 = _bessel_j(0), _bessel_j(1)
bessel_y0, bessel_y1 = _bessel_y(0, _near_y0, _middle_y0), _bessel_y(1, _near_y1, _middle_y1)


# ---------------------------------------------------------------- modified Bessel functions of the second kind, times exp(x)
def _near_k(order, argument):
    """10.31.1 and 10.31.2."""
    log = jnp.log(argument / 2) + EULER
    if order == 0:
        return _power_series(0, argument, 1, _harmonic) - log * _power_series(0, argument, 1)
    series = _power_series(1, argument, 1, lambda k: (_harmonic(k) + _harmonic(k + 1)) / 2)
    return 1 / argument + log * _power_series(1, argument, 1) - series


def _integral_k(order, argument):
    """exp(x) * K by the trapezoidal sum of 10.32.9."""
    step = 0.1
    return step * sum((0.5 if point == 0 else 1.0) * math.cosh(order * step * point) * jnp.exp(-argument * (math.cosh(step * point) - 1))
                      for point in range(42))


def _far_k(order, argument):
    """10.40.2."""
    return jnp.sqrt(math.pi / (2 * argument)) * sum(_hankel_terms(order, argument, lambda k: 1))


def _scaled_k(order):
    def made(array):
        value = _by_range(jnp.maximum(array, 0), lambda x: _near_k(order, x) * jnp.exp(x), functools.partial(_integral_k, order),
                          functools.partial(_far_k, order))
        value = jnp.where(array == jnp.inf, 0, jnp.where(array == 0, jnp.inf, value))
        return jnp.where((array < 0) | (array != array), jnp.nan, value)
    return made


def _unscaled(scaled):
    return in_float64(lambda array: scaled(array) * jnp.exp(-array))


scaled_k0, scaled_k1 = in_float64(_scaled_k(0)), in_float64(_scaled_k(1))
k0, k1 = _unscaled(_scaled_k(0)), _unscaled(_scaled_k(1))


# ---------------------------------------------------------------- others of the family
@in_float64
def spherical_bessel_j0(array):
    """sin(x) / x, 1 at zero (10.49.3)."""
    small = jnp.abs(array) < 1e-3
    return jnp.where(jnp.isinf(array), 0, jnp.where(small, 1 - array * array / 6, jnp.sin(array) / jnp.where(small, 1, array)))


def _airy_series(argument):
    """9.4.1, for arguments from -8 to 2."""
    cube, one, other = argument ** 3, jnp.ones_like(argument), argument
    first = second = 0.0
    for k in range(45):
        first, second = first + one, second + other
        one, other = one * cube / ((3 * k + 2) * (3 * k + 3)), other * cube / ((3 * k + 3) * (3 * k + 4))
    return first / (3 ** (2 / 3) * math.gamma(2 / 3)) - second / (3 ** (1 / 3) * math.gamma(1 / 3))


def _airy_decaying(argument):
    """9.6.2, for arguments above 2."""
    size = 2 / 3 * argument ** 1.5
    scaled = jnp.where(size < FAR, _integral_k(1 / 3, jnp.minimum(size, FAR)), _far_k(1 / 3, jnp.maximum(size, FAR)))
    return jnp.sqrt(argument / 3) / math.pi * scaled * jnp.exp(-size)


def _airy_oscillating(argument):
    """9.7.9, for the arguments below -8, given without their sign."""
    size = 2 / 3 * argument ** 1.5
    terms = _hankel_terms(1 / 3, size, lambda k: (-1) ** (k // 2 + k))
    phase = size - math.pi / 4
    return (jnp.cos(phase) * sum(terms[::2]) + jnp.sin(phase) * sum(terms[1::2])) / (math.sqrt(math.pi) * argument ** 0.25)


@in_float64
def airy_ai(array):
    """Airy's function Ai."""
    middle = _airy_series(jnp.clip(array, -8, NEAR))
    value = jnp.where(array > NEAR, _airy_decaying(jnp.maximum(array, NEAR)),
                      jnp.where(array < -8, _airy_oscillating(jnp.maximum(-array, 8)), middle))
    return jnp.where(jnp.isinf(array), jnp.nan, jnp.where(array != array, array, value))


# ---------------------------------------------------------------- incomplete gamma functions
def _incomplete(name, function, sign):
    """A regularised incomplete gamma function of (order, array), which torch differentiates by the array alone."""
    @jax.custom_jvp
    def run(order, array):
        return jnp.where(jnp.isinf(order) & jnp.isinf(array), jnp.nan, function(order, array))

    def derivative(primals, tangents):
        order, array = primals
        if type(tangents[0]) is not SymbolicZero:
            raise NotImplementedError(f"the derivative for '{name}: input' is not implemented.")
        density = jnp.exp((order - 1) * jnp.log(array) - array - special.gammaln(order))
        return run(order, array), sign * density * tangents[1]
    run.defjvp(derivative, symbolic_zeros=True)
    return run


igamma, igammac = _incomplete("igamma", special.gammainc, 1), _incomplete("igammac", special.gammaincc, -1)


# ---------------------------------------------------------------- orthogonal polynomials, by their recurrences (18.9.1)
def _polynomial(first, following):
    """p(x, n) from p_1 = first(x) and p_(k+1) = following(k, x, p_k, p_(k-1)); 1 for n = 0, 0 for negative n.

    A degree that is not a finite number counts as negative, as torch's conversion to an integer makes it. The recurrence
    ends where every element has its value, or is NaN and stays so.
    """
    def made(array, degree):
        array, degree = jnp.broadcast_arrays(array, degree)
        degree = jnp.where(jnp.isfinite(degree) & (jnp.abs(degree) < 2.0 ** 62), degree, -1).astype(jnp.int64)

        def unfinished(state):
            k, _, now = state
            return jnp.any((k < degree) & (now == now))

        def step(state):
            k, before, now = state
            going_on = k < degree
            return k + 1, jnp.where(going_on, now, before), jnp.where(going_on, following(k.astype(array.dtype), array, now, before), now)
        _, _, value = lax.while_loop(unfinished, step, (jnp.asarray(1), jnp.ones_like(array), first(array)))
        return jnp.where(degree < 0, 0, jnp.where(degree == 0, 1, value)).astype(array.dtype)
    return made


def _chebyshev(first, argument=lambda x: x):
    return _polynomial(lambda x: first(argument(x)), lambda k, x, now, before: 2 * argument(x) * now - before)


_CHEBYSHEV = {"t": lambda x: x, "u": lambda x: 2 * x, "v": lambda x: 2 * x - 1, "w": lambda x: 2 * x + 1}
POLYNOMIALS = {f"chebyshev_polynomial_{kind}": _chebyshev(first) for kind, first in _CHEBYSHEV.items()}
POLYNOMIALS |= {f"shifted_chebyshev_polynomial_{kind}": _chebyshev(first, lambda x: 2 * x - 1) for kind, first in _CHEBYSHEV.items()}
POLYNOMIALS |= {
    "hermite_polynomial_h": _polynomial(lambda x: 2 * x, lambda k, x, now, before: 2 * (x * now - k * before)),
    "hermite_polynomial_he": _polynomial(lambda x: x, lambda k, x, now, before: x * now - k * before),
    "laguerre_polynomial_l": _polynomial(lambda x: 1 - x, lambda k, x, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1)),
    "legendre_polynomial_p": _polynomial(lambda x: x, lambda k, x, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1)),
}
