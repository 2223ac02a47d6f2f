"""The Laplace distribution (torch.distributions.laplace)."""

from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked

__all__ = ["Laplace"]


class Laplace(Distribution):
    """Two exponential distributions back to back: density exp(-|x - loc| / scale) / (2 scale)."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self._keep(validate_args, loc=loc, scale=scale)

    mean = mode = property(lambda self: self.loc)
    variance = property(lambda self: 2 * self.scale.pow(2))
    stddev = property(lambda self: 2 ** 0.5 * self.scale)

    def rsample(self, sample_shape=Size()):
        """A uniform number of (-1, 1) gives the side and, by its size, the distance."""
        u = self.loc.new_empty(self._extended_shape(sample_shape)).uniform_(finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    @checked
    def log_prob(self, value):
        """-log(2 scale) - |value - loc| / scale."""
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    @checked
    def cdf(self, value):
        """One half, and half of the exponential distribution's to that side."""
        return 0.5 - 0.5 * (value - self.loc).sign() * ops.expm1(-(value - self.loc).abs() / self.scale)

    def icdf(self, value):
        """The inverse of cdf."""
        from_half = value - 0.5
        return self.loc - self.scale * from_half.sign() * ops.log1p(-2 * from_half.abs())

    def entropy(self):
        """1 + log(2 scale)."""
        return 1 + (2 * self.scale).log()
