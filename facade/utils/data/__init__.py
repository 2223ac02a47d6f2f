"""Data for training (torch.utils.data): datasets, the order in which samplers go through them, and loaders of batches.

    dataset     what is at an index, or comes next
    sampler     which indices, in which order; distributed: a share of them
    dataloader  batches, assembled here or in worker processes
    _utils      fetching and collating a batch, and what a worker does
"""

from facade.utils.data._utils.collate import default_collate, default_convert
from facade.utils.data._utils.fetch import _DatasetKind
from facade.utils.data._utils.worker import get_worker_info
from facade.utils.data.dataloader import DataLoader
from facade.utils.data.dataset import ChainDataset, ConcatDataset, Dataset, IterableDataset, StackDataset, Subset, TensorDataset, random_split
from facade.utils.data.distributed import DistributedSampler
from facade.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler

__all__ = ["BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "DistributedSampler", "IterableDataset", "RandomSampler", "Sampler",
           "SequentialSampler", "StackDataset", "Subset", "SubsetRandomSampler", "TensorDataset", "WeightedRandomSampler", "_DatasetKind",
           "default_collate", "default_convert", "get_worker_info", "random_split"]
