"""Windows of an image as columns, and back (torch.nn.modules.fold)."""

from facade.nn import functional as F
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module

__all__ = ["Fold", "Unfold"]

_WINDOW = "kernel_size={0.kernel_size}, dilation={0.dilation}, padding={0.padding}, stride={0.stride}"


@layer(F.fold, "output_size, kernel_size, dilation=1, padding=0, stride=1", shows="output_size={0.output_size}, " + _WINDOW)
class Fold(Module):
    """Columns of windows added up into an image of output_size."""


@layer(F.unfold, "kernel_size, dilation=1, padding=0, stride=1", shows=_WINDOW)
class Unfold(Module):
    """The windows of an image, each as a column."""
