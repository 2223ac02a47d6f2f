"""Neural networks (torch.nn)."""

from facade.nn import attention, common_types, functional, init, modules, parallel, parameter, utils
from facade.nn.modules import *  # noqa: F403
from facade.nn.parallel import DataParallel
from facade.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = ["Buffer", "DataParallel", "Parameter", "UninitializedBuffer", "UninitializedParameter", "attention", "common_types", "functional", "init", "modules",
           "parallel", "parameter", "utils", *modules.__all__]
