"""Affine maps (torch.nn.modules.linear)."""

import math

from facade.core.ops import creation
from facade.nn import functional as F
from facade.nn import init
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """The input itself; whatever arguments are given are ignored."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        """input: anything."""
        return input


@layer(shows="in_features={0.in_features}, out_features={0.out_features}, bias={0._has_bias}")
class Linear(Module):
    """input @ weight.T + bias; weight: (out_features, in_features)."""

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        add_weight_and_bias(self, (out_features, in_features), out_features if bias else None, device, dtype)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw weight and bias evenly from -1/sqrt(in_features) to 1/sqrt(in_features)."""
        draw_by_fan_in(self.weight, self.bias)

    def forward(self, input):
        """input: (..., in_features)."""
        return F.linear(input, self.weight, self.bias)

    @property
    def _has_bias(self):
        return self.bias is not None


@layer(shows="in1_features={0.in1_features}, in2_features={0.in2_features}, out_features={0.out_features}, bias={0._has_bias}")
class Bilinear(Module):
    """input1 @ weight[i] @ input2 + bias[i] for each output feature i."""

    def __init__(self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        add_weight_and_bias(self, (out_features, in1_features, in2_features), out_features if bias else None, device, dtype)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw weight and bias evenly from -1/sqrt(in1_features) to 1/sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1, input2):
        """input1: (..., in1_features); input2: (..., in2_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    @property
    def _has_bias(self):
        return self.bias is not None


def add_weight_and_bias(module, shape, features, device, dtype):
    """Register an uninitialised weight and, unless features is None, a bias."""
    empty = creation.FUNCTIONS["empty"]
    module.weight = Parameter(empty(shape, device=device, dtype=dtype))
    if features is None:
        module.register_parameter("bias", None)
    else:
        module.bias = Parameter(empty(features, device=device, dtype=dtype))


def draw_by_fan_in(weight, bias):
    """Draw weight and bias evenly from -bound to bound, where 1/bound^2 is how many inputs each output has."""
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
        init.uniform_(bias, -bound, bound)
