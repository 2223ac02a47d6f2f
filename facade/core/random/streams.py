"""What PyTorch makes of the generator's draws on the CPU, distribution by distribution.

Every function takes an engine first, draws exactly the words PyTorch would draw, and returns a NumPy array with
PyTorch's digits; whatever is drawn next therefore agrees as well. Three habits explain nearly all of it:

* A uniform number is the low bits of a draw times a power of two: 24 bits of one word, or 53 bits of two for float64.
  The transformed distributions (exponential, cauchy, geometric, ...) use 53 bits whatever the dtype of the result.
* Fewer than 16 normals are drawn in pairs, in double precision, and an odd one waits in the engine. From 16 on the
  result is filled with uniforms and turned into normals in blocks of 16, in the precision of the dtype.
* A location and a scale are applied with one rounding: PyTorch's kernels are compiled to fused multiply-add.

PyTorch fills memory in order: for a tensor whose memory is permuted, draw in that order and permute the result.

Digits were compared with torch 2.13 on x86-64 with AVX2 or AVX-512 and glibc 2.36, and are equal bit for bit. Double
logarithms, sines and cosines come from the C library, as in PyTorch. Where the result is narrower than float64,
exponential, cauchy and log_normal use NumPy's vectorised functions: one unit in the last place of a double, which shows
after rounding about once in 10^9 numbers.

`p` of `torch.nn.functional.dropout` in training is `bernoulli(1 - p)`, over the input's shape or, for the feature
dropouts, over its first two dims; no number is drawn for p = 0 or p = 1.
"""

import math
from collections.abc import Callable, Iterator

import ml_dtypes
import numpy as np

from .arithmetic import (
    DOUBLE, HALVES, SINGLE, cast, elementwise, fused_double, libm, log_single, scale_and_shift, significant_digits,
    sine_and_cosine, sine_and_cosine_single)
from .mt19937 import MT19937

Shape = tuple[int, ...]

_BLOCK = 16


def _as_parts(draw: Callable[[Shape, np.dtype], np.ndarray], shape: Shape, dtype: np.dtype) -> np.ndarray:
    """A complex result: real and imaginary parts are drawn in turn."""
    return draw((*shape, 2), np.dtype(f"f{dtype.itemsize // 2}")).view(dtype)[..., 0]


# Uniform numbers

def _unit(engine: MT19937, count: int, dtype: np.dtype) -> np.ndarray:
    """Uniform numbers of [0, 1): float64 for float64, else float32."""
    if dtype == DOUBLE:
        return (engine.double_words(count) & np.uint64(2**53 - 1)).view(np.int64) * 2.0**-53
    return (engine.words(count) & np.uint32(2**24 - 1)).view(np.int32).astype(np.float32) * np.float32(2.0**-24)


def uniform(engine: MT19937, shape: Shape, low: float = 0.0, high: float = 1.0, *, dtype: np.dtype) -> np.ndarray:
    """Uniform numbers of [low, high); one that is rounded up to `high` becomes `low`."""
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        return _as_parts(lambda parts, real: uniform(engine, parts, low, high, dtype=real), shape, dtype)
    values = _unit(engine, math.prod(shape), dtype)
    if (low, high) == (0, 1) and dtype not in HALVES:
        return values.reshape(shape)
    precise = values.dtype.type
    values = cast(scale_and_shift(values, precise(high) - precise(low), precise(low)), dtype)
    first, end = cast(np.array([low, high], np.float64), dtype)
    return np.where(values == end, first, values).reshape(shape)


