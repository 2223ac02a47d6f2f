"""Convolutions of arrays (batch, channels, *spatial) with weights (out, in / groups, *kernel), and their transposes."""

import jax.numpy as jnp
from jax import lax


def _letters(rank):
    return "DHW"[-rank:]


def convolve(input, weight, stride, padding, dilation, groups, spread=None):
    """Cross-correlation; padding: (before, after) of each dimension; spread: steps between elements of the input, zeros in between."""
    spatial = _letters(input.ndim - 2)
    return lax.conv_general_dilated(input, weight, stride, padding, spread, dilation, ("NC" + spatial, "OI" + spatial, "NC" + spatial),
                                    feature_group_count=groups)


def convolve_transposed(input, weight, stride, padding, output_padding, dilation, groups):
    """The transpose of a convolution with respect to its input; weight: (in, out / groups, *kernel)."""
    kernel = weight.shape[2:]
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    swapped = jnp.swapaxes(grouped, 1, 2).reshape(groups * weight.shape[1], weight.shape[0] // groups, *kernel)
    flipped = jnp.flip(swapped, tuple(range(2, weight.ndim)))
    borders = [(step * (size - 1) - cut, step * (size - 1) - cut + extra)
               for size, cut, extra, step in zip(kernel, padding, output_padding, dilation)]
    return convolve(input, flipped, (1,) * len(kernel), borders, dilation, groups, stride)


def convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    """Either of them, with a bias for each channel."""
    if input.size == 0 or weight.size == 0:
        result = _empty(input, weight, stride, padding, dilation, transposed, output_padding, groups)
    elif transposed:
        result = convolve_transposed(input, weight, stride, padding, output_padding, dilation, groups)
    else:
        result = convolve(input, weight, stride, [(each, each) if isinstance(each, int) else each for each in padding], dilation, groups)
    return result if bias is None else result + bias.reshape(-1, *(1,) * (input.ndim - 2))


def _empty(input, weight, stride, padding, dilation, transposed, output_padding, groups):
    """Zeros of the result's shape, where there is nothing to sum."""
    pairs = [(each, each) if isinstance(each, int) else each for each in padding]
    sizes = list(zip(input.shape[2:], weight.shape[2:], stride, pairs, dilation, output_padding or (0,) * len(stride)))
    if transposed:
        spatial = [(extent - 1) * step - sum(pair) + spacing * (kernel - 1) + extra + 1 for extent, kernel, step, pair, spacing, extra in sizes]
    else:
        spatial = [(extent + sum(pair) - spacing * (kernel - 1) - 1) // step + 1 for extent, kernel, step, pair, spacing, _ in sizes]
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    return jnp.zeros((input.shape[0], channels, *spatial), input.dtype)
