"""Channels as finer pixels (torch.nn.modules.pixelshuffle)."""

from facade.nn import functional as F
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


@layer(F.pixel_shuffle, "upscale_factor", shows="upscale_factor={0.upscale_factor}")
class PixelShuffle(Module):
    """Channels become an image finer by the factor: (channels * r * r, h, w) to (channels, h * r, w * r)."""


@layer(F.pixel_unshuffle, "downscale_factor", shows="downscale_factor={0.downscale_factor}")
class PixelUnshuffle(Module):
    """An image becomes channels coarser by the factor: (channels, h * r, w * r) to (channels * r * r, h, w)."""
