"""Modules without first values (torch.nn.utils.init)."""

import inspect

from facade.core.random.generator import default_generator
from facade.nn.modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls, *args, **kwargs):
    """A module of this class whose parameters and buffers are uninitialised; the random numbers go on as if none were drawn for them."""
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    state = default_generator.get_state()
    module = module_cls(*args, **kwargs, device=device).to_empty(device=device)
    default_generator.set_state(state)
    return module
