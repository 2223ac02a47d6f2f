"""Normalization within each example (torch.nn.modules.normalization)."""

from facade.core.ops import creation
from facade.nn import functional as F
from facade.nn import init
from facade.nn.modules._functions import CrossMapLRN2d as _cross_map_lrn2d
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


@layer(F.local_response_norm, "size, alpha=1e-4, beta=0.75, k=1.0", shows="{0.size}, alpha={0.alpha}, beta={0.beta}, k={0.k}")
class LocalResponseNorm(Module):
    """Each element divided by a power of the mean square of the channels around it."""


class CrossMapLRN2d(Module):
    """An older LocalResponseNorm of (batch, channels, height, width)."""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input):
        """input: (batch, channels, height, width)."""
        return _cross_map_lrn2d.apply(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def add_scale_and_shift(module, shape, scale, shift, device, dtype):
    """Register `weight` where scale is set, and `bias` where shift is set, uninitialised; None in the place of one left out."""
    for name, wanted in (("weight", scale), ("bias", shift)):
        made = Parameter(creation.FUNCTIONS["empty"](shape, device=device, dtype=dtype)) if wanted else None
        module.register_parameter(name, made)


def reset_scale_and_shift(module):
    """Set the scale to 1 and the shift to 0."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)


def _as_shape(normalized_shape):
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(Module):
    """The last dimensions, of normalized_shape, brought to mean 0 and variance 1, then scaled and shifted."""

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _as_shape(normalized_shape), eps, elementwise_affine
        add_scale_and_shift(self, self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self):
        """Set the scale to 1 and the shift to 0."""
        reset_scale_and_shift(self)

    def forward(self, input):
        """input: (..., normalized_shape)."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"


class GroupNorm(Module):
    """Each of num_groups groups of channels brought to mean 0 and variance 1, then each channel scaled and shifted."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        add_scale_and_shift(self, num_channels, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self):
        """Set the scale to 1 and the shift to 0."""
        reset_scale_and_shift(self)

    def forward(self, input):
        """input: (batch, channels, ...)."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class RMSNorm(Module):
    """The last dimensions, of normalized_shape, divided by their root mean square, then scaled."""

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _as_shape(normalized_shape), eps, elementwise_affine
        weight = Parameter(creation.FUNCTIONS["empty"](self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self):
        """Set the scale to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x):
        """x: (..., normalized_shape)."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
