"""The F-distribution of Fisher and Snedecor (torch.distributions.fishersnedecor)."""

import math

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.gamma import Gamma
from facade.distributions.utils import tiny

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Distribution):
    """The ratio of Chi2(df1) / df1 and Chi2(df2) / df2."""

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1, df2, validate_args=None):
        self._keep(validate_args, df1=df1, df2=df2)
        self._gamma1, self._gamma2 = Gamma(self.df1 * 0.5, self.df1), Gamma(self.df2 * 0.5, self.df2)

    @property
    def mean(self):
        """df2 / (df2 - 2), where df2 is above 2."""
        df2 = self.df2.clone()
        df2[df2 <= 2] = math.nan
        return df2 / (df2 - 2)

    @property
    def mode(self):
        """(df1 - 2) / df1 * df2 / (df2 + 2), where df1 is above 2."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        mode[self.df1 <= 2] = math.nan
        return mode

    @property
    def variance(self):
        """Defined where df2 is above 4."""
        df2 = self.df2.clone()
        df2[df2 <= 4] = math.nan
        return 2 * df2.pow(2) * (self.df1 + df2 - 2) / (self.df1 * (df2 - 2).pow(2) * (df2 - 4))

    def rsample(self, sample_shape=Size()):
        """The numerator's gamma numbers first."""
        shape = self._extended_shape(sample_shape)
        above, below = self._gamma1.rsample(sample_shape).view(shape), self._gamma2.rsample(sample_shape).view(shape)
        below.detach().clamp_(min=tiny(self.df2))
        ratio = above / below
        ratio.clamp_(min=tiny(self.df2))
        return ratio

    @checked
    def log_prob(self, value):
        """By the beta function of df1 / 2 and df2 / 2."""
        half1, half2, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        return ((half1 + half2).lgamma() - half1.lgamma() - half2.lgamma() + half1 * ratio.log() + (half1 - 1) * value.log()
                - (half1 + half2) * ops.log1p(ratio * value))
