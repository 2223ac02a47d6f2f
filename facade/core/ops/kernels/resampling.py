"""Resizing images, one dimension after the other: each new element is a weighted sum of a few old ones, its taps."""

import jax.numpy as jnp
import numpy as np

CUBIC = -0.75      # the parameter of the convolution kernel (Keys 1981) that torch uses


def _sources(extent, count, scale, align_corners, clamp):
    """Where the centres of the new elements lie among the old ones."""
    place = np.arange(count, dtype=np.float32)
    if align_corners:
        return place * np.float32((extent - 1) / (count - 1) if count > 1 else 0)
    source = (place + np.float32(0.5)) * np.float32(scale) - np.float32(0.5)
    return np.maximum(source, 0) if clamp else source


def _nearest(extent, count, scale, exact):
    place = np.arange(count, dtype=np.float32) + np.float32(0.5 if exact else 0)
    return [(np.minimum(np.floor(place * np.float32(scale)).astype(np.int64), extent - 1), None)]


def _linear(extent, count, scale, align_corners):
    source = _sources(extent, count, scale, align_corners, True)
    low = np.minimum(np.floor(source).astype(np.int64), extent - 1)
    part = np.clip(source - low, 0, 1)
    return [(low, 1 - part), (np.minimum(low + 1, extent - 1), part)]


def _cubic(extent, count, scale, align_corners):
    source = _sources(extent, count, scale, align_corners, False)
    low = np.floor(source).astype(np.int64)
    part = source - low
    return [(np.clip(low + at - 1, 0, extent - 1), keys(np.abs(part - at + 1))) for at in range(4)]


def keys(distance):
    """The cubic convolution kernel at these distances."""
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1
    far = ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def _smoothed(extent, count, scale, align_corners, reach, kernel):
    """The taps of a filter as wide as a new element, which lets no fine pattern through (antialias)."""
    step = (extent - 1) / (count - 1) if align_corners and count > 1 else 0 if align_corners else scale
    support = reach * max(step, 1.0)
    centre = step * (np.arange(count) + 0.5)
    low = np.maximum((centre - support + 0.5).astype(np.int64), 0)
    high = np.minimum((centre + support + 0.5).astype(np.int64), extent)
    places = low + np.arange(max(int((high - low).max(initial=1)), 1))[:, None]
    weights = np.where(places < high, kernel(np.abs(places - centre + 0.5) / max(step, 1.0)), 0)
    return list(zip(np.minimum(places, extent - 1), weights / weights.sum(0)))


def _triangle(distance):
    return np.maximum(1 - distance, 0)


def _keys_half(distance):
    """The kernel with parameter -0.5, which antialiased resizing takes."""
    near = (1.5 * distance - 2.5) * distance * distance + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def _lanczos(distance):
    """Lanczos' kernel of three lobes: sinc(x) sinc(x / 3)."""
    return np.where(distance < 3, np.sinc(distance) * np.sinc(distance / 3), 0)


# mode -> how many elements its antialiasing filter reaches to either side, the filter
FILTERS = {"bilinear": (1, _triangle), "bicubic": (2, _keys_half), "lanczos": (3, _lanczos)}


def resize(array, mode, sizes, scales, align_corners, antialias=False):
    """Resize the last dimensions to `sizes`; scales: old over new extent of each, as torch would step."""
    for offset, (count, scale) in enumerate(zip(reversed(sizes), reversed(scales))):
        axis, extent = array.ndim - 1 - offset, array.shape[-1 - offset]
        if mode.startswith("nearest"):
            taps = _nearest(extent, count, scale, mode == "nearest-exact")
        elif antialias:
            taps = _smoothed(extent, count, scale, align_corners, *FILTERS[mode])
        else:
            taps = (_cubic if mode == "bicubic" else _linear)(extent, count, scale, align_corners)
        array = _gathered(array, axis, taps)
    return array


def _gathered(array, axis, taps):
    total = None
    for places, weights in taps:
        term = jnp.take(array, places, axis, mode="clip")
        if weights is not None:
            term = term * jnp.asarray(weights, array.dtype).reshape([-1 if dim == axis else 1 for dim in range(array.ndim)])
        total = term if total is None else total + term
    return total
