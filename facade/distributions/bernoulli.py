"""The Bernoulli distribution (torch.distributions.bernoulli)."""

import math

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.exp_family import ExponentialFamily
from facade.distributions.utils import Weighted, broadcast_all, keep_weights
from facade.nn import functional as F

__all__ = ["Bernoulli"]


class Bernoulli(Weighted, ExponentialFamily):
    """1 with probability `probs`, given itself or by its log-odds `logits`; else 0."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(self, probs=None, logits=None, validate_args=None):
        super().__init__(keep_weights(self, probs, logits), validate_args=validate_args)

    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    @property
    def mode(self):
        """The likelier value; nan where both are equally likely."""
        mode = (self.probs >= 0.5).to(self.probs)
        mode[self.probs == 0.5] = math.nan
        return mode

    def sample(self, sample_shape=Size()):
        """Draws of 0 and 1, without history."""
        with no_grad():
            return ops.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    @checked
    def log_prob(self, value):
        """Minus the binary cross-entropy."""
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self):
        """The binary cross-entropy with itself."""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand=True):
        """0 and 1."""
        values = ops.arange(2, dtype=self._param.dtype).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values

    _natural_params = property(lambda self: (ops.logit(self.probs),))

    def _log_normalizer(self, x):
        return ops.log(1 + ops.exp(x))
