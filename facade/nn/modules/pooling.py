"""Pooling as layers (torch.nn.modules.pooling)."""

from facade.nn import functional as F
from facade.nn.modules.layer import layer, sizes
from facade.nn.modules.module import Module

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
           "AvgPool1d", "AvgPool2d", "AvgPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d",
           "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]


# ---------------------------------------------------------------- the greatest of each window
@layer(shows="kernel_size={0.kernel_size}, stride={0.stride}, padding={0.padding}, dilation={0.dilation}, ceil_mode={0.ceil_mode}")
class _MaxPoolNd(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.dilation, self.return_indices, self.ceil_mode = dilation, return_indices, ceil_mode


_max_pool = dict(passed=["kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"])


@layer(F.max_pool1d, **_max_pool)
class MaxPool1d(_MaxPoolNd):
    """The greatest element of each window; input: (batch, channels, length)."""


@layer(F.max_pool2d, **_max_pool)
class MaxPool2d(_MaxPoolNd):
    """The greatest element of each window; input: (batch, channels, height, width)."""


@layer(F.max_pool3d, **_max_pool)
class MaxPool3d(_MaxPoolNd):
    """The greatest element of each window; input: (batch, channels, depth, height, width)."""


# ---------------------------------------------------------------- and back
_window = "kernel_size={0.kernel_size}, stride={0.stride}, padding={0.padding}"


@layer(shows=_window)
class _MaxUnpoolNd(Module):
    def _set_up(self, kernel_size, stride, padding, rank):
        """Keep one number for each dimension."""
        self.kernel_size, self.padding = sizes(kernel_size, rank), sizes(padding, rank)
        self.stride = self.kernel_size if stride is None else sizes(stride, rank)


class MaxUnpool1d(_MaxUnpoolNd):
    """The elements that MaxPool1d chose put back into their places, with 0 elsewhere."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self._set_up(kernel_size, stride, padding, 1)

    def forward(self, input, indices, output_size=None):
        """input, indices: what MaxPool1d gave with return_indices."""
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """The elements that MaxPool2d chose put back into their places, with 0 elsewhere."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self._set_up(kernel_size, stride, padding, 2)

    def forward(self, input, indices, output_size=None):
        """input, indices: what MaxPool2d gave with return_indices."""
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """The elements that MaxPool3d chose put back into their places, with 0 elsewhere."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self._set_up(kernel_size, stride, padding, 3)

    def forward(self, input, indices, output_size=None):
        """input, indices: what MaxPool3d gave with return_indices."""
        return F.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


# ---------------------------------------------------------------- the mean of each window
@layer(shows=_window)
class _AvgPoolNd(Module):
    pass


class AvgPool1d(_AvgPoolNd):
    """The mean of each window; input: (batch, channels, length)."""

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        self.kernel_size, self.padding = sizes(kernel_size, 1), sizes(padding, 1)
        self.stride = self.kernel_size if stride is None else sizes(stride, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input):
        """input: (batch, channels, length), or without the batch."""
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class _AvgPoolOfImages(_AvgPoolNd):
    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override


_avg_pool = dict(passed=["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"])


@layer(F.avg_pool2d, **_avg_pool)
class AvgPool2d(_AvgPoolOfImages):
    """The mean of each window; input: (batch, channels, height, width)."""


@layer(F.avg_pool3d, **_avg_pool)
class AvgPool3d(_AvgPoolOfImages):
    """The mean of each window; input: (batch, channels, depth, height, width)."""


# ---------------------------------------------------------------- the greatest of windows at random places
class _FractionalMaxPoolNd(Module):
    def _set_up(self, kernel_size, output_size, output_ratio, return_indices, random_samples, rank):
        """Keep one number for each dimension; either a size or a ratio says how large the output is."""
        self.kernel_size, self.return_indices = sizes(kernel_size, rank), return_indices
        if rank == 3 and min(self.kernel_size) <= 0:
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        self.register_buffer("_random_samples", random_samples)
        self.output_size = None if output_size is None else sizes(output_size, rank)
        self.output_ratio = None if output_ratio is None else sizes(output_ratio, rank)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{type(self).__name__} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < self.output_ratio[at] < 1 for at in range(rank)):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The greatest element of windows at random places, of which as many as output_size or output_ratio says."""

    def __init__(self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        super().__init__()
        self._set_up(kernel_size, output_size, output_ratio, return_indices, _random_samples, 2)

    def forward(self, input):
        """input: (batch, channels, height, width), or without the batch."""
        return F.fractional_max_pool2d(input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """The greatest element of windows at random places, of which as many as output_size or output_ratio says."""

    def __init__(self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        super().__init__()
        self._set_up(kernel_size, output_size, output_ratio, return_indices, _random_samples, 3)

    def forward(self, input):
        """input: (batch, channels, depth, height, width), or without the batch."""
        return F.fractional_max_pool3d(input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples)


# ---------------------------------------------------------------- the norm of each window
@layer(options="norm_type, kernel_size, stride=None, ceil_mode=False",
       shows="norm_type={0.norm_type}, kernel_size={0.kernel_size}, stride={0.stride}, ceil_mode={0.ceil_mode}")
class _LPPoolNd(Module):
    pass


_lp_pool = dict(passed=["norm_type", "kernel_size", "stride", "ceil_mode"])


@layer(F.lp_pool1d, **_lp_pool)
class LPPool1d(_LPPoolNd):
    """The norm of order norm_type of each window; input: (batch, channels, length)."""


@layer(F.lp_pool2d, **_lp_pool)
class LPPool2d(_LPPoolNd):
    """The norm of order norm_type of each window; input: (batch, channels, height, width)."""


@layer(F.lp_pool3d, **_lp_pool)
class LPPool3d(_LPPoolNd):
    """The norm of order norm_type of each window; input: (batch, channels, depth, height, width)."""


# ---------------------------------------------------------------- windows chosen for an output size
@layer(options="output_size", shows="output_size={0.output_size}")
class _AdaptiveAvgPoolNd(Module):
    pass


@layer(options="output_size, return_indices=False", shows="output_size={0.output_size}")
class _AdaptiveMaxPoolNd(Module):
    pass


_adaptive_avg, _adaptive_max = dict(passed=["output_size"]), dict(passed=["output_size", "return_indices"])


@layer(F.adaptive_avg_pool1d, **_adaptive_avg)
class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Means of as many windows as the output is long."""


@layer(F.adaptive_avg_pool2d, **_adaptive_avg)
class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Means of as many windows as the output has places; None keeps a dimension's size."""


@layer(F.adaptive_avg_pool3d, **_adaptive_avg)
class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Means of as many windows as the output has places; None keeps a dimension's size."""


@layer(F.adaptive_max_pool1d, **_adaptive_max)
class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The greatest elements of as many windows as the output is long."""


@layer(F.adaptive_max_pool2d, **_adaptive_max)
class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The greatest elements of as many windows as the output has places; None keeps a dimension's size."""


@layer(F.adaptive_max_pool3d, **_adaptive_max)
class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The greatest elements of as many windows as the output has places; None keeps a dimension's size."""
