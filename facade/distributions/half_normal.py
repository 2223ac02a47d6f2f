"""The half-normal distribution (torch.distributions.half_normal)."""

import math

from facade.distributions._folded import Folded
from facade.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(Folded):
    """The size of a normal number of mean 0 and standard deviation `scale`."""

    base = Normal
    mean = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    mode = property(lambda self: self.scale.new_zeros(self.scale.shape))
    variance = property(lambda self: self.scale.pow(2) * (1 - 2 / math.pi))
