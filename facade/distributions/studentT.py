"""Student's t-distribution (torch.distributions.studentT)."""

import math

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.chi2 import Chi2
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import standard_normal

__all__ = ["StudentT"]


class StudentT(Distribution):
    """A normal number divided by sqrt(Chi2(df) / df), stretched by `scale` and moved to `loc`."""

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self._keep(validate_args, df=df, loc=loc, scale=scale)
        self._chi2 = Chi2(self.df)

    mode = property(lambda self: self.loc)

    @property
    def mean(self):
        """loc, where df is above 1."""
        mean = self.loc.clone()
        mean[self.df <= 1] = math.nan
        return mean

    @property
    def variance(self):
        """scale^2 * df / (df - 2), where df is above 2; infinite down to 1."""
        variance, wide = self.df.clone(), self.df > 2
        variance[wide] = self.scale[wide].pow(2) * self.df[wide] / (self.df[wide] - 2)
        variance[(self.df <= 2) & (self.df > 1)] = math.inf
        variance[self.df <= 1] = math.nan
        return variance

    def rsample(self, sample_shape=Size()):
        """Normal numbers first, then chi-squared ones."""
        normal = standard_normal(self._extended_shape(sample_shape), self.df)
        ratio = normal * ops.rsqrt(self._chi2.rsample(sample_shape) / self.df)
        return self.loc + self.scale * ratio

    @checked
    def log_prob(self, value):
        """-(df + 1) / 2 * log(1 + y^2 / df), normalized; y = (value - loc) / scale."""
        y = (value - self.loc) / self.scale
        normalizer = (self.scale.log() + 0.5 * self.df.log() + 0.5 * math.log(math.pi) + ops.lgamma(0.5 * self.df)
                      - ops.lgamma(0.5 * (self.df + 1.0)))
        return -0.5 * (self.df + 1.0) * ops.log1p(y ** 2.0 / self.df) - normalizer

    def entropy(self):
        """By lgamma and digamma of df / 2 and (df + 1) / 2."""
        beta = ops.lgamma(0.5 * self.df) + math.lgamma(0.5) - ops.lgamma(0.5 * (self.df + 1))
        return (self.scale.log() + 0.5 * (self.df + 1) * (ops.digamma(0.5 * (self.df + 1)) - ops.digamma(0.5 * self.df))
                + 0.5 * self.df.log() + beta)
