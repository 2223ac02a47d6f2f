"""The Kumaraswamy distribution (torch.distributions.kumaraswamy)."""

import math

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.transforms import AffineTransform, PowerTransform
from facade.distributions.uniform import Uniform
from facade.distributions.utils import broadcast_all, euler_constant

__all__ = ["Kumaraswamy"]


class Kumaraswamy(TransformedDistribution):
    """cdf 1 - (1 - x^concentration1)^concentration0: much like the beta distribution, but with simple formulas."""

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args=None):
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        base = Uniform(ops.full_like(self.concentration0, 0), ops.full_like(self.concentration0, 1), validate_args=validate_args)
        steps = [PowerTransform(exponent=self.concentration0.reciprocal()), AffineTransform(loc=1.0, scale=-1.0),
                 PowerTransform(exponent=self.concentration1.reciprocal())]
        super().__init__(base, steps, validate_args=validate_args)

    def _moment(self, n):
        """The mean of x^n: concentration0 * beta(1 + n / concentration1, concentration0)."""
        first = 1 + n / self.concentration1
        log_beta = first.lgamma() + self.concentration0.lgamma() - (first + self.concentration0).lgamma()
        return self.concentration0 * log_beta.exp()

    mean = property(lambda self: self._moment(1))
    variance = property(lambda self: self._moment(2) - self._moment(1).pow(2))

    @property
    def mode(self):
        """((concentration1 - 1) / (concentration1 * concentration0 - 1))^(1 / concentration1), where both are at least 1."""
        product = self.concentration0 * self.concentration1
        log_mode = self.concentration0.reciprocal() * (-self.concentration0).log1p() - (-product).log1p()
        log_mode[(self.concentration0 < 1) | (self.concentration1 < 1)] = math.nan
        return log_mode.exp()

    def entropy(self):
        """By the harmonic number of concentration0."""
        harmonic = ops.digamma(self.concentration0 + 1) + euler_constant
        return (1 - self.concentration0.reciprocal() + (1 - self.concentration1.reciprocal()) * harmonic
                - self.concentration0.log() - self.concentration1.log())
