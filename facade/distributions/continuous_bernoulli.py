"""The continuous Bernoulli distribution (torch.distributions.continuous_bernoulli)."""

import math

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.exp_family import ExponentialFamily
from facade.distributions.utils import Weighted, broadcast_all, clamp_probs, keep_weights, lazy_property, logits_to_probs, uniform
from facade.nn import functional as F

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Weighted, ExponentialFamily):
    """Density proportional to probs^x * (1 - probs)^(1 - x) on [0, 1] (https://arxiv.org/abs/1907.06845).

    All formulas divide by 2 probs - 1; between `lims` their Taylor series about 1/2 stand for them.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, probs=None, logits=None, lims=(0.499, 0.501), validate_args=None):
        shape = keep_weights(self, probs, logits)
        if probs is not None:
            if validate_args is not None and not self.arg_constraints["probs"].check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = self._param = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(shape, validate_args=validate_args)

    @lazy_property
    def probs(self):
        """The probabilities, kept inside (0, 1)."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _by_region(self, formula, series):
        """formula(p) away from 1/2, series(p - 1/2) near it."""
        far = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        safe = ops.where(far, self.probs, self._lims[0] * ops.ones_like(self.probs))
        return ops.where(far, formula(safe), series(self.probs - 0.5))

    def _log_norm(self):
        """log of 2 atanh(1 - 2p) / (1 - 2p)."""
        def formula(p):
            return ((-p).log1p() - p.log()).abs().log() - (1 - 2 * p).abs().log()
        return self._by_region(formula, lambda x: math.log(2) + (4 / 3 + 104 / 45 * x ** 2) * x ** 2)

    @property
    def mean(self):
        """p / (2p - 1) + 1 / log((1 - p) / p)."""
        return self._by_region(lambda p: p / (2 * p - 1) + 1 / ((-p).log1p() - p.log()), lambda x: 0.5 + (1 / 3 + 16 / 45 * x ** 2) * x)

    @property
    def variance(self):
        """p (p - 1) / (1 - 2p)^2 + 1 / log((1 - p) / p)^2."""
        return self._by_region(lambda p: p * (p - 1) / (1 - 2 * p) ** 2 + 1 / ((-p).log1p() - p.log()) ** 2,
                               lambda x: 1 / 12 - (1 / 15 - 128 / 945 * x ** 2) * x ** 2)

    def sample(self, sample_shape=Size()):
        """Draws, without history."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=Size()):
        """icdf of uniform numbers."""
        return self.icdf(uniform(self._extended_shape(sample_shape), self.probs))

    @checked
    def log_prob(self, value):
        """Minus the binary cross-entropy, normalized."""
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none") + self._log_norm()

    @checked
    def cdf(self, value):
        """(p^x (1 - p)^(1 - x) + p - 1) / (2p - 1)."""
        inside = self._by_region(lambda p: (p ** value * (1 - p) ** (1 - value) + p - 1) / (2 * p - 1), lambda x: value)
        return ops.where(value <= 0, ops.zeros_like(value), ops.where(value >= 1, ops.ones_like(value), inside))

    def icdf(self, value):
        """The inverse of cdf."""
        return self._by_region(lambda p: ((-p + value * (2 * p - 1)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p()), lambda x: value)

    def entropy(self):
        """The mean of -log_prob, which is linear in x."""
        failure, success = (-self.probs).log1p(), self.probs.log()
        return self.mean * (failure - success) - self._log_norm() - failure

    _natural_params = property(lambda self: (self.logits,))

    def _log_normalizer(self, x):
        """log((exp(x) - 1) / x)."""
        far = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        safe = ops.where(far, x, (self._lims[0] - 0.5) * ops.ones_like(x))
        return ops.where(far, safe.expm1().abs().log() - safe.abs().log(), 0.5 * x + x ** 2 / 24 - x ** 4 / 2880)
