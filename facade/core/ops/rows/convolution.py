"""Convolutions. The composites of the same family bring their arguments into the one form that these take."""

import math

import jax.numpy as jnp

from facade.core.dtypes import BOOL, INTEGER
from facade.core.ops.kernels import convolution as kernels
from facade.core.ops.rows.requirements import dtype_of, reject
from facade.core.ops.table import op

def has_no_kernel(dtype, transposed):
    """Whether torch has no convolution of this dtype, or no transposed one."""
    return dtype.category == BOOL or transposed and dtype.category == INTEGER and dtype.name != "int64"


def _convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    images = input.ndim < 5
    if has_no_kernel(dtype_of(input), transposed):
        reject(input, ("slow_conv_transpose2d_out_cpu" if images else "slow_conv_transpose3d_out_cpu") if transposed else
               "slow_conv2d_cpu" if images else "compute_columns3d", tuple(range(4)))
    return kernels.convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)


CONVOLUTION = op("convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, "
                 "int[] output_padding, int groups) -> Tensor", _convolution, at="torch",
                 out=False, doc="The sum of a weighted window at each place, over the channels of a group")


def _conv_tbc(input, weight, bias, pad):
    if input.ndim != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.ndim != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.shape[2] != weight.shape[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if weight.shape[2] != bias.shape[0]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    if input.dtype != weight.dtype:
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {dtype_of(input).legacy} and {dtype_of(weight).legacy}")
    reject(input, "addmm_impl_cpu_", (BOOL,))
    moved = kernels.convolution(input.transpose(1, 2, 0), weight.transpose(2, 1, 0), bias, (1,), (pad,), (1,), False, (0,), 1)
    return moved.transpose(2, 0, 1)


CONV_TBC = op("conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad) -> Tensor", _conv_tbc, at="",
              doc="A convolution over time of (time, batch, channels) by (window, channels, results)")


# ---------------------------------------------------------------- elements of channels and of space exchanged
def _shuffle(self, factor):
    *lead, channels, height, width = self.shape
    if channels % (factor * factor):
        raise RuntimeError("pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
                           f"input.size(-3)={channels} is not divisible by {factor * factor}")
    split = self.reshape(math.prod(lead), channels // factor ** 2, factor, factor, height, width)
    return split.transpose(0, 1, 4, 2, 5, 3).reshape(*lead, channels // factor ** 2, height * factor, width * factor)


def _unshuffle(self, factor):
    *lead, channels, height, width = self.shape
    for name, extent in (("height", height), ("width", width)):
        if extent % factor:
            raise RuntimeError(f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                               f"input.size({-2 if name == 'height' else -1})={extent} "
                               f"is not divisible by {factor}")
    split = self.reshape(math.prod(lead), channels, height // factor, factor, width // factor, factor)
    return split.transpose(0, 1, 3, 5, 2, 4).reshape(*lead, channels * factor ** 2, height // factor, width // factor)


def _check_image(name, *factors):
    def check(self, factor):
        if len(self.shape) < 3:
            raise RuntimeError(f"{name} expects input to have at least 3 dimensions, but got input with {len(self.shape)} dimension(s)")
        if factor <= 0:
            raise RuntimeError(f"{name} expects a positive {factors[0]}, but got {factor}")
    return check


def _channel_shuffle(self, groups):
    if self.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(self.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if self.shape[1] % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {self.shape[1]} channels and {groups} groups.")
    split = self.reshape(self.shape[0], groups, self.shape[1] // groups, *self.shape[2:])
    return jnp.swapaxes(split, 1, 2).reshape(self.shape)


op("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor", _shuffle, at="torch nn.functional",
   check=_check_image("pixel_shuffle", "upscale_factor"),
   out=False, doc="Channels laid out as the pixels of a larger image")
op("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor", _unshuffle, at="torch nn.functional",
   check=_check_image("pixel_unshuffle", "downscale_factor"), out=False, doc="Neighbouring pixels laid out as channels: pixel_shuffle undone")
for _name, _node in (("channel_shuffle", None), ("native_channel_shuffle", "NotImplemented")):
    op(f"{_name}(Tensor self, int groups) -> Tensor", _channel_shuffle, at="torch nn.functional", node=_node,
       doc="Channels of the groups taken in turn")