def rrelu_noise(engine: MT19937, input: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """The slopes of randomized leaky ReLU in training: drawn where the input is not positive, 1 elsewhere."""
    noise = np.ones_like(input)
    drawn = input <= 0
    lower, upper = (float(input.dtype.type(bound)) for bound in (lower, upper))
    noise[drawn] = _unit(engine, int(drawn.sum()), DOUBLE) * (upper - lower) + lower
    return noise


# Normal numbers

def normal(engine: MT19937, shape: Shape, mean=0.0, std=1.0, *, dtype: np.dtype, contiguous: bool = True) -> np.ndarray:
    """Normal numbers; `mean` and `std` may be arrays, as in `torch.normal`.

    The variance of a complex number is shared by its two parts. A tensor that is not contiguous is filled in pairs,
    whatever its size.
    """
    dtype = np.dtype(dtype)
    if isinstance(mean, np.ndarray) or isinstance(std, np.ndarray):
        return _normal_around(engine, shape, mean, std, dtype)
    if dtype.kind == "c":
        draw = lambda parts, real: normal(engine, parts, mean, std / math.sqrt(2), dtype=real, contiguous=contiguous)
        return _as_parts(draw, shape, dtype)
    count = math.prod(shape)
    if count >= _BLOCK and contiguous:
        values = _filled_normals(engine, count, mean, std, dtype)
    else:
        values = fused_double(_paired_normals(engine, count), float(std), float(mean))
    return cast(values, dtype).reshape(shape)


def _normal_around(engine: MT19937, shape: Shape, mean, std, dtype: np.dtype) -> np.ndarray:
    """An array of deviations multiplies normals drawn without it; then the mean is added. Both round to the dtype."""
    if isinstance(std, np.ndarray):
        values = normal(engine, shape, dtype=dtype) * std.astype(dtype)
    else:
        values = normal(engine, shape, 0.0, std, dtype=dtype)
    return values + np.asarray(mean).astype(dtype)


def _paired_normals(engine: MT19937, count: int) -> np.ndarray:
    """Standard normals by Box and Muller in double precision, two at a time; an odd one waits in the engine."""
    waiting = [] if engine.next_normal is None else [engine.next_normal]
    pairs = (count - len(waiting) + 1) // 2
    angle, radius = _unit(engine, 2 * pairs, DOUBLE).reshape(pairs, 2).T
    radius, angle = np.sqrt(-2 * libm("log1p", -radius)), 2 * math.pi * angle
    sine, cosine = sine_and_cosine(angle)
    pair = np.stack([radius * cosine, radius * sine], axis=1)
    values = np.concatenate([waiting, pair.ravel()])
    engine.next_normal = float(values[count]) if len(values) > count else None
    return values[:count]


def _filled_normals(engine: MT19937, count: int, mean: float, std: float, dtype: np.dtype) -> np.ndarray:
    """Normals in blocks of 16. If the last block is not full, the last 16 numbers are drawn again.

    Except for the 16-bit types, the uniforms of the unfinished block have been drawn by then.
    """
    whole = count - count % _BLOCK
    values = np.empty(count, DOUBLE if dtype == DOUBLE else SINGLE)
    for start in range(0, whole, _CHUNK):
        part = values[start:min(start + _CHUNK, whole)]
        part[:] = _box_muller(_unit(engine, len(part), dtype), mean, std)
    if whole < count:
        _unit(engine, 0 if dtype in HALVES else count - whole, dtype)
        values[-_BLOCK:] = _box_muller(_unit(engine, _BLOCK, dtype), mean, std)
    return values


# Arrays of this many numbers stay in the processor's second-level cache.
_CHUNK = 2**14


def _box_muller(unit: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Normals from uniforms: of each 16, the first 8 give the radius and the other 8 the angle."""
    unit = unit.reshape(-1, 2, _BLOCK // 2)
    complement, turn = 1 - unit[:, 0], unit[:, 1]
    angle = unit.dtype.type(2 * math.pi) * turn
    if unit.dtype == DOUBLE:
        logarithm, (sine, cosine) = libm("log", complement), sine_and_cosine(angle)
    else:
        logarithm, (sine, cosine) = log_single(complement), sine_and_cosine_single(angle)
    radius = np.sqrt(-2 * logarithm)
    values = np.stack([radius * cosine, radius * sine], axis=1)
    return scale_and_shift(values, std, mean).ravel()


# Integers

def randint(engine: MT19937, shape: Shape, low: int, high: int, *, dtype: np.dtype) -> np.ndarray:
    """Integers of [low, high) in any dtype: a draw modulo the range, of 64 bits if the range reaches 2**28."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "iub":
        low, high = _representable_bounds(low, high, dtype)
    return _between(engine, shape, low, high - low, dtype)


def _between(engine: MT19937, shape: Shape, low: int, span: int, dtype: np.dtype) -> np.ndarray:
    count = math.prod(shape)
    if span < 2**28:
        offsets = (engine.words(count) % np.uint32(span)).astype(np.uint64)
    else:
        offsets = engine.double_words(count)
        offsets %= np.uint64(span)
    values = (offsets + np.uint64(low % 2**64)).view(np.int64)
    return cast(values, dtype).reshape(shape)


def _representable_bounds(low: int, high: int, dtype: np.dtype) -> tuple[int, int]:
    """Bounds moved inwards to numbers a floating-point dtype has, if they lie beyond its consecutive integers."""
    after, last = (int(cast(np.array(bound, np.int64), dtype)) for bound in (low + 1, high - 1))
    step = lambda bound: 1 << (abs(bound).bit_length() - significant_digits(dtype))
    if after < low:
        low = after + step(low + 1)
    if last >= high:
        high = last - step(high - 1)
    return low, high


def random(engine: MT19937, shape: Shape, low: int | None = None, *, dtype: np.dtype) -> np.ndarray:
    """What `Tensor.random_` draws without an upper bound.

    Up to the largest integer, or for a floating-point dtype up to the last of its consecutive integers. From -2**63
    on that is all of 64 bits.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return (engine.words(math.prod(shape)) & 1).astype(dtype).reshape(shape)
    top = np.iinfo(dtype).max if dtype.kind in "iu" else 2 ** significant_digits(dtype)
    if low == -(2**63):
        return cast(engine.double_words(math.prod(shape)).view(np.int64), dtype).reshape(shape)
    if low is not None:
        return _between(engine, shape, low, top + 1 - low, dtype)
    draw = engine.double_words if dtype.itemsize == 8 else engine.words
    drawn = draw(math.prod(shape))
    return cast(drawn % drawn.dtype.type(top + 1), dtype).reshape(shape)


def randperm(engine: MT19937, n: int, dtype: np.dtype = np.dtype(np.int64)) -> np.ndarray:
    """0 to n - 1 in random order, by Fisher and Yates: each place in turn exchanges with one at or behind it.

    From `_MANY` on, 64-bit draws choose one at or before it.
    """
    places = np.arange(n)
    if n >= _MANY:
        order = np.empty_like(places)
        partners = (engine.double_words(n) % np.arange(1, n + 1, dtype=np.uint64)).view(np.int64)
        # Run backwards and seen from the end these exchanges are the others, and yield the inverse.
        order[n - 1 - _exchanged(places, n - 1 - partners[::-1])[::-1]] = places
    else:
        order = places.copy()
        order[:-1] += (engine.words(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint64)).view(np.int64)
        order = _exchanged(places, order)
    return cast(order, np.dtype(dtype))


_MANY = 2**32 // 20


def _exchanged(places: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """What stands at each place after it exchanged with its partner, at or behind it, in turn.

    It is what the last earlier exchange with the same partner left there, or else the partner itself; and that
    exchange left what its own place held, which the last exchange with that place had left: chains, followed to their
    ends by doubling.
    """
    held = places.copy()
    forward = np.flatnonzero(partners > places)
    held[partners[forward]] = forward
    while not np.array_equal(held, further := held[held]):
        held = further
    by_partner = np.argsort(partners, kind="stable")
    repeated = np.flatnonzero(np.diff(partners[by_partner]) == 0)
    result = partners.copy()
    result[by_partner[repeated + 1]] = held[by_partner[repeated]]
    return result


# Distributions made from one uniform number

def bernoulli(engine: MT19937, shape: Shape, p, *, dtype: np.dtype) -> np.ndarray:
    """1 with probability p, else 0.

    A number p is compared with 53 random bits; an array of float32 or narrower with 24, as in `torch.bernoulli(p)`.
    """
    wide = DOUBLE if not isinstance(p, np.ndarray) or p.dtype == DOUBLE else SINGLE
    drawn = _unit(engine, math.prod(shape), wide).reshape(shape)
    return (drawn < np.asarray(p).astype(wide)).astype(dtype)


def exponential(engine: MT19937, shape: Shape, rate: float = 1.0, *, dtype: np.dtype) -> np.ndarray:
    """-log(1 - u) / rate."""
    dtype = np.dtype(dtype)
    drawn = _unit(engine, math.prod(shape), DOUBLE)
    return cast(elementwise("log1p", -drawn, dtype) * (-1 / rate), dtype).reshape(shape)


def gumbel(engine: MT19937, shape: Shape, *, dtype: np.dtype) -> np.ndarray:
    """-log of exponential numbers, the noise of `torch.nn.functional.gumbel_softmax`."""
    return -np.log(exponential(engine, shape, dtype=dtype))


def cauchy(engine: MT19937, shape: Shape, median: float = 0.0, sigma: float = 1.0, *, dtype: np.dtype) -> np.ndarray:
    """median + sigma * tan(pi * (u - 1/2))."""
    dtype = np.dtype(dtype)
    drawn = _unit(engine, math.prod(shape), DOUBLE)
    tangent = elementwise("tan", math.pi * (drawn - 0.5), dtype)
    return cast(fused_double(tangent, float(sigma), float(median)), dtype).reshape(shape)


def log_normal(engine: MT19937, shape: Shape, mean: float = 1.0, std: float = 2.0, *, dtype: np.dtype) -> np.ndarray:
    """e to the power of normal numbers, which are drawn in pairs whatever their count."""
    dtype = np.dtype(dtype)
    power = fused_double(_paired_normals(engine, math.prod(shape)), float(std), float(mean))
    in_range = np.abs(power) < 700
    with np.errstate(over="ignore"):
        values = np.exp(power)
    values[in_range] = elementwise("exp", power[in_range], dtype)
    return cast(values, dtype).reshape(shape)


def geometric(engine: MT19937, shape: Shape, p: float, *, dtype: np.dtype) -> np.ndarray:
    """The number of trials up to the first success: log(u) / log(1 - p), rounded up."""
    drawn = _unit(engine, math.prod(shape), DOUBLE)
    return cast(np.ceil(np.log(drawn) / math.log1p(-p)), np.dtype(dtype)).reshape(shape)


# Distributions by rejection: how much is drawn depends on what was drawn

class _Uniforms:
    """The engine's 53-bit uniforms and paired normals one at a time, in a `with` block.

    They are read ahead from a copy; at the end of the block the engine advances by those that were used.
    """

    def __init__(self, engine: MT19937):
        self._engine, self._ahead, self._used = engine, self._read(engine.copy()), 0

    def __enter__(self) -> "_Uniforms":
        return self

    def __exit__(self, *exception) -> None:
        self._engine.words(2 * self._used)

    @staticmethod
    def _read(scout: MT19937) -> Iterator[float]:
        while True:
            yield from _unit(scout, 256, DOUBLE).tolist()

    def uniform(self) -> float:
        self._used += 1
        return next(self._ahead)

    def normal(self) -> float:
        waiting, self._engine.next_normal = self._engine.next_normal, None
        if waiting is not None:
            return waiting
        angle, radius = 2 * math.pi * self.uniform(), math.sqrt(-2 * math.log1p(-self.uniform()))
        self._engine.next_normal = radius * math.sin(angle)
        return radius * math.cos(angle)


def _each(sample: Callable, engine: MT19937, *arrays: np.ndarray) -> np.ndarray:
    """`sample(draws, *elements)` in turn for the elements of the arrays, as doubles."""
    arrays = np.broadcast_arrays(*arrays)
    columns = [array.astype(np.float64).ravel().tolist() for array in arrays]
    with _Uniforms(engine) as draws:
        values = [sample(draws, *elements) for elements in zip(*columns)]
    return np.array(values, np.float64).reshape(arrays[0].shape)


def poisson(engine: MT19937, rate: np.ndarray) -> np.ndarray:
    """Poisson numbers of each element's rate."""
    return cast(_each(_poisson, engine, rate), rate.dtype)


def _poisson(draws: _Uniforms, rate: float) -> float:
    if rate == 0:
        return 0.0
    return _poisson_by_rejection(draws, rate) if rate >= 10 else _poisson_by_product(draws, rate)


def _poisson_by_product(draws: _Uniforms, rate: float) -> float:
    """How many uniforms can be multiplied before the product falls to exp(-rate)."""
    limit, product, count = math.exp(-rate), draws.uniform(), 0
    while product > limit:
        product *= draws.uniform()
        count += 1
    return float(count)


def _poisson_by_rejection(draws: _Uniforms, rate: float) -> float:
    """The transformed rejection PTRS (Hörmann 1993, https://doi.org/10.1016/0167-6687(93)90997-4)."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    log_alpha, squeeze = math.log(1.1239 + 1.1328 / (b - 3.4)), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = draws.uniform() - 0.5, draws.uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= squeeze:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v) + log_alpha - math.log(a / (us * us) + b) <= k * math.log(rate) - rate - math.lgamma(k + 1):
            return float(k)


def binomial(engine: MT19937, count: np.ndarray, prob: np.ndarray) -> np.ndarray:
    """Successes in each element's count of trials."""
    return cast(_each(_binomial, engine, count, prob), count.dtype)


def _binomial(draws: _Uniforms, count: float, prob: float) -> float:
    if count <= 0 or prob <= 0:
        return 0.0
    if prob >= 1:
        return count
    if prob > 0.5:
        return count - _binomial(draws, count, 1 - prob)
    if prob != prob:
        return math.nan
    sample = _binomial_by_rejection if count * prob >= 10 else _binomial_by_waiting
    return sample(draws, count, prob)


def _binomial_by_waiting(draws: _Uniforms, count: float, prob: float) -> float:
    """How many geometric waiting times fit into the trials."""
    log_failure, passed, successes = math.log1p(-prob), 0.0, -1
    while passed <= count:
        passed += math.ceil(math.log(draws.uniform()) / log_failure)
        successes += 1
    return float(successes)


def _binomial_by_rejection(draws: _Uniforms, count: float, prob: float) -> float:
    """The transformed rejection BTRS (Hörmann 1993, https://doi.org/10.1080/00949659308811496)."""
    deviation, odds, mode = math.sqrt(count * prob * (1 - prob)), prob / (1 - prob), math.floor((count + 1) * prob)
    b = 1.15 + 2.53 * deviation
    a, c = -0.0873 + 0.0248 * b + 0.01 * prob, count * prob + 0.5
    alpha, squeeze = (2.83 + 5.1 / b) * deviation, 0.92 - 4.2 / b
    while True:
        u, v = draws.uniform() - 0.5, draws.uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if us >= 0.07 and v <= squeeze:
            return float(k)
        if 0 <= k <= count and math.log(v * alpha / (a / (us * us) + b)) <= _binomial_bound(count, odds, mode, k):
            return float(k)


def _binomial_bound(count: float, odds: float, mode: int, k: int) -> float:
    """log of the probability of k, relative to that of the mode."""
    return ((mode + 0.5) * math.log((mode + 1) / (odds * (count - mode + 1)))
            + (count + 1) * math.log((count - mode + 1) / (count - k + 1))
            + (k + 0.5) * math.log(odds * (count - k + 1) / (k + 1))
            + _stirling_tail(mode) + _stirling_tail(count - mode) - _stirling_tail(k) - _stirling_tail(count - k))


def _stirling_tail(k: float) -> float:
    """What Stirling's formula lacks of log(k!)."""
    if k <= 9:
        return math.lgamma(k + 1) - ((k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi))
    square = (k + 1) ** 2
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def standard_gamma(engine: MT19937, alpha: np.ndarray) -> np.ndarray:
    """Gamma numbers of each element's shape parameter and scale 1, never below the dtype's smallest normal number."""
    offset = alpha.dtype.type if alpha.dtype == DOUBLE else np.float32
    values = _each(lambda draws, element: _gamma(draws, offset(element)), engine, alpha)
    return np.maximum(cast(values, alpha.dtype), ml_dtypes.finfo(alpha.dtype).smallest_normal)


def _gamma(draws: _Uniforms, alpha: np.floating) -> float:
    """Marsaglia and Tsang 2000, https://doi.org/10.1145/358407.358414; below 1 by way of alpha + 1."""
    if alpha == 0:
        return 0.0
    scale, one = 1.0, type(alpha)(1)
    if alpha < 1:
        scale, alpha = (1 - draws.uniform()) ** float(one / alpha), alpha + one
    d = float(alpha - type(alpha)(np.float32(1) / np.float32(3)))
    c = 1 / math.sqrt(9 * d)
    while True:
        x = draws.normal()
        if 1 + c * x <= 0:
            continue
        y = 1 + c * x
        v, u, xx = y * y * y, 1 - draws.uniform(), x * x
        if u < 1 - _GAMMA_SQUEEZE * xx * xx or math.log(u) < 0.5 * xx + d * (1 - v + math.log(v)):
            return scale * d * v


_GAMMA_SQUEEZE = float(np.float32(0.0331))


def dirichlet(engine: MT19937, alpha: np.ndarray) -> np.ndarray:
    """Gamma numbers in double precision divided by their sum over the last dim, kept strictly between 0 and 1."""
    values = standard_gamma(engine, alpha.astype(np.float64))
    shares = cast(values / values.sum(-1, keepdims=True), alpha.dtype)
    limits = ml_dtypes.finfo(alpha.dtype)
    return np.clip(shares, limits.smallest_normal, cast(np.array(1 - float(limits.epsneg)), alpha.dtype))


# Choices by weight

def multinomial(engine: MT19937, weights: np.ndarray, num_samples: int, replacement: bool = False) -> np.ndarray:
    """Indices into the last dim, as likely as the weights say.

    One sample, or several without replacement, are the largest of weight / exponential number.
    """
    if replacement and num_samples > 1:
        return _multinomial_with_replacement(engine, weights, num_samples)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        race = weights / exponential(engine, weights.shape, dtype=weights.dtype)
    if num_samples == 1:
        return race.argmax(-1, keepdims=True)
    return np.argsort(-race, axis=-1, kind="stable")[..., :num_samples]


def _multinomial_with_replacement(engine: MT19937, weights: np.ndarray, num_samples: int) -> np.ndarray:
    """Where 53-bit uniforms fall among the running sums."""
    rows = weights.reshape(-1, weights.shape[-1])
    rows = rows.astype(SINGLE) if rows.dtype in HALVES else rows
    sums = np.cumsum(rows, axis=-1)
    shares = sums / sums[:, -1:]
    shares[:, -1] = 1
    drawn = _unit(engine, len(rows) * num_samples, DOUBLE).reshape(len(rows), num_samples)
    chosen = [np.searchsorted(row.astype(np.float64), places) for row, places in zip(shares, drawn)]
    return np.array(chosen, np.int64).reshape(*weights.shape[:-1], num_samples)
