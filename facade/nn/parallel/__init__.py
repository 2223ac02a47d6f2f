"""Modules on several devices (torch.nn.parallel). A program runs on one device here: what needs more says so."""

from facade.nn.parallel.data_parallel import DataParallel, data_parallel
from facade.nn.parallel.distributed import DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]
