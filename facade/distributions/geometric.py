"""The geometric distribution (torch.distributions.geometric)."""

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import Weighted, broadcast_all, keep_weights, tiny
from facade.nn import functional as F

__all__ = ["Geometric"]


class Geometric(Weighted, Distribution):
    """How many trials fail before the first success, each succeeding with probability `probs` or log-odds `logits`."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs=None, logits=None, validate_args=None):
        super().__init__(keep_weights(self, probs, logits), validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(f"Expected parameter probs ({type(self.probs).__name__} of shape {tuple(self.probs.shape)}) of distribution {self!r} to be "
                             f"positive but found invalid values:\n{self.probs[self.probs <= 0]}")

    mean = property(lambda self: 1.0 / self.probs - 1.0)
    mode = property(lambda self: ops.zeros_like(self.probs))
    variance = property(lambda self: (1.0 / self.probs - 1.0) / self.probs)

    def sample(self, sample_shape=Size()):
        """log u / log(1 - probs), rounded down; u uniform."""
        with no_grad():
            u = self.probs.new_empty(self._extended_shape(sample_shape)).uniform_(tiny(self.probs), 1)
            return (u.log() / (-self.probs).log1p()).floor()

    @checked
    def log_prob(self, value):
        """value * log(1 - probs) + log probs."""
        value, probs = broadcast_all(value, self.probs)
        failure = probs.masked_fill((probs == 1) & (value == 0), 0)
        return value * (-failure).log1p() + self.probs.log()

    def entropy(self):
        """The entropy of one trial, for each of 1 / probs trials."""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs
