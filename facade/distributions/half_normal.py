"""The half-normal distribution (torch.distributions.half_normal)."""

import math

from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.normal import Normal
from facade.distributions.transformed_distribution import TransformedDistribution, folded_log_prob
from facade.distributions.transforms import AbsTransform

__all__ = ["HalfNormal"]


class HalfNormal(TransformedDistribution):
    """The size of a normal number of mean 0 and standard deviation `scale`."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale, validate_args=None):
        super().__init__(Normal(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    scale = property(lambda self: self.base_dist.scale)
    mean = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    mode = property(lambda self: self.scale.new_zeros(self.scale.shape))
    variance = property(lambda self: self.scale.pow(2) * (1 - 2 / math.pi))

    @checked
    def log_prob(self, value):
        """Twice the normal density."""
        return folded_log_prob(self.base_dist, value)

    @checked
    def cdf(self, value):
        """2 * the normal cdf - 1."""
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob):
        """The inverse of cdf."""
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self):
        """The normal distribution's, less log 2."""
        return self.base_dist.entropy() - math.log(2)
