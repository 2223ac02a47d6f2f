"""The multivariate normal distribution (torch.distributions.multivariate_normal)."""

import math

from facade import linalg
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import lazy_property, standard_normal

__all__ = ["MultivariateNormal"]

ONE_OF_THREE = "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."


def batch_mahalanobis(factor, vector):
    """The squared length of factor^-1 @ vector; the batch dims of both broadcast."""
    return linalg.solve_triangular(factor, vector.unsqueeze(-1), upper=False).pow(2).sum((-2, -1))


def half_log_det(factor):
    """The sum of the logarithms of a triangular matrix's diagonal."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def precision_to_scale_tril(precision):
    """The Cholesky factor of the inverse: the factor of the precision turned upside down, turned back and inverted."""
    turned = linalg.cholesky(precision.flip((-2, -1))).flip((-2, -1)).transpose(-2, -1)
    return linalg.solve_triangular(turned, ops.eye(precision.shape[-1], dtype=precision.dtype), upper=False)


class Factored:
    """A distribution with a covariance, by whichever matrix it was given: its `_unbroadcasted_scale_tril` is the Cholesky factor."""

    def _matrix_shape(self):
        return self._batch_shape + self._event_shape[-1:] * 2

    @lazy_property
    def scale_tril(self):
        """The lower Cholesky factor of the covariance."""
        return self._unbroadcasted_scale_tril.expand(self._matrix_shape())

    @lazy_property
    def covariance_matrix(self):
        """The factor times its transpose."""
        factor = self._unbroadcasted_scale_tril
        return (factor @ factor.mT).expand(self._matrix_shape())

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance."""
        factor = self._unbroadcasted_scale_tril
        return ops.cholesky_inverse(factor).expand(self._matrix_shape())

    def _factor(self, name, matrix):
        """Keep the Cholesky factor that belongs to the matrix given under this name."""
        made = {"scale_tril": lambda: matrix, "covariance_matrix": lambda: linalg.cholesky(matrix),
                "precision_matrix": lambda: precision_to_scale_tril(matrix)}
        self._unbroadcasted_scale_tril = made[name]()


def the_one_given(error, **matrices):
    """The (name, matrix) that is not None; `error` where there is none or several."""
    given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
    if len(given) != 1:
        raise error(ONE_OF_THREE)
    return given[0]


class MultivariateNormal(Factored, Distribution):
    """Mean `loc`, and one of the covariance matrix, its inverse, or its lower Cholesky factor (the cheapest)."""

    arg_constraints = {"loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
                       "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = the_one_given(ValueError, covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril)
        if matrix.dim() < 2:
            raise ValueError(f"{name}{' matrix' * (name == 'scale_tril')} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = Size(ops.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.loc = loc.expand(batch_shape + (-1,))
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._factor(name, matrix)

    mean = mode = property(lambda self: self.loc)
    variance = property(lambda self: self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape))

    def rsample(self, sample_shape=Size()):
        """loc + the factor times standard normal numbers."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._unbroadcasted_scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    @checked
    def log_prob(self, value):
        """-(n log(2 pi) + the squared Mahalanobis distance) / 2 - log |factor|."""
        distance = batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det(self._unbroadcasted_scale_tril)

    def entropy(self):
        """n (1 + log(2 pi)) / 2 + log |factor|."""
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det(self._unbroadcasted_scale_tril)
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy
