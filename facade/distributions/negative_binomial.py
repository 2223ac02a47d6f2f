"""The negative binomial distribution (torch.distributions.negative_binomial)."""

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.gamma import Gamma
from facade.distributions.utils import Weighted, keep_weights, lazy_property
from facade.nn import functional as F

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Weighted, Distribution):
    """How many trials succeed before `total_count` have failed, each succeeding with probability `probs` or log-odds `logits`."""

    arg_constraints = {"total_count": constraints.greater_than_eq(0), "probs": constraints.half_open_interval(0.0, 1.0), "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        super().__init__(keep_weights(self, probs, logits, ("total_count", total_count)), validate_args=validate_args)

    mean = property(lambda self: self.total_count * ops.exp(self.logits))
    mode = property(lambda self: ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0))
    variance = property(lambda self: self.mean / ops.sigmoid(-self.logits))

    @lazy_property
    def _gamma(self):
        """The rates of which the counts are a Poisson mixture."""
        return Gamma(concentration=self.total_count, rate=ops.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape=Size()):
        """Poisson counts of gamma rates."""
        with no_grad():
            return ops.poisson(self._gamma.sample(sample_shape=sample_shape))

    @checked
    def log_prob(self, value):
        """total_count * log(1 - p) + value * log p, and the logarithm of how many ways there are."""
        shares = self.total_count * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        ways = ops.lgamma(self.total_count + value) - ops.lgamma(1.0 + value) - ops.lgamma(self.total_count)
        return shares + ways.masked_fill(self.total_count + value == 0.0, 0.0)
