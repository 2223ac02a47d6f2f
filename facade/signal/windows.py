"""Windows (torch.signal.windows): weights that are greatest in the middle of a signal and fall off to both sides.

A window is a function of evenly spaced points. Where it is symmetric both ends are points; otherwise the point after the last
would be the first one of the next period, as a Fourier transform wants it. `_points` is where the two differ.
"""

import functools
import math

from facade.core import dtypes, layouts
from facade.core.ops.creation import FUNCTIONS, linspace, tensor

__all__ = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann", "kaiser", "nuttall"]


def _window(called=None):
    """Give a function of a window's length its options, which are looked at; called: the name in errors, if not the function's own."""
    def with_options(shape):
        @functools.wraps(shape)
        def window(M, *, sym=True, dtype=None, layout=layouts.strided, device=None, requires_grad=False, **parameters):
            dtype = dtypes.get_default_dtype() if dtype is None else dtype
            _check(called or shape.__name__, M, dtype, layout)
            return shape(M, sym, {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}, **parameters)
        del window.__wrapped__
        return window
    return with_options


def _check(name, M, dtype, layout):
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not layouts.strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")


def _short(M, options):
    """The window of one point, or of none; None for longer ones, which have a shape."""
    return FUNCTIONS["empty"]((0,), **options) if M == 0 else FUNCTIONS["ones"]((1,), **options) if M == 1 else None


def _points(M, sym, options, step, start=None):
    """M points `step(intervals)` apart, from `start` or so that the middle of the period is zero; intervals: of a whole period."""
    intervals = M - 1 if sym else M
    step = step(max(intervals, 1))
    start = -intervals / 2 * step if start is None else start
    return linspace(start, start + (M - 1) * step, M, **options)


@_window()
def bartlett(M, sym, options):
    """A triangle that is zero at its ends: 1 - |2 n / (M - 1) - 1|."""
    short = _short(M, options)
    return short if short is not None else 1 - _points(M, sym, options, lambda intervals: 2 / intervals, -1).abs()


@_window()
def cosine(M, sym, options):
    """Half a period of the sine: sin(pi (n + 1/2) / M)."""
    short = _short(M, options)
    if short is not None:
        return short
    step = math.pi / (M if sym else M + 1)
    return linspace(step / 2, step / 2 + (M - 1) * step, M, **options).sin()


@_window()
def exponential(M, sym, options, center=None, tau=1.0):
    """exp(-|n - center| / tau), the middle being the center if none is given."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    short = _short(M, options)
    if short is not None:
        return short
    start = None if center is None else -center / tau
    return (-_points(M, sym, options, lambda intervals: 1 / tau, start).abs()).exp()


@_window()
def gaussian(M, sym, options, std=1.0):
    """exp(-(n / std)^2 / 2), n being zero in the middle."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    short = _short(M, options)
    return short if short is not None else (-_points(M, sym, options, lambda intervals: 1 / (std * math.sqrt(2))) ** 2).exp()


@_window()
def kaiser(M, sym, options, beta=12.0):
    """I0(beta sqrt(1 - x^2)) / I0(beta) for x from -1 to 1, I0 being the modified Bessel function of order zero."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    short = _short(M, options)
    if short is not None:
        return short
    beta = float(beta)
    squares = _points(M, sym, options, lambda intervals: 2 * beta / intervals, -beta).pow(2)
    inside = beta * beta - squares
    return inside.where(inside > 0, 0.0).sqrt().i0() / tensor(beta, dtype=options["dtype"]).i0()


@_window()
def general_cosine(M, sym, options, a):
    """a[0] - a[1] cos(x) + a[2] cos(2 x) - ... for x over a period from 0 to 2 pi."""
    if not isinstance(a, (list, tuple)):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return _cosines(M, sym, options, a)


def _cosines(M, sym, options, weights):
    short = _short(M, options)
    if short is not None:
        return short
    x = _points(M, sym, options, lambda intervals: 2 * math.pi / intervals, 0)
    signed = tensor([(-1) ** order * weight for order, weight in enumerate(weights)], dtype=options["dtype"])
    orders = FUNCTIONS["arange"](len(weights), dtype=options["dtype"])
    return (signed.unsqueeze(-1) * (orders.unsqueeze(-1) * x).cos()).sum(0)


@_window("general_cosine")
def general_hamming(M, sym, options, alpha=0.54):
    """alpha - (1 - alpha) cos(x) for x over a period from 0 to 2 pi."""
    return _cosines(M, sym, options, [alpha, 1.0 - alpha])


@_window("general_cosine")
def hamming(M, sym, options):
    """0.54 - 0.46 cos(x): a general_hamming window whose first side lobe is small."""
    return _cosines(M, sym, options, [0.54, 1.0 - 0.54])


@_window("general_cosine")
def hann(M, sym, options):
    """1/2 - cos(x) / 2: a general_hamming window that is zero at its ends."""
    return _cosines(M, sym, options, [0.5, 0.5])


@_window()
def blackman(M, sym, options):
    """0.42 - 0.5 cos(x) + 0.08 cos(2 x)."""
    return _cosines(M, sym, options, [0.42, 0.5, 0.08])


@_window("general_cosine")
def nuttall(M, sym, options):
    """The sum of four cosines with the least side lobes (Nuttall, Some windows with very good sidelobe behavior, 1981)."""
    return _cosines(M, sym, options, [0.3635819, 0.4891775, 0.1365995, 0.0106411])
