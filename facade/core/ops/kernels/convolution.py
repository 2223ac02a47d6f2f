"""Convolutions of arrays (batch, channels, *spatial) with weights (out, in / groups, *kernel), and their transposes.

There are two ways. *Directly* is XLA's own convolution. By *columns* the windows are laid out as the columns of matrices, one for each
image and group, and the weights times these are the result: nothing but slices and products, of which every derivative is fast, and which
NumPy runs as well. On the CPU XLA's convolution loses where matrices are thin; milliseconds forward and backward on one processor:

    batch, channels -> channels, kernel, image                 directly  columns  torch
    64     3 -> 6     5x5  32x32 (weights only)                     8.7      2.2    1.8
    64     6 -> 16    5x5  14x14                                    3.2      1.6    1.5
    32     16 -> 32   1x1  32x32, stride 2                          2.6      0.4    1.4
    32     32 -> 32   3x3  16x16, 4 groups                          135      3.0    1.8
    64     32 -> 64   3x3  26x26                                     84       40     57
    32     16 -> 16   3x3  32x32                                    6.6      11     4.3

Columns are kernel times as large as the image. Beyond the cache they are made for a few images at a time, and made again for the derivative.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from facade.core.ops.kernels.reduction import wide

FEW_CHANNELS = 8            # up to so many input channels of a group columns win: XLA's packing of windows is slow
SMALL = 1 << 17             # up to so many elements of columns either takes 0.2 ms, and columns compile in half the time
CACHED = 1 << 20            # beyond so many, columns are made ...
PIECE = 1 << 18             # ... in pieces of so many: 1 MB, half of the second cache
LARGE = 1 << 23             # beyond so many, XLA's workspace is new memory at each step, which costs more than the product
BLOCK = 4                   # rows of the result that one column gives, where there are less outputs than a product has lanes


def convolve(input, weight, stride, padding, dilation, groups, spread=None):
    """Cross-correlation; padding: (before, after) of each dimension; spread: steps between elements of the input, zeros in between."""
    plan = _Plan(input, weight, stride, padding, dilation, groups, spread or (1,) * len(stride))
    if plan.by_columns():
        return _in_pieces(plan, input, weight)
    spatial = "DHW"[2 - input.ndim:]
    return lax.conv_general_dilated(input, weight, stride, padding, spread, dilation, ("NC" + spatial, "OI" + spatial, "NC" + spatial),
                                    feature_group_count=groups)


class _Plan:
    """The sizes of a convolution by columns."""

    def __init__(self, input, weight, stride, padding, dilation, groups, spread):
        self.stride, self.padding, self.dilation, self.groups, self.spread = stride, padding, dilation, groups, spread
        self.dtype, self.kernel = input.dtype, weight.shape[2:]
        self.out, self.inner = weight.shape[0] // groups, weight.shape[1]
        whole = [(extent - 1) * gap + 1 + sum(pair) for extent, gap, pair in zip(input.shape[2:], spread, padding)]
        self.sizes = tuple((extent - spacing * (size - 1) - 1) // step + 1
                           for extent, size, spacing, step in zip(whole, self.kernel, dilation, stride))
        self.elements = input.shape[0] * input.shape[1] * math.prod(self.kernel) * math.prod(self.sizes)
        self.block = self._block()
        self.rows = -(-self.sizes[0] // self.block)             # blocks along the first dimension
        self.window = stride[0] * (self.block - 1) + dilation[0] * (self.kernel[0] - 1) + 1     # input rows that a block reads
        self.missing = max((self.rows - 1) * stride[0] * self.block + self.window - whole[0], 0)

    def by_columns(self):
        """Whether this way is the faster: see the table above."""
        if self.dtype not in (np.float32, np.float64) or jax.default_backend() != "cpu" or min(self.sizes) < 1:
            return False
        return (self.groups > 1 or self.inner <= FEW_CHANNELS or max(self.kernel) == 1 or self.elements <= SMALL or self.elements > LARGE)

    def _block(self):
        """1, or more where weights of 6 x 75 would fill a third of the lanes.

        The larger window's weights are mostly zeros; an infinite element makes NaN of all that its block reads, as with Winograd's transforms.
        """
        thin = self.out <= 8 and self.inner <= 4 and self.kernel[0] > 3 and self.groups == 1
        return BLOCK if thin and self.elements > CACHED else 1

    def padded(self, input):
        """The input with its borders and gaps of zeros."""
        pairs = [(before, after + self.missing * (not at), gap - 1) for at, ((before, after), gap) in enumerate(zip(self.padding, self.spread))]
        return input if all(each == (0, 0, 0) for each in pairs) else lax.pad(input, jnp.zeros((), input.dtype), [(0, 0, 0)] * 2 + pairs)


def _in_pieces(plan, input, weight):
    """The convolution of as many images at a time as the cache has room for."""
    batch, count = input.shape[0], input.shape[0]
    if plan.elements > CACHED and max(plan.kernel) > 1:
        room = max(PIECE * batch // plan.elements, 1)
        count = max(each for each in range(1, min(room, batch) + 1) if batch % each == 0)
    if count == batch:
        return _by_columns(plan, input, weight)
    pieces = input.reshape(batch // count, count, *input.shape[1:])
    results = lax.map(jax.checkpoint(lambda piece: _by_columns(plan, piece, weight), prevent_cse=False), pieces)
    return results.reshape(batch, *results.shape[2:])


def _by_columns(plan, input, weight):
    batch, groups = input.shape[0], plan.groups
    columns = _columns(plan, plan.padded(input)).reshape(batch, groups, -1, plan.rows * math.prod(plan.sizes[1:]))
    if plan.block > 1:
        weight = _banded(plan, weight)
    matrices = jnp.broadcast_to(weight.reshape(groups, plan.out * plan.block, -1), (batch, groups, plan.out * plan.block, columns.shape[2]))
    result = jnp.matmul(matrices, columns)
    if plan.block == 1:
        return result.reshape(batch, groups * plan.out, *plan.sizes)
    blocks = result.reshape(batch, plan.out, plan.block, plan.rows, -1)
    rows = jnp.swapaxes(blocks, 2, 3).reshape(batch, plan.out, plan.rows * plan.block, -1)
    return rows[:, :, :plan.sizes[0]].reshape(batch, plan.out, *plan.sizes)


def _columns(plan, array):
    """The windows (batch, channels, *kernel, *places), gathered along one dimension after the other: k + k slices in place of k x k."""
    for at, (size, step, spacing) in enumerate(zip(plan.kernel, plan.stride, plan.dilation)):
        count, axis = plan.sizes[at], 2 + 2 * at
        if at == 0 and plan.block > 1:
            size, step, spacing, count = plan.window, step * plan.block, 1, plan.rows
        taken = [lax.slice_in_dim(array, start * spacing, start * spacing + (count - 1) * step + 1, step, axis) for start in range(size)]
        array = jnp.stack(taken, 2 + at)
    return array


def _banded(plan, weight):
    """Weights (out, block, in, window, *kernel[1:]): those of each row of a block at its place in the window, zeros elsewhere."""
    place = np.zeros((plan.kernel[0], plan.block, plan.window), weight.dtype)
    for row in range(plan.block):
        for at in range(plan.kernel[0]):
            place[at, row, row * plan.stride[0] + at * plan.dilation[0]] = 1
    return jnp.einsum("oik...,kbw->obiw...", weight, place)


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
    """Either of them, with a bias for each channel; on the CPU, halves are summed in float32 and rounded once."""
    dtype = input.dtype
    if bias is not None and jax.default_backend() == "cpu":
        input, weight, bias = wide(input), wide(weight), wide(bias)
    if input.size == 0 or weight.size == 0:
        result = _empty(input, weight, stride, padding, dilation, transposed, output_padding, groups)
    elif transposed:
        result = convolve_transposed(input, weight, stride, padding, output_padding, dilation, groups)
    else:
        result = convolve(input, weight, stride, [(each, each) if isinstance(each, int) else each for each in padding], dilation, groups)
    return result if bias is None else (result + bias.reshape(-1, *(1,) * (input.ndim - 2))).astype(dtype)


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
