"""The Weibull distribution (torch.distributions.weibull)."""

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.exponential import Exponential
from facade.distributions.utils import euler_constant
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.transforms import AffineTransform, PowerTransform
from facade.distributions.utils import broadcast_all

__all__ = ["Weibull"]


class Weibull(TransformedDistribution):
    """scale * e^(1 / concentration) for e of Exponential(1)."""

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale, concentration, validate_args=None):
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(ops.ones_like(self.scale), validate_args=validate_args)
        steps = [PowerTransform(exponent=self.concentration_reciprocal), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, steps, validate_args=validate_args)

    mean = property(lambda self: self.scale * ops.exp(ops.lgamma(1 + self.concentration_reciprocal)))
    mode = property(lambda self: self.scale * ((self.concentration - 1) / self.concentration) ** self.concentration.reciprocal())

    @property
    def variance(self):
        """scale^2 * (gamma(1 + 2 / concentration) - gamma(1 + 1 / concentration)^2)."""
        first, second = (ops.lgamma(1 + n * self.concentration_reciprocal) for n in (1, 2))
        return self.scale.pow(2) * (ops.exp(second) - ops.exp(2 * first))

    def entropy(self):
        """Euler's constant * (1 - 1 / concentration) + log(scale / concentration) + 1."""
        return (euler_constant * (1 - self.concentration_reciprocal) + ops.log(self.scale * self.concentration_reciprocal) + 1)
