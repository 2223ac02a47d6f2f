"""The inside of loading data (torch.utils.data._utils).

    containers  samples within samples: dicts, tuples, lists
    collate     a batch made of samples
    fetch       the samples of a batch
    parcel      data on its way from one process to another
    failure     an exception on the same way
    worker      what a worker process does
    workforce   the worker processes, seen from the main one
"""

from facade.utils.data._utils import collate, failure, fetch, worker
from facade.utils.data._utils.failure import ExceptionWrapper

__all__ = ["ExceptionWrapper", "collate", "failure", "fetch", "worker"]
