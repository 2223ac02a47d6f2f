"""The Cauchy distribution (torch.distributions.cauchy)."""

import math

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked

__all__ = ["Cauchy"]


class Cauchy(Distribution):
    """The ratio of two normal numbers, moved to `loc` and stretched by `scale`; it has no mean."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self._keep(validate_args, loc=loc, scale=scale)

    mode = property(lambda self: self.loc)
    mean = property(lambda self: ops.full(self._extended_shape(), math.nan, dtype=self.loc.dtype))
    variance = property(lambda self: ops.full(self._extended_shape(), math.inf, dtype=self.loc.dtype))

    def rsample(self, sample_shape=Size()):
        """loc + scale * standard Cauchy numbers."""
        return self.loc + self.loc.new_empty(self._extended_shape(sample_shape)).cauchy_() * self.scale

    @checked
    def log_prob(self, value):
        """-log(pi scale) - log(1 + ((value - loc) / scale)^2)."""
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    @checked
    def cdf(self, value):
        """atan((value - loc) / scale) / pi + 1/2."""
        return ops.atan((value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value):
        """The inverse of cdf."""
        return ops.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self):
        """log(4 pi scale)."""
        return math.log(4 * math.pi) + self.scale.log()
