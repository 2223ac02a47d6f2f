"""The generalized Pareto distribution (torch.distributions.generalized_pareto)."""

import math

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import uniform

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """What exceeds a threshold `loc`: it survives z = (x - loc) / scale with probability (1 + concentration * z)^(-1 / concentration).

    At concentration 0 that is exp(-z); the formulas are computed with 1 in place of 0, and not used there.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        self._keep(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        """From loc on, up to a bound where the concentration is negative."""
        return constraints.interval(self.loc, ops.where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf))

    def _by_concentration(self, at_zero, formula):
        is_zero = ops.isclose(self.concentration, ops.zeros_like(self.concentration))
        return ops.where(is_zero, at_zero, formula(ops.where(is_zero, ops.ones_like(self.concentration), self.concentration)))

    def _z(self, value):
        return (value - self.loc) / self.scale

    def rsample(self, sample_shape=Size()):
        """icdf of uniform numbers."""
        return self.icdf(uniform(self._extended_shape(sample_shape), self.loc))

    @checked
    def log_prob(self, value):
        """-(1 / concentration + 1) * log(1 + concentration * z) - log scale."""
        def formula(concentration):
            power = 1 / concentration + ops.ones_like(z)
            return ops.where(power == 0, power, power * ops.log1p(concentration * z))
        z = self._z(value)
        return -self.scale.log() - self._by_concentration(z, formula)

    @checked
    def log_survival_function(self, value):
        """log of the probability of more than value."""
        z = self._z(value)
        return self._by_concentration(-z, lambda concentration: -ops.log1p(concentration * z) / concentration)

    def log_cdf(self, value):
        """log of the probability of at most value."""
        return ops.log1p(-ops.exp(self.log_survival_function(value)))

    def cdf(self, value):
        """The probability of at most value."""
        return ops.exp(self.log_cdf(value))

    def icdf(self, value):
        """The inverse of cdf."""
        left = ops.log1p(-value)
        return self._by_concentration(self.loc - self.scale * left,
                                      lambda concentration: self.loc + self.scale / concentration * ops.expm1(-concentration * left))

    def _moment(self, limit, formula):
        """formula(concentration) where that is below the limit, else nan."""
        exists = self.concentration < limit
        return ops.where(exists, formula(ops.where(exists, self.concentration, limit / 2)), math.nan)

    mode = property(lambda self: self.loc)
    mean = property(lambda self: self._moment(1, lambda c: self.loc + self.scale / (1 - c)))
    variance = property(lambda self: self._moment(0.5, lambda c: self.scale ** 2 / ((1 - c) ** 2 * (1 - 2 * c))))

    def entropy(self):
        """log scale + concentration + 1."""
        return ops.broadcast_to(ops.log(self.scale) + self.concentration + 1, self._batch_shape)
