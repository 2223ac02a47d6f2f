"""Normal distributions whose covariance is a diagonal and a few directions (torch.distributions.lowrank_multivariate_normal)."""

import math

from facade import linalg
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.multivariate_normal import batch_mahalanobis, half_log_det
from facade.distributions.utils import lazy_property, standard_normal

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """Covariance W @ W.T + diag(D): W is `cov_factor`, (..., n, rank), D is `cov_diag`, (..., n).

    Only matrices of rank x rank are factored: C = I + W.T @ D^-1 @ W gives the inverse (Woodbury) and the determinant.
    """

    arg_constraints = {"loc": constraints.real_vector, "cov_factor": constraints.independent(constraints.real, 2),
                       "cov_diag": constraints.independent(constraints.positive, 1)}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, cov_factor, cov_diag, validate_args=None):
        _check(loc, cov_factor, cov_diag)
        try:
            batch_shape = Size(ops.broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]))
        except RuntimeError as error:
            raise ValueError(f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}") from error
        self.loc, self.cov_diag = loc.expand(batch_shape + (-1,)), cov_diag.expand(batch_shape + (-1,))
        self.cov_factor = cov_factor.expand(batch_shape + (-1, -1))
        super().__init__(batch_shape, loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        identity = ops.eye(cov_factor.shape[-1], dtype=cov_factor.dtype)
        self._unbroadcasted_capacitance_tril = linalg.cholesky(self._weighted() @ cov_factor + identity)

    def _weighted(self):
        """W.T @ D^-1."""
        return self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self):
        """The diagonal of the covariance."""
        return (self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag).expand(self._batch_shape + self._event_shape)

    def _expanded(self, matrix):
        return matrix.expand(self._batch_shape + self._event_shape * 2)

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance, of which D^(1/2) is taken out first: what remains is no smaller than I."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        return self._expanded(root * linalg.cholesky(scaled @ scaled.mT + ops.eye(scaled.shape[-2], dtype=scaled.dtype)))

    @lazy_property
    def covariance_matrix(self):
        """W @ W.T + diag(D)."""
        return self._expanded(self._unbroadcasted_cov_factor @ self._unbroadcasted_cov_factor.mT + self._unbroadcasted_cov_diag.diag_embed())

    @lazy_property
    def precision_matrix(self):
        """D^-1 - D^-1 @ W @ C^-1 @ W.T @ D^-1."""
        solved = linalg.solve_triangular(self._unbroadcasted_capacitance_tril, self._weighted(), upper=False)
        return self._expanded(self._unbroadcasted_cov_diag.reciprocal().diag_embed() - solved.mT @ solved)

    def rsample(self, sample_shape=Size()):
        """loc + W @ noise + D^(1/2) * noise."""
        shape = self._extended_shape(sample_shape)
        along = standard_normal(shape[:-1] + self.cov_factor.shape[-1:], self.loc)
        each = standard_normal(shape, self.loc)
        return self.loc + (self._unbroadcasted_cov_factor @ along.unsqueeze(-1)).squeeze(-1) + self._unbroadcasted_cov_diag.sqrt() * each

    def _log_det(self):
        return 2 * half_log_det(self._unbroadcasted_capacitance_tril) + self._unbroadcasted_cov_diag.log().sum(-1)

    @checked
    def log_prob(self, value):
        """-(n log(2 pi) + log |covariance| + the squared Mahalanobis distance) / 2."""
        difference = value - self.loc
        along = (self._weighted() @ difference.unsqueeze(-1)).squeeze(-1)
        distance = (difference.pow(2) / self._unbroadcasted_cov_diag).sum(-1) - batch_mahalanobis(self._unbroadcasted_capacitance_tril, along)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + distance)

    def entropy(self):
        """(n (1 + log(2 pi)) + log |covariance|) / 2."""
        entropy = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy


def _check(loc, cov_factor, cov_diag):
    if loc.dim() < 1:
        raise ValueError("loc must be at least one-dimensional.")
    if cov_factor.dim() < 2:
        raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
    event_shape = loc.shape[-1:]
    if cov_factor.shape[-2:-1] != event_shape:
        raise ValueError(f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m")
    if cov_diag.shape[-1:] != event_shape:
        raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
