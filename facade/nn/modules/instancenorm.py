"""Normalization of each channel of each example (torch.nn.modules.instancenorm)."""


from facade.core.warn import warn
from facade.nn import functional as F
from facade.nn.modules.batchnorm import _LazyNormBase, _NormBase, checked_ranks

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"]


class _InstanceNorm(_NormBase):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, *, bias=True):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input):
        """input: (batch, channels, spatial...), or without the batch."""
        self._check_input_dim(input)
        unbatched = self._get_no_batch_dim()
        self._check_channels(input, input.dim() - unbatched)
        if input.dim() == unbatched:
            return self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)
        return self._apply_instance_norm(input)

    def _apply_instance_norm(self, input):
        return F.instance_norm(input, self.running_mean, self.running_var, self.weight, self.bias, self.training or not self.track_running_stats,
                               0.0 if self.momentum is None else self.momentum, self.eps)

    def _check_channels(self, input, dim):
        if input.size(dim) == self.num_features:
            return
        if self.affine:
            raise ValueError(f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {input.size(dim)}.")
        warn(f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in num_features, which "
             "is not used because affine=False")

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        if local_metadata.get("version") is None and not self.track_running_stats:
            self._refuse_statistics(state_dict, prefix, error_msgs)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)

    def _refuse_statistics(self, state_dict, prefix, error_msgs):
        """Say why running statistics of an old checkpoint have no place here."""
        keys = [prefix + name for name in ("running_mean", "running_var") if prefix + name in state_dict]
        if not keys:
            return
        names, kind = " and ".join(f'"{key}"' for key in keys), type(self).__name__
        error_msgs.append(f"Unexpected running stats buffer(s) {names} for {kind} with track_running_stats=False. If state_dict is a checkpoint "
                          f"saved before 0.4.0, this may be expected because {kind} does not track running stats by default since 0.4.0. Please "
                          "remove these keys from state_dict. If the running stats are actually needed, instead set track_running_stats=True in "
                          f"{kind} to enable them. See the documentation of {kind} for details.")
        for key in keys:
            state_dict.pop(key)


@checked_ranks(2, 3)
class InstanceNorm1d(_InstanceNorm):
    """Instance normalization of (batch, channels, length)."""

    def _get_no_batch_dim(self):
        return 2


@checked_ranks(3, 4)
class InstanceNorm2d(_InstanceNorm):
    """Instance normalization of (batch, channels, height, width)."""

    def _get_no_batch_dim(self):
        return 3


@checked_ranks(4, 5)
class InstanceNorm3d(_InstanceNorm):
    """Instance normalization of (batch, channels, depth, height, width)."""

    def _get_no_batch_dim(self):
        return 4


# ---------------------------------------------------------------- lazy
@checked_ranks(2, 3)
class LazyInstanceNorm1d(_LazyNormBase, _InstanceNorm):
    """An InstanceNorm1d that finds num_features from its first input."""

    cls_to_become = InstanceNorm1d

    def _get_no_batch_dim(self):
        return 2


@checked_ranks(3, 4)
class LazyInstanceNorm2d(_LazyNormBase, _InstanceNorm):
    """An InstanceNorm2d that finds num_features from its first input."""

    cls_to_become = InstanceNorm2d

    def _get_no_batch_dim(self):
        return 3


@checked_ranks(4, 5)
class LazyInstanceNorm3d(_LazyNormBase, _InstanceNorm):
    """An InstanceNorm3d that finds num_features from its first input."""

    cls_to_become = InstanceNorm3d

    def _get_no_batch_dim(self):
        return 4
