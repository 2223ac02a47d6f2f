"""Batch norm without running statistics, which functions of single samples cannot keep (torch.func.replace_all_batch_norm_modules_)."""

from facade.nn.modules.batchnorm import _BatchNorm

__all__ = ["replace_all_batch_norm_modules_"]


def replace_all_batch_norm_modules_(root):
    """Have every batch norm in a module normalize by the batch alone, in place; the module is returned."""
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
