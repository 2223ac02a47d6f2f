"""Reading images at the points of a grid (spatial transformers, Jaderberg et al. 2015).

An image is (batch, channels, *spatial); a grid is (batch, *new spatial, dimensions), its coordinates from -1 to 1 and in the
order x, y, z: the last dimension of the image first.
"""

import functools
import itertools

import jax.numpy as jnp
from jax import lax

from facade.core.ops.kernels.resampling import CUBIC


def _clipped(place, size):
    """Moved inside; outside and at the edge there is no gradient."""
    inside = (place > 0) & (place < size - 1)
    return jnp.where(inside, place, lax.stop_gradient(jnp.clip(place, 0, size - 1)))


def _reflected(place, size, align_corners):
    """Folded back at the edges: at the centres of the corner elements, or at their outer borders."""
    low, high = (0, size - 1) if align_corners else (-0.5, size - 0.5)
    span = high - low
    if span == 0:
        return jnp.zeros_like(place)
    distance = jnp.abs(place - low)
    turns = lax.stop_gradient(jnp.floor(distance / span))
    rest = distance - turns * span
    return jnp.where(turns % 2 == 0, rest + low, high - rest)


def _padded(place, size, padding, align_corners):
    if padding == "border":
        return _clipped(place, size)
    if padding == "reflection":
        return _clipped(_reflected(place, size, align_corners), size)
    return place


def _read(image, places):
    """The elements at integer places, a list of (batch, points) for the spatial dimensions; zero outside: (batch, channels, points)."""
    sizes = image.shape[2:]
    inside = functools.reduce(jnp.logical_and, [(place >= 0) & (place < size) for place, size in zip(places, sizes)])
    flat = 0
    for place, size in zip(places, sizes):
        flat = flat * size + jnp.clip(place, 0, size - 1)
    rows = jnp.arange(image.shape[0])[:, None]
    found = image.reshape(*image.shape[:2], -1).at[rows, :, flat].get(mode="promise_in_bounds")
    return jnp.where(inside[:, None], jnp.moveaxis(found, -1, 1), 0)


def _linear_taps(place):
    low = jnp.floor(place)
    part = place - lax.stop_gradient(low)
    low = low.astype(jnp.int64)
    return [(low, 1 - part), (low + 1, part)]


def _cubic_taps(place, size, padding, align_corners):
    low = lax.stop_gradient(jnp.floor(place))
    part = place - low
    return [(_padded(low + at - 1, size, padding, align_corners).astype(jnp.int64), _keys(jnp.abs(part - at + 1))) for at in range(4)]


def _keys(distance):
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1
    far = ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC
    return jnp.where(distance <= 1, near, far)


def grid_sample(image, grid, mode, padding, align_corners):
    """mode: bilinear, nearest or bicubic; padding: zeros, border or reflection, for what lies outside."""
    sizes = image.shape[2:]
    points = grid.reshape(grid.shape[0], -1, len(sizes))
    taps = []
    for dim, size in enumerate(sizes):
        at = points[..., len(sizes) - 1 - dim]
        place = (at + 1) / 2 * (size - 1) if align_corners else ((at + 1) * size - 1) / 2
        if mode == "bicubic":
            taps.append(_cubic_taps(place, size, padding, align_corners))
            continue
        place = _padded(place, size, padding, align_corners)
        taps.append([(jnp.round(place).astype(jnp.int64), None)] if mode == "nearest" else _linear_taps(place))
    total = 0
    for choice in itertools.product(*taps):
        read = _read(image, [place for place, _ in choice])
        for _, weight in choice:
            read = read if weight is None else read * weight[:, None]
        total = total + read
    return total.reshape(*image.shape[:2], *grid.shape[1:-1])


def affine_grid(theta, sizes, align_corners):
    """The grid that affine maps (batch, n, n + 1) make of the even one over these spatial sizes."""
    axes = []
    for size in reversed(sizes):
        even = jnp.linspace(-1, 1, size, dtype=theta.dtype) if size > 1 else jnp.zeros(1, theta.dtype)
        axes.append(even if align_corners else even * ((size - 1) / size))
    spread = jnp.meshgrid(*reversed(axes), indexing="ij")
    base = jnp.stack([*reversed(spread), jnp.ones(sizes, theta.dtype)], -1)
    return jnp.einsum("...i,nji->n...j", base, theta)
