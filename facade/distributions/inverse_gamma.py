"""The inverse gamma distribution (torch.distributions.inverse_gamma)."""

import math

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.gamma import Gamma
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.transforms import PowerTransform

__all__ = ["InverseGamma"]


class InverseGamma(TransformedDistribution):
    """1 / x for x of Gamma(concentration, rate)."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    concentration = property(lambda self: self.base_dist.concentration)
    rate = property(lambda self: self.base_dist.rate)
    mode = property(lambda self: self.rate / (self.concentration + 1))

    @property
    def mean(self):
        """rate / (concentration - 1), where the concentration is above 1."""
        return ops.where(self.concentration > 1, self.rate / (self.concentration - 1), math.inf)

    @property
    def variance(self):
        """rate^2 / ((concentration - 1)^2 (concentration - 2)), where the concentration is above 2."""
        c = self.concentration
        return ops.where(c > 2, self.rate.square() / ((c - 1).square() * (c - 2)), math.inf)

    def entropy(self):
        """concentration + log rate + lgamma(concentration) - (1 + concentration) * digamma(concentration)."""
        return (self.concentration + self.rate.log() + self.concentration.lgamma()
                - (1 + self.concentration) * self.concentration.digamma())
