"""Elementwise functions of XLA that NumPy has not, or has otherwise at the edges."""

import math

import jax.numpy as jnp
import numpy as np


def mapped(function):
    """A function of one Python float, applied to each element in double precision: 60 ns each."""

    def run(array):
        return np.fromiter(map(function, array.ravel().tolist()), np.float64, array.size).reshape(array.shape)

    return run


@mapped
def log_gamma(value):
    try:
        return math.lgamma(value)
    except (ValueError, OverflowError):  # at the poles and above 1e305
        return math.inf


def logistic(array):
    return 1 / (1 + np.exp(-array))


def sign(array):
    """NumPy's, but keeping -0.0."""
    return np.copysign(np.sign(array), array) if array.dtype.kind == "f" else np.sign(array)


def round_away(array):
    """To the nearest integer, halves away from zero."""
    whole = np.trunc(array)
    return np.where(np.abs(array - whole) >= 0.5, whole + np.copysign(1, array), whole)


def bit_count(array):
    return np.bitwise_count(array.view(f"u{array.dtype.itemsize}"))


def leading_zeros(array):
    bits = array.view(f"u{array.dtype.itemsize}")
    width = bits.dtype.itemsize * 8
    for distance in (1, 2, 4, 8, 16, 32):
        if distance < width:
            bits = bits | bits >> bits.dtype.type(distance)
    return width - np.bitwise_count(bits).astype(np.int64)


def rank(array):
    """Integers in the total order of the floats: the bits, those of negative numbers counted downwards."""
    bits = array.view(f"i{array.dtype.itemsize}")
    return np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)


def shift_right_logical(array, distance):
    unsigned = f"u{array.dtype.itemsize}"
    return np.right_shift(array.view(unsigned), distance.view(unsigned)).view(array.dtype)


def divide_integers(dividend, divisor):
    """Truncated; by zero, as XLA has it, all bits are set."""
    quotient = (dividend - np.fmod(dividend, divisor)) // divisor
    return quotient if divisor.all() else np.where(divisor == 0, ~np.zeros_like(quotient), quotient)


def remainder_integers(dividend, divisor):
    rest = np.fmod(dividend, divisor)
    return rest if divisor.all() else np.where(divisor == 0, dividend, rest)


def clamp(low, array, high):
    return np.minimum(np.maximum(array, low), high)


def make_complex(real, imaginary):
    array = np.empty(np.broadcast_shapes(real.shape, imaginary.shape), np.result_type(real, np.complex64))
    array.real, array.imag = real, imaginary
    return array


def raised(base, exponent):
    """A natural power by repeated squaring, in XLA's order of multiplication."""
    power = np.ones_like(base) if exponent == 0 else None
    while exponent:
        if exponent & 1:
            power = base if power is None else power * base
        exponent >>= 1
        base = base * base if exponent else base
    return power


def saturating(target):
    """The conversion of floats to an integer type: the nearest one there is, and 0 for NaN, where C leaves it undefined."""
    low, high = float(jnp.iinfo(target).min), float(jnp.iinfo(target).max)
    last, lowest = jnp.iinfo(target).max, jnp.iinfo(target).min

    def run(array):
        if ((array > low) & (array < high)).all():
            return array.astype(target)
        inside = np.where((array > low) & (array < high), array, 0).astype(target)
        return np.where(array >= high, target.type(last), np.where(array <= low, target.type(lowest), inside))

    return run
