"""Arithmetic with PyTorch's roundings: conversions, fused multiply-add, logarithms, sines and cosines.

NumPy's own functions are one unit in the last place away now and then; a generator that must repeat published digits
cannot use them. In double precision PyTorch calls the C library; in float32 its kernels evaluate the polynomials of the
Cephes library with fused multiply-adds, which a double-precision product and sum, rounded once, reproduces.
"""

import math

import ml_dtypes
import numpy as np

DOUBLE = np.dtype(np.float64)
SINGLE = np.dtype(np.float32)
HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


# Dtypes

def significant_digits(dtype: np.dtype) -> int:
    """Binary digits of a floating-point dtype's significand."""
    return ml_dtypes.finfo(dtype).nmant + 1


def cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Convert as C does: a double reaches the 16-bit types by way of float32, and small integers by way of int64."""
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype in HALVES:
            values = values.astype(np.float32)
        elif dtype.kind in "iu" and values.dtype.kind == "f":
            values = values.astype(np.int64)
        return values.astype(dtype, copy=False)


# Fused multiply-add

def _fused(a, b, c) -> np.ndarray:
    """a * b + c rounded once to float32: the product is exact in double precision."""
    total = np.asarray(a, np.float64) * b
    total += c
    return total.astype(np.float32)


def fused_double(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """a * b + c rounded once, the product's rounding error carried along (Dekker 1971)."""
    if not (math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    product = a * b
    a_high, b_high = _high_half(a), _high_half(b)
    a_low, b_low = a - a_high, b - b_high
    lost = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    c_part = total - product
    return total + (((product - (total - c_part)) + (c - c_part)) + lost)


def _high_half(value):
    scaled = value * (2.0**27 + 1)
    return scaled - (scaled - value)


def scale_and_shift(values: np.ndarray, scale: float, shift: float) -> np.ndarray:
    """values * scale + shift in the precision of the values."""
    if (scale, shift) == (1, 0):
        return values + values.dtype.type(0)
    if values.dtype == DOUBLE:
        return fused_double(values, float(scale), float(shift))
    return _fused(values, np.float32(scale), float(np.float32(shift)))


# Double precision

def libm(name: str, values: np.ndarray) -> np.ndarray:
    """The C library's function on each element, where NumPy's own would differ in the last place."""
    flat = map(getattr(math, name), values.ravel().tolist())
    return np.fromiter(flat, np.float64, values.size).reshape(values.shape)


def sine_and_cosine(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The C library's, through its complex exponential, which NumPy calls for each element."""
    turned = np.exp(1j * x)
    return turned.imag, turned.real


def elementwise(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return libm(name, values) if dtype == DOUBLE else getattr(np, name)(values)


# Float32: the polynomials of the Cephes library (https://www.netlib.org/cephes/),
# evaluated with fused multiply-adds in the order of PyTorch's AVX2 kernels.

_LOG = [np.float32(c) for c in (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)]
_LOG2_HIGH, _LOG2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_SINE = [np.float32(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
_COSINE = [np.float32(c) for c in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)]
# A quarter of pi in three parts, so that a multiple can be subtracted without losing digits.
_QUARTER_PI = [np.float32(c) for c in (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)]


def _polynomial(coefficients: list[np.float32], x: np.ndarray) -> np.ndarray:
    """Horner's rule in fused steps; each is computed in place in double precision and rounded to float32."""
    wide, value = x.astype(np.float64), np.full(x.shape, coefficients[0], np.float64)
    rounded = np.empty_like(x)
    for coefficient in coefficients[1:]:
        value *= wide
        value += coefficient
        rounded[...] = value
        value[...] = rounded
    return rounded


def log_single(x: np.ndarray) -> np.ndarray:
    """The logarithm of numbers of (0, 1], from a significand brought between the square roots of 1/2 and 2."""
    bits = x.view(np.int32)
    significand = ((bits & 0x7FFFFF) | 0x3F000000).view(np.float32)
    small = significand < np.float32(math.sqrt(0.5))
    exponent = ((bits >> 23) - 126 - small).astype(np.float32)
    rest = significand - 1 + np.where(small, significand, np.float32(0))
    square = rest * rest
    value = _fused(_polynomial(_LOG, rest) * rest, square, exponent * _LOG2_LOW)
    value = _fused(square, np.float32(-0.5), value)
    return _fused(exponent, _LOG2_HIGH, rest + value)


def sine_and_cosine_single(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of angles of [0, 2 pi]: both polynomials around the nearest multiple of pi / 2, then choose."""
    octant = ((x * np.float32(4 / math.pi)).astype(np.int32) + 1) & ~1
    multiple = octant.astype(np.float64)
    for part in _QUARTER_PI:
        x = _fused(multiple, -part, x)
    square = x * x
    cosine = _polynomial(_COSINE, square) * square
    cosine = _fused(cosine, square, np.float32(-0.5) * square) + 1
    sine = _fused(_polynomial(_SINE, square) * square, x, x)
    exchanged = octant & 2 != 0
    sine, cosine = np.where(exchanged, cosine, sine), np.where(exchanged, sine, cosine)
    return _negated(sine, octant), _negated(cosine, octant + 2)


def _negated(values: np.ndarray, octant: np.ndarray) -> np.ndarray:
    """The sign bit turned where bit 2 of the octant is set."""
    return (values.view(np.int32) ^ ((octant & 4) << 29)).view(np.float32)
