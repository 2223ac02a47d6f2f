"""The exponential distribution (torch.distributions.exponential)."""

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.exp_family import ExponentialFamily

__all__ = ["Exponential"]


class Exponential(ExponentialFamily):
    """The time to the first of events that come at this rate: density rate * exp(-rate * x)."""

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, rate, validate_args=None):
        self._keep(validate_args, rate=rate)

    mean = stddev = property(lambda self: self.rate.reciprocal())
    mode = property(lambda self: ops.zeros_like(self.rate))
    variance = property(lambda self: self.rate.pow(-2))

    def rsample(self, sample_shape=Size()):
        """Standard exponential numbers / rate."""
        return self.rate.new_empty(self._extended_shape(sample_shape)).exponential_() / self.rate

    @checked
    def log_prob(self, value):
        """log rate - rate * value."""
        return self.rate.log() - self.rate * value

    @checked
    def cdf(self, value):
        """1 - exp(-rate * value)."""
        return 1 - ops.exp(-self.rate * value)

    def icdf(self, value):
        """-log(1 - value) / rate."""
        return -ops.log1p(-value) / self.rate

    def entropy(self):
        """1 - log rate."""
        return 1 - self.rate.log()

    _natural_params = property(lambda self: (-self.rate,))

    def _log_normalizer(self, x):
        return -ops.log(-x)
