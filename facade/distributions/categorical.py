"""The categorical distribution (torch.distributions.categorical)."""

import math

from facade.autograd.grad_mode import no_grad
from facade.core import dtypes
from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import ONE_OF_TWO, Weighted

__all__ = ["Categorical"]


class Categorical(Weighted, Distribution):
    """An index of the last dim of `probs` (weights: they are divided by their sum), or of `logits` (their logarithms, up to a constant)."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _is_binary = False

    def __init__(self, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError(ONE_OF_TWO)
        name, given = ("probs", probs) if logits is None else ("logits", logits)
        if given.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        self._param = given / given.sum(-1, keepdim=True) if logits is None else given - given.logsumexp(dim=-1, keepdim=True)
        setattr(self, name, self._param)
        self._num_events = self._param.size()[-1]
        super().__init__(self._param.size()[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        """The indices."""
        return constraints.integer_interval(0, self._num_events - 1)

    mean = variance = property(lambda self: ops.full(self._extended_shape(), math.nan, dtype=self.probs.dtype))
    mode = property(lambda self: self.probs.argmax(dim=-1))

    def sample(self, sample_shape=Size()):
        """Indices: all draws of the first distribution of the batch, then of the second, ..."""
        count = Size(sample_shape).numel()
        with no_grad():
            drawn = ops.multinomial(self.probs.reshape(-1, self._num_events), count, True).T
        return drawn.reshape(self._extended_shape(sample_shape))

    @checked
    def log_prob(self, value):
        """The normalized logit at the index."""
        index, logits = ops.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self):
        """The sum of -p log p; impossible indices add nothing."""
        return -(self.logits.clamp(min=finfo(self.logits.dtype).min) * self.probs).sum(-1)

    def enumerate_support(self, expand=True):
        """All indices."""
        values = ops.arange(self._num_events, dtype=dtypes.int64).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values
