"""Categories as vectors of a single one (torch.distributions.one_hot_categorical)."""

from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.categorical import Categorical
from facade.distributions.distribution import Distribution, checked
from facade.nn import functional as F

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Distribution):
    """A categorical distribution whose draws are one-hot vectors."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._categorical = Categorical(probs, logits)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args=validate_args)

    _param = property(lambda self: self._categorical._param)
    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    param_shape = property(lambda self: self._categorical.param_shape)
    mean = property(lambda self: self._categorical.probs)
    variance = property(lambda self: self._categorical.probs * (1 - self._categorical.probs))

    def _vectors(self, indices):
        return F.one_hot(indices, num_classes=self._categorical._num_events).to(self.probs)

    mode = property(lambda self: self._vectors(self._categorical.mode))

    def sample(self, sample_shape=Size()):
        """One-hot vectors."""
        return self._vectors(self._categorical.sample(sample_shape))

    @checked
    def log_prob(self, value):
        """That of the index of the one."""
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self):
        """The categorical distribution's."""
        return self._categorical.entropy()

    def enumerate_support(self, expand=True):
        """All one-hot vectors."""
        count = self.event_shape[0]
        values = ops.eye(count, dtype=self._param.dtype).view((count,) + (1,) * len(self.batch_shape) + (count,))
        return values.expand((count,) + self.batch_shape + (count,)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, with draws through which gradients reach the probabilities as if the draws were these."""

    has_rsample = True

    def rsample(self, sample_shape=Size()):
        """A draw plus probs minus their value."""
        return self.sample(sample_shape) + (self._categorical.probs - self._categorical.probs.detach())
