"""The half-Cauchy distribution (torch.distributions.half_cauchy)."""

import math

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.cauchy import Cauchy
from facade.distributions.distribution import checked
from facade.distributions.transformed_distribution import TransformedDistribution, folded_log_prob
from facade.distributions.transforms import AbsTransform

__all__ = ["HalfCauchy"]


class HalfCauchy(TransformedDistribution):
    """The size of a Cauchy number of median 0 and this scale."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale, validate_args=None):
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    scale = property(lambda self: self.base_dist.scale)
    mean = property(lambda self: ops.full(self._extended_shape(), math.inf, dtype=self.scale.dtype))
    mode = property(lambda self: ops.zeros_like(self.scale))
    variance = property(lambda self: self.base_dist.variance)

    @checked
    def log_prob(self, value):
        """Twice the Cauchy density."""
        return folded_log_prob(self.base_dist, ops.as_tensor(value, dtype=self.base_dist.scale.dtype))

    @checked
    def cdf(self, value):
        """2 * the Cauchy cdf - 1."""
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob):
        """The inverse of cdf."""
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self):
        """The Cauchy distribution's, less log 2."""
        return self.base_dist.entropy() - math.log(2)
