"""Neural networks (torch.nn)."""

from facade.nn import attention, common_types, functional, grad, init, modules, parallel, parameter, utils
from facade.nn.modules import *  # noqa: F403
from facade.nn.parallel import DataParallel
from facade.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = ["Buffer", "DataParallel", "Parameter", "UninitializedBuffer", "UninitializedParameter", "attention", "common_types", "factory_kwargs",
           "functional", "grad", "init", "modules", "parallel", "parameter", "utils", *modules.__all__]


def factory_kwargs(kwargs):
    """Of the options of a module those that its tensors are made with; TypeError for others (torch.nn.factory_kwargs)."""
    if kwargs is None:
        return {}
    chosen = dict(kwargs.get("factory_kwargs", {}))
    unexpected = kwargs.keys() - {"device", "dtype", "memory_format", "factory_kwargs"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    for name in ("device", "dtype", "memory_format"):
        if name in kwargs:
            if name in chosen:
                raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
            chosen[name] = kwargs[name]
    return chosen
