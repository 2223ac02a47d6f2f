"""Normalization over a batch (torch.nn.modules.batchnorm).

In training each channel is normalized by its own mean and variance over the batch, which also move the running ones by
`momentum`; in evaluation by the running ones.  Without momentum the running ones are plain means over all batches.
"""

from facade.core import dtypes
from facade.core.ops import creation
from facade.nn import functional as F
from facade.nn.modules.lazy import LazyModuleMixin, leave_open
from facade.nn.modules.module import Module
from facade.nn.modules.normalization import add_scale_and_shift, reset_scale_and_shift
from facade.nn.parameter import UninitializedBuffer

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "SyncBatchNorm"]


class _NormBase(Module):
    """Scale, shift and running statistics of each channel."""

    _version = 2        # from 2 on, states have num_batches_tracked

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        add_scale_and_shift(self, num_features, affine, affine and bias, device, dtype)
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, self._first(name, device, dtype) if track_running_stats else None)
        self.reset_parameters()

    def _first(self, name, device, dtype):
        """A running statistic as it begins."""
        if name == "num_batches_tracked":
            return creation.FUNCTIONS["tensor"](0, dtype=dtypes.int64, device=device)
        return creation.FUNCTIONS["zeros" if name == "running_mean" else "ones"](self.num_features, device=device, dtype=dtype)

    def reset_running_stats(self):
        """Forget the batches seen: mean 0, variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Forget the batches seen; set the scale to 1 and the shift to 0."""
        self.reset_running_stats()
        reset_scale_and_shift(self)

    def extra_repr(self):
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, bias={self.bias is not None}, "
                f"track_running_stats={self.track_running_stats}")

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        version, key = local_metadata.get("version"), prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            known = self.num_batches_tracked
            state_dict[key] = creation.FUNCTIONS["tensor"](0, dtype=dtypes.int64) if known is None else known
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)


class _BatchNorm(_NormBase):
    def forward(self, input):
        """input: the channels in the second dimension."""
        self._check_input_dim(input)
        by_batch = self.training or self.running_mean is None and self.running_var is None
        share = self._share_of_batch()
        tracked = not self.training or self.track_running_stats
        return F.batch_norm(input, self.running_mean if tracked else None, self.running_var if tracked else None, self.weight, self.bias, by_batch,
                            share, self.eps)

    def _share_of_batch(self):
        """Count the batch; by how much it moves the running statistics."""
        share = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                share = 1.0 / float(self.num_batches_tracked)
        return share


def checked_ranks(*ranks):
    """A decorator: the layer raises for inputs of other ranks."""
    def decorate(cls):
        def _check_input_dim(self, input):
            if input.dim() not in ranks:
                raise ValueError(f"expected {' or '.join(f'{rank}D' for rank in ranks)} input (got {input.dim()}D input)")
        _check_input_dim.__qualname__ = f"{cls.__qualname__}._check_input_dim"
        cls._check_input_dim = _check_input_dim
        return cls
    return decorate


@checked_ranks(2, 3)
class BatchNorm1d(_BatchNorm):
    """Batch normalization of (batch, channels) or (batch, channels, length)."""


@checked_ranks(4)
class BatchNorm2d(_BatchNorm):
    """Batch normalization of (batch, channels, height, width)."""


@checked_ranks(5)
class BatchNorm3d(_BatchNorm):
    """Batch normalization of (batch, channels, depth, height, width)."""


# ---------------------------------------------------------------- lazy
class _LazyNormBase(LazyModuleMixin, _NormBase):
    """What normalizations have in common that find num_features from their first input."""

    def __init__(self, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True):
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            leave_open(self, bias, device, dtype)
        if track_running_stats:
            self.running_mean, self.running_var = (UninitializedBuffer(device=device, dtype=dtype) for _ in range(2))
            self.num_batches_tracked = self._first("num_batches_tracked", device, dtype)

    def reset_parameters(self):
        """Begin anew, once there are shapes."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input):
        """input: the channels in the second dimension."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for _, each in self._open():
                each.materialize((self.num_features,))
            self.reset_parameters()


@checked_ranks(2, 3)
class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    """A BatchNorm1d that finds num_features from its first input."""

    cls_to_become = BatchNorm1d


@checked_ranks(4)
class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    """A BatchNorm2d that finds num_features from its first input."""

    cls_to_become = BatchNorm2d


@checked_ranks(5)
class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    """A BatchNorm3d that finds num_features from its first input."""

    cls_to_become = BatchNorm3d


# ---------------------------------------------------------------- over several processes
class SyncBatchNorm(_BatchNorm):
    """Batch normalization over the batches of all processes; there is one process here, so that it is BatchNorm of any rank."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, process_group=None, device=None, dtype=None, *,
                 bias=True):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input):
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """The module with a SyncBatchNorm in the place of every batch normalization, which keeps its parameters and statistics."""
        converted = module
        if isinstance(module, _BatchNorm):
            converted = SyncBatchNorm(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats, process_group,
                                      bias=module.bias is not None)
            for name in (("weight", "bias") if module.affine else ()) + ("running_mean", "running_var", "num_batches_tracked", "training"):
                setattr(converted, name, getattr(module, name))
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted
