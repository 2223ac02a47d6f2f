"""Bernoulli distributions softened to numbers between 0 and 1 (torch.distributions.relaxed_bernoulli)."""

from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.transforms import SigmoidTransform
from facade.distributions.utils import Weighted, broadcast_all, clamp_probs, keep_weights, uniform

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(Weighted, Distribution):
    """The log-odds of a RelaxedBernoulli (https://arxiv.org/abs/1611.00712)."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self._unbroadcasted_temperature = temperature
        super().__init__(keep_weights(self, probs, logits), validate_args=validate_args)

    temperature = property(lambda self: self._unbroadcasted_temperature)

    def rsample(self, sample_shape=Size()):
        """(log-odds of a uniform number + logits) / temperature."""
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(uniform(shape, probs))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    @checked
    def log_prob(self, value):
        """log temperature + d - 2 log(1 + exp(d)); d = logits - temperature * value."""
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Numbers between 0 and 1, the nearer to the ends the lower the temperature, with gradients to the probabilities."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        super().__init__(LogitRelaxedBernoulli(temperature, probs, logits), SigmoidTransform(), validate_args=validate_args)

    temperature = property(lambda self: self.base_dist.temperature)
    logits = property(lambda self: self.base_dist.logits)
    probs = property(lambda self: self.base_dist.probs)
