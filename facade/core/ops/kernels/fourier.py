"""Discrete Fourier transforms of several dims, sizes and scales, on arrays; and frames laid over each other.

norm says who is divided by the number n of points: 'backward' the inverse transform, 'forward' the forward one, 'ortho' both, by sqrt(n).
"""

import jax.numpy as jnp

AT_ONCE = 3      # XLA transforms up to three dims together


def resized(array, dims, sizes):
    """The array cut, or filled up with zeros, at the end of each of these dims."""
    wanted = dict(zip(dims, sizes))
    array = array[tuple(slice(0, wanted.get(dim)) for dim in range(array.ndim))]
    missing = [(0, wanted.get(dim, extent) - extent) for dim, extent in enumerate(array.shape)]
    return jnp.pad(array, missing) if any(after for _, after in missing) else array


def complex_to_complex(array, dims, sizes, norm, forward):
    """The transform along dims, each brought to its size first."""
    array = resized(array, dims, sizes)
    for start in range(0, len(dims), AT_ONCE):
        array = (jnp.fft.fftn if forward else jnp.fft.ifftn)(array, axes=dims[start:start + AT_ONCE], norm=norm)
    return array


def real_to_complex(array, dims, sizes, norm, onesided):
    """The forward transform of real numbers; onesided: without the half of the last dim that the other half repeats, conjugated."""
    array = resized(array, dims, sizes)
    if not onesided:
        return complex_to_complex(array.astype(jnp.result_type(array.dtype, jnp.complex64)), dims, sizes, norm, True)
    array = jnp.fft.rfft(array, axis=dims[-1], norm=norm)
    return complex_to_complex(array, dims[:-1], sizes[:-1], norm, True)


def complex_to_real(array, dims, sizes, norm):
    """The inverse of real_to_complex, onesided; sizes are those of the result."""
    array = resized(array, dims, (*sizes[:-1], sizes[-1] // 2 + 1))
    array = complex_to_complex(array, dims[:-1], sizes[:-1], norm, False)
    return jnp.fft.irfft(array, sizes[-1], dims[-1], norm)


def overlap_add(frames, hop):
    """(batch, frames, n) -> (batch, n + hop * (frames - 1)): frames summed, each starting hop behind the one before."""
    batch, count, extent = frames.shape
    places = hop * jnp.arange(count)[:, None] + jnp.arange(extent)
    return jnp.zeros((batch, extent + hop * (count - 1)), frames.dtype).at[:, places].add(frames)
