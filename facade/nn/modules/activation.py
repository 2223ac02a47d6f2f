"""Activations as layers (torch.nn.modules.activation)."""

import warnings

from facade.core.ops import creation
from facade.nn import functional as F
from facade.nn import init as initial
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish",
           "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign",
           "Tanh", "Tanhshrink", "Threshold"]


# ---------------------------------------------------------------- rectifiers
@layer(F.relu, "inplace=False", shows="")
class ReLU(Module):
    """x where it is positive, else 0."""


class Hardtanh(Module):
    """x, held between min_val and max_val."""

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace
        for name, old, value in (("min_val", "min_value", min_value), ("max_val", "max_value", max_value)):
            if value is not None:
                warnings.warn(f"keyword argument `{old}` is deprecated and renamed to `{name}`", FutureWarning, stacklevel=2)
                setattr(self, name, value)
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input):
        """input: of any shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """x, held between 0 and 6."""

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


@layer(F.leaky_relu, "negative_slope=0.01, inplace=False", shows="negative_slope={0.negative_slope}")
class LeakyReLU(Module):
    """x where it is positive, else negative_slope * x."""


@layer(F.rrelu, f"lower={1 / 8}, upper={1 / 3}, inplace=False", passed=["training"], shows="lower={0.lower}, upper={0.upper}")
class RReLU(Module):
    """x where it is positive, else x times a slope drawn for each element; the mean slope in evaluation."""


class PReLU(Module):
    """x where it is positive, else x times a slope that is learned: one for all channels, or one for each."""

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(creation.FUNCTIONS["empty"](num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Set all slopes to `init`."""
        initial.constant_(self.weight, self.init)

    def forward(self, input):
        """input: of any shape, the channels in the second dimension."""
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


@layer(F.threshold, "threshold, value, inplace=False", shows="threshold={0.threshold}, value={0.value}")
class Threshold(Module):
    """x where it is greater than the threshold, else the value."""


# ---------------------------------------------------------------- smooth
@layer(F.elu, "alpha=1.0, inplace=False", shows="alpha={0.alpha}")
class ELU(Module):
    """x where it is positive, else alpha * (exp(x) - 1)."""


@layer(F.celu, "alpha=1.0, inplace=False", shows="alpha={0.alpha}")
class CELU(Module):
    """x where it is positive, else alpha * (exp(x / alpha) - 1)."""


@layer(F.selu, "inplace=False", shows="")
class SELU(Module):
    """ELU with the scale and alpha that keep mean 0 and variance 1."""


@layer(F.gelu, "approximate='none'", shows="approximate={0.approximate!r}")
class GELU(Module):
    """x times the normal distribution function of x; approximate: 'tanh' for a cheaper formula."""


@layer(F.silu, "inplace=False", shows="")
class SiLU(Module):
    """x * sigmoid(x)."""


@layer(F.mish, "inplace=False", shows="")
class Mish(Module):
    """x * tanh(softplus(x))."""


@layer(F.softplus, "beta=1.0, threshold=20.0", shows="beta={0.beta}, threshold={0.threshold}")
class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold."""


@layer(F.glu, "dim=-1", shows="dim={0.dim}")
class GLU(Module):
    """The first half along `dim` times the sigmoid of the second half."""


@layer(F.sigmoid)
class Sigmoid(Module):
    """1 / (1 + exp(-x))."""


@layer(F.tanh)
class Tanh(Module):
    """The hyperbolic tangent."""


@layer(F.logsigmoid)
class LogSigmoid(Module):
    """The logarithm of the sigmoid."""


@layer(F.softsign)
class Softsign(Module):
    """x / (1 + |x|)."""


@layer(F.tanhshrink)
class Tanhshrink(Module):
    """x - tanh(x)."""


# ---------------------------------------------------------------- piecewise
@layer(F.hardsigmoid, "inplace=False")
class Hardsigmoid(Module):
    """x / 6 + 1 / 2, held between 0 and 1."""


@layer(F.hardswish, "inplace=False")
class Hardswish(Module):
    """x * hardsigmoid(x)."""


@layer(F.hardshrink, "lambd=0.5", shows="{0.lambd}")
class Hardshrink(Module):
    """x where |x| is greater than lambd, else 0."""


@layer(F.softshrink, "lambd=0.5", shows="{0.lambd}")
class Softshrink(Module):
    """x moved by lambd towards 0, and 0 where |x| is less."""


# ---------------------------------------------------------------- over a dimension
@layer(F.softmax, "dim=None", shows="dim={0.dim}")
class Softmax(Module):
    """exp(x), scaled to the sum 1 along `dim`."""


@layer(F.softmin, "dim=None", shows="dim={0.dim}")
class Softmin(Module):
    """exp(-x), scaled to the sum 1 along `dim`."""


@layer(F.log_softmax, "dim=None", shows="dim={0.dim}")
class LogSoftmax(Module):
    """The logarithm of the softmax along `dim`."""


class Softmax2d(Module):
    """The softmax over the channels of each place."""

    def forward(self, input):
        """input: (batch, channels, height, width), or without the batch."""
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)
