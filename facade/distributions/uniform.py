"""The uniform distribution (torch.distributions.uniform)."""

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import uniform

__all__ = ["Uniform"]


class Uniform(Distribution):
    """Even from `low` up to `high`, which is not included."""

    has_rsample = True

    def __init__(self, low, high, validate_args=None):
        self._keep(validate_args, low=low, high=high)

    @property
    def arg_constraints(self):
        """Each bound limits the other."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        """From low to high."""
        return constraints.interval(self.low, self.high)

    mode = property(lambda self: float("nan") * self.high)
    mean = property(lambda self: (self.high + self.low) / 2)
    stddev = property(lambda self: (self.high - self.low) / 12 ** 0.5)
    variance = property(lambda self: (self.high - self.low).pow(2) / 12)

    def rsample(self, sample_shape=Size()):
        """low + (high - low) * uniform numbers of [0, 1)."""
        return self.low + uniform(self._extended_shape(sample_shape), self.low) * (self.high - self.low)

    @checked
    def log_prob(self, value):
        """-log(high - low), minus infinity outside."""
        inside = self.low.le(value).type_as(self.low) * self.high.gt(value).type_as(self.low)
        return inside.log() - (self.high - self.low).log()

    @checked
    def cdf(self, value):
        """The part of the interval below value."""
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value):
        """The inverse of cdf."""
        return value * (self.high - self.low) + self.low

    def entropy(self):
        """log(high - low)."""
        return ops.log(self.high - self.low)
