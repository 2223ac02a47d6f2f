"""Distributions of transformed draws (torch.distributions.transformed_distribution)."""

import functools
import operator

from facade.autograd.grad_mode import no_grad
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.independent import Independent
from facade.distributions.transforms import ComposeTransform, Transform
from facade.distributions.utils import sum_rightmost

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """Draws of `base_distribution` put through transforms, one or a list; the density changes by their Jacobians."""

    arg_constraints = {}

    def __init__(self, base_distribution, transforms, validate_args=None):
        self.transforms = _checked_list(transforms)
        whole = ComposeTransform(self.transforms)
        base_rank = len(base_distribution.event_shape)
        self.base_dist, shape = _fitted(base_distribution, whole)
        event_dim = max(whole.codomain.event_dim, base_rank + whole.codomain.event_dim - whole.domain.event_dim)
        cut = len(shape) - event_dim
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    has_rsample = property(lambda self: self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self):
        """Where the last transform ends."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self.event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    def _forward(self, value):
        return functools.reduce(lambda x, transform: transform(x), self.transforms, value)

    def sample(self, sample_shape=Size()):
        """The base's draws, transformed, without history."""
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape=Size()):
        """The base's draws, transformed."""
        return self._forward(self.base_dist.rsample(sample_shape))

    @checked
    def log_prob(self, value):
        """The base's at the value transformed back, less the logarithms of the Jacobians."""
        event_dim, log_prob = len(self.event_shape), 0.0
        for transform in reversed(self.transforms):
            before = transform.inv(value)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            log_prob = log_prob - sum_rightmost(transform.log_abs_det_jacobian(before, value), event_dim - transform.domain.event_dim)
            value = before
        return log_prob + sum_rightmost(self.base_dist.log_prob(value), event_dim - len(self.base_dist.event_shape))

    def _turned(self, share):
        """A share, or what is missing to 1 where the transforms turn the order round."""
        sign = functools.reduce(operator.mul, (transform.sign for transform in self.transforms), 1)
        return share if isinstance(sign, int) and sign == 1 else sign * (share - 0.5) + 0.5

    def cdf(self, value):
        """The base's at the value transformed back."""
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value):
        """The base's, transformed."""
        return self._forward(self.base_dist.icdf(self._turned(value)))


def _checked_list(transforms):
    if isinstance(transforms, Transform):
        return [transforms]
    if not isinstance(transforms, list):
        raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
    if not all(isinstance(each, Transform) for each in transforms):
        raise ValueError("transforms must be a Transform or a list of Transforms")
    return transforms


def _fitted(base, whole):
    """(the base with the batch and event dims that the transforms need, the shape of a transformed draw)."""
    shape, rank = base.batch_shape + base.event_shape, len(base.event_shape)
    if len(shape) < whole.domain.event_dim:
        raise ValueError(f"base_distribution needs to have shape with size at least {whole.domain.event_dim}, but got {shape}.")
    forward = Size(whole.forward_shape(shape))
    needed = Size(whole.inverse_shape(forward))
    if shape != needed:
        base = base.expand(needed[:len(needed) - rank])
    extra = whole.domain.event_dim - rank
    return Independent(base, extra) if extra > 0 else base, forward
