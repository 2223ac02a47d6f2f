"""The Dirichlet distribution (torch.distributions.dirichlet)."""

from facade.autograd.function import Function
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import checked
from facade.distributions.exp_family import ExponentialFamily
from facade.nn import functional as F

__all__ = ["Dirichlet"]


class _Dirichlet(Function):
    """Shares drawn from concentrations, with the derivative of the shares by them."""

    @staticmethod
    def forward(ctx, concentration):
        shares = ops._sample_dirichlet(concentration)
        ctx.save_for_backward(shares, concentration)
        return shares

    @staticmethod
    def backward(ctx, grad_output):
        """Each share moves by its beta distribution; the others make room in proportion."""
        shares, concentration = ctx.saved_tensors
        total = concentration.sum(-1, True).expand_as(concentration)
        return ops._dirichlet_grad(shares, concentration, total) * (grad_output - (shares * grad_output).sum(-1, True))


class Dirichlet(ExponentialFamily):
    """Shares of a whole: density proportional to the product of share^(concentration - 1) over the last dim."""

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    mean = property(lambda self: self.concentration / self.concentration.sum(-1, True))

    @property
    def mode(self):
        """concentration - 1 in proportion; the largest share takes all where every concentration is below 1."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        flat = (self.concentration < 1).all(dim=-1)
        mode[flat] = F.one_hot(mode[flat].argmax(dim=-1), above.shape[-1]).to(mode)
        return mode

    @property
    def variance(self):
        """mean * (1 - mean) / (total + 1)."""
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape=Size()):
        """Shares; their derivative is that of each share's own beta distribution."""
        return _Dirichlet.apply(self.concentration.expand(self._extended_shape(sample_shape)))

    @checked
    def log_prob(self, value):
        """The sum of (concentration - 1) * log share, normalized."""
        return ops.xlogy(self.concentration - 1.0, value).sum(-1) + self.concentration.sum(-1).lgamma() - self.concentration.lgamma().sum(-1)

    def entropy(self):
        """By lgamma and digamma of the concentrations and of their total."""
        count, total = self.concentration.size(-1), self.concentration.sum(-1)
        return (self.concentration.lgamma().sum(-1) - total.lgamma() - (count - total) * total.digamma()
                - ((self.concentration - 1.0) * self.concentration.digamma()).sum(-1))

    _natural_params = property(lambda self: (self.concentration,))

    def _log_normalizer(self, x):
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
