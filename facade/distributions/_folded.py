"""What the sizes of symmetric numbers have in common: half the line, and twice the density on it."""

import math

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.transforms import AbsTransform


class Folded(TransformedDistribution):
    """The size of a number of `base`, a distribution of a location and a scale, around 0."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    base = None

    def __init__(self, scale, validate_args=None):
        super().__init__(self.base(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    scale = property(lambda self: self.base_dist.scale)

    @checked
    def log_prob(self, value):
        """Log 2 and the base's log-density; nothing below zero."""
        return ops.where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    @checked
    def cdf(self, value):
        """2 * the base's cdf - 1."""
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob):
        """The inverse of cdf."""
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self):
        """The base's, less log 2."""
        return self.base_dist.entropy() - math.log(2)
