"""The multinomial distribution (torch.distributions.multinomial)."""

import math

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.binomial import Binomial
from facade.distributions.categorical import Categorical
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import broadcast_all

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each category comes in `total_count` draws, an int."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count, self._categorical = total_count, Categorical(probs=probs, logits=logits)
        self._binomial = Binomial(total_count=total_count, probs=self.probs)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self):
        """Counts that sum to at most total_count."""
        return constraints.multinomial(self.total_count)

    _param = property(lambda self: self._categorical._param)
    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    param_shape = property(lambda self: self._categorical.param_shape)
    mean = property(lambda self: self.probs * self.total_count)
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape=Size()):
        """Counts of categorical draws."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            drawn = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
            return ops.zeros(shape, dtype=self.probs.dtype).scatter_add_(-1, drawn, ops.ones(drawn.shape, dtype=self.probs.dtype))

    def entropy(self):
        """total_count * the categorical entropy - log total_count! + the mean of log count! over the categories' binomial counts."""
        counts = self._binomial.enumerate_support(expand=False)[1:]
        of_counts = (ops.exp(self._binomial.log_prob(counts)) * ops.lgamma(counts + 1)).sum([0, -1])
        return self.total_count * self._categorical.entropy() - ops.lgamma(ops.tensor(self.total_count + 1)) + of_counts

    @checked
    def log_prob(self, value):
        """log of the multinomial coefficient + the sum of count * logit; 0 * minus infinity counts as 0."""
        logits, value = broadcast_all(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0)
        return ops.lgamma(value.sum(-1) + 1) - ops.lgamma(value + 1).sum(-1) + (logits * value).sum(-1)
