"""Neural networks (torch.nn)."""

from facade.nn import functional, init, modules, parameter, utils
from facade.nn.modules import *  # noqa: F403
from facade.nn.parameter import Buffer, Parameter

__all__ = ["Buffer", "Parameter", "functional", "init", "modules", "parameter", "utils", *modules.__all__]
