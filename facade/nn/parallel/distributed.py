"""Modules in several processes (torch.nn.parallel.distributed): not supported."""

from facade.core.errors import unsupported
from facade.nn.modules.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Raises NotImplementedError: there is one process."""

    def __init__(self, module, *args, **kwargs):
        raise unsupported("DistributedDataParallel", "a program is one process on one device; train the module itself")
