"""The gamma distribution (torch.distributions.gamma)."""

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.exp_family import ExponentialFamily
from facade.distributions.utils import tiny

__all__ = ["Gamma"]


class Gamma(ExponentialFamily):
    """Density proportional to x^(concentration - 1) * exp(-rate * x)."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, concentration, rate, validate_args=None):
        self._keep(validate_args, concentration=concentration, rate=rate)

    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape=Size()):
        """Standard gamma numbers / rate, above zero."""
        shape = self._extended_shape(sample_shape)
        value = ops._standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=tiny(value))
        return value

    @checked
    def log_prob(self, value):
        """concentration * log rate + (concentration - 1) * log value - rate * value - lgamma(concentration)."""
        return (ops.xlogy(self.concentration, self.rate) + ops.xlogy(self.concentration - 1, value) - self.rate * value
                - ops.lgamma(self.concentration))

    @checked
    def cdf(self, value):
        """The regularized incomplete gamma function."""
        return ops.igamma(self.concentration, self.rate * value)

    def entropy(self):
        """concentration - log rate + lgamma(concentration) + (1 - concentration) * digamma(concentration)."""
        return (self.concentration - self.rate.log() + ops.lgamma(self.concentration)
                + (1.0 - self.concentration) * ops.digamma(self.concentration))

    _natural_params = property(lambda self: (self.concentration - 1, -self.rate))

    def _log_normalizer(self, x, y):
        return ops.lgamma(x + 1) + (x + 1) * ops.log(-y.reciprocal())
