"""Affine maps (torch.nn.modules.linear)."""

import math

from facade.autograd.grad_mode import no_grad
from facade.core.ops import creation
from facade.nn import functional as F
from facade.nn import init
from facade.nn.modules.layer import layer
from facade.nn.modules.lazy import LazyModuleMixin, leave_open
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


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


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear of its own kind, which torch's tools for quantization leave as it is."""


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


class LazyLinear(LazyModuleMixin, Linear):
    """A Linear that finds in_features from its first input."""

    cls_to_become = Linear

    def __init__(self, out_features, bias=True, device=None, dtype=None):
        super().__init__(0, 0, False)
        leave_open(self, bias, device, dtype)
        self.out_features = out_features

    def reset_parameters(self):
        """Draw weight and bias as Linear does, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    @no_grad()
    def initialize_parameters(self, input):
        """input: (..., in_features)."""
        features = input.shape[-1]
        if self.has_uninitialized_params():
            self.in_features = features
            self.weight.materialize((self.out_features, features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        if self.in_features == 0:           # the weight was loaded
            if features != self.weight.shape[-1]:
                raise AssertionError(f"The in_features inferred from input: {features} is not equal to in_features from self.weight: "
                                     f"{self.weight.shape[-1]}")
            self.in_features = features


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
