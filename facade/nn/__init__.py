"""Neural networks (torch.nn)."""

from facade.nn import functional
from facade.nn.parameter import Buffer, Parameter

__all__ = ["Buffer", "Parameter", "functional"]
