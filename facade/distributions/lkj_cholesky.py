"""Cholesky factors of random correlation matrices (torch.distributions.lkj_cholesky)."""

import math

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.beta import Beta
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import broadcast_all, tiny

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """The factor of a dim x dim correlation matrix whose density is proportional to its determinant^(concentration - 1)."""

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        self.concentration, = broadcast_all(concentration)
        row = ops.arange(-1, dim - 1, dtype=self.concentration.dtype).clamp(min=0)
        self._beta = Beta(row + 0.5, (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * row)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def sample(self, sample_shape=Size()):
        """Row by row: its length left of the diagonal is a beta number's root, its direction even on the sphere."""
        with no_grad():
            square = self._beta.sample(sample_shape).unsqueeze(-1)
            normal = ops.randn(self._extended_shape(sample_shape), dtype=square.dtype).tril(-1)
            direction = normal / normal.norm(dim=-1, keepdim=True)
            direction[..., 0, :].fill_(0.0)
            left = square.sqrt() * direction
            return left + (1 - (left ** 2).sum(-1)).clamp(min=tiny(left)).sqrt().diag_embed()

    @checked
    def log_prob(self, value):
        """The sum of (2 (concentration - 1) + dim - row) * log diagonal from the second row on, normalized."""
        row = ops.arange(2, self.dim + 1)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - row
        below = self.dim - 1
        alpha = self.concentration + 0.5 * below
        normalizer = 0.5 * below * math.log(math.pi) + ops.mvlgamma(alpha - 0.5, below) - ops.lgamma(alpha) * below
        return (order * value.diagonal(dim1=-1, dim2=-2)[..., 1:].log()).sum(-1) - normalizer
