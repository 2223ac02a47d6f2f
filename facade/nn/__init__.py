"""Neural networks (torch.nn)."""

from facade.nn import functional
from facade.nn.parameter import Parameter

__all__ = ["Parameter", "functional"]
