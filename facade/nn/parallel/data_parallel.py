"""The batch spread over devices (torch.nn.parallel.data_parallel), of which there is one: the module gets the whole batch."""

from facade.core.errors import unsupported
from facade.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


def _check_devices(device_ids):
    if device_ids is not None and len(device_ids) > 1:
        raise unsupported("DataParallel over several devices", "a program runs on one device; leave device_ids out")


class DataParallel(Module):
    """A module as it is, named `module`: as in torch on the CPU, it is called with the whole batch."""

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        _check_devices(device_ids)
        self.module, self.device_ids = module, []

    def forward(self, *inputs, **kwargs):
        """inputs: what the module takes."""
        return self.module(*inputs, **kwargs)


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """The module's output for the whole batch; inputs: a tuple, or the one argument."""
    _check_devices(device_ids)
    inputs = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*inputs, **(module_kwargs or {}))
