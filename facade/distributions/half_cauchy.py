"""The half-Cauchy distribution (torch.distributions.half_cauchy)."""

import math

from facade.core.ops.functions import ops
from facade.distributions._folded import Folded
from facade.distributions.cauchy import Cauchy
from facade.distributions.distribution import checked

__all__ = ["HalfCauchy"]


class HalfCauchy(Folded):
    """The size of a Cauchy number of median 0 and this scale."""

    base = Cauchy
    mean = property(lambda self: ops.full(self._extended_shape(), math.inf, dtype=self.scale.dtype))
    mode = property(lambda self: ops.zeros_like(self.scale))
    variance = property(lambda self: self.base_dist.variance)

    @checked
    def log_prob(self, value):
        """The same, of a number too."""
        return super().log_prob(ops.as_tensor(value, dtype=self.scale.dtype))
