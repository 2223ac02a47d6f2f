"""The functions of torch that are written in Python there, under their module's name (torch.functional)."""

from facade.core.ops.functions import ops

__all__ = ["atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "cartesian_prod", "cdist", "chain_matmul",
           "einsum", "istft", "lu", "meshgrid", "norm", "pca_lowrank", "split", "stft", "svd_lowrank", "tensordot", "unique", "unique_consecutive",
           "unravel_index"]
globals().update({name: getattr(ops, name) for name in __all__ if hasattr(ops, name)})
