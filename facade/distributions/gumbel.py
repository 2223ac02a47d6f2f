"""The Gumbel distribution (torch.distributions.gumbel)."""

import math

from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.transforms import AffineTransform, ExpTransform
from facade.distributions.uniform import Uniform
from facade.distributions.utils import broadcast_all, euler_constant

__all__ = ["Gumbel"]


class Gumbel(TransformedDistribution):
    """Of the largest of many numbers: loc - scale * log(-log u), u uniform."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        base = Uniform(ops.full_like(self.loc, limits.tiny), ops.full_like(self.loc, 1 - limits.eps), validate_args=validate_args)
        logarithm = ExpTransform().inv
        steps = [logarithm, AffineTransform(loc=0, scale=-ops.ones_like(self.scale)), logarithm, AffineTransform(loc=loc, scale=-self.scale)]
        super().__init__(base, steps, validate_args=validate_args)

    mean = property(lambda self: self.loc + self.scale * euler_constant)
    mode = property(lambda self: self.loc)
    stddev = property(lambda self: math.pi / math.sqrt(6) * self.scale)
    variance = property(lambda self: self.stddev.pow(2))

    @checked
    def log_prob(self, value):
        """y - exp(y) - log scale; y = (loc - value) / scale."""
        y = (self.loc - value) / self.scale
        return y - y.exp() - self.scale.log()

    def entropy(self):
        """log scale + 1 + Euler's constant."""
        return self.scale.log() + (1 + euler_constant)
