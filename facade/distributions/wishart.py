"""The Wishart distribution (torch.distributions.wishart)."""

import math
from numbers import Number

from facade import linalg
from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.core.warn import warn
from facade.distributions import constraints
from facade.distributions.chi2 import Chi2
from facade.distributions.distribution import checked
from facade.distributions.exp_family import ExponentialFamily
from facade.distributions.multivariate_normal import Factored, half_log_det, the_one_given

__all__ = ["Wishart"]


def _mvdigamma(x, p):
    """The derivative of mvlgamma."""
    return ops.digamma(x.unsqueeze(-1) - ops.arange(p, dtype=x.dtype) / 2).sum(-1)


class Wishart(Factored, ExponentialFamily):
    """The sum of x @ x.T over `df` normal vectors x of mean 0; the covariance is given as for MultivariateNormal."""

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        name, matrix = the_one_given(AssertionError, covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril)
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        size = matrix.shape[-1]
        number = isinstance(df, Number)
        batch_shape = matrix.shape[:-2] if number else Size(ops.broadcast_shapes(matrix.shape[:-2], df.shape))
        self.df = ops.tensor(df, dtype=matrix.dtype) if number else df.expand(batch_shape)
        if (self.df <= size - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {size - 1}.")
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        if (self.df < size).any():
            warn("Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.")
        super().__init__(batch_shape, matrix.shape[-2:], validate_args=validate_args)
        self._factor(name, matrix)
        self._dist_chi2 = Chi2(df=self.df.unsqueeze(-1) - ops.arange(size, dtype=matrix.dtype).expand(batch_shape + (-1,)))

    @property
    def arg_constraints(self):
        """df must be above the size of the matrix less one."""
        return {"covariance_matrix": constraints.positive_definite, "precision_matrix": constraints.positive_definite,
                "scale_tril": constraints.lower_cholesky, "df": constraints.greater_than(self.event_shape[-1] - 1)}

    def _per_matrix(self, factor):
        """A number for each distribution of the batch, to multiply matrices with."""
        return factor.view(self._batch_shape + (1, 1)) if factor.numel() == self._batch_shape.numel() else factor[..., None, None]

    mean = property(lambda self: self._per_matrix(self.df) * self.covariance_matrix)

    @property
    def mode(self):
        """(df - size - 1) * the covariance, where that factor is positive."""
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        return self._per_matrix(factor.masked_fill(factor <= 0, math.nan)) * self.covariance_matrix

    @property
    def variance(self):
        """df * (covariance_ij^2 + covariance_ii * covariance_jj)."""
        covariance = self.covariance_matrix
        diagonal = covariance.diagonal(dim1=-2, dim2=-1)
        return self._per_matrix(self.df) * (covariance.pow(2) + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def _bartlett_sampling(self, sample_shape=Size()):
        """The factor times a triangle of chi (on the diagonal) and normal numbers, times its transpose."""
        size = self._event_shape[-1]
        chi = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = chi.clamp(min=finfo(chi.dtype).eps).diag_embed(dim1=-2, dim2=-1)
        row, column = ops.tril_indices(size, size, offset=-1)
        noise[..., row, column] = ops.randn((*sample_shape, *self._batch_shape, size * (size - 1) // 2), dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.transpose(-2, -1)

    def _over_batch(self, mask):
        return mask.amax([-(dim + 1) for dim in range(len(self._batch_shape))]) if self._batch_shape else mask

    def rsample(self, sample_shape=Size(), max_try_correction=None):
        """Matrices; PyTorch marks the sound ones for another try, and so the same numbers are drawn here."""
        sample = self._bartlett_sampling(Size(sample_shape))
        marked = self._over_batch(self.support.check(sample))
        if not marked.any():
            return sample
        warn("Singular sample detected.")
        for _ in range(10 if max_try_correction is None else max_try_correction):
            again = self._bartlett_sampling(marked[marked].shape)
            sample[marked] = again
            marked[marked.clone()] = self._over_batch(~self.support.check(again))
            if not marked.any():
                break
        return sample

    @checked
    def log_prob(self, value):
        """(df - size - 1) / 2 * log |value| - trace(covariance^-1 @ value) / 2, normalized."""
        df, size, factor = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        trace = ops.cholesky_solve(value, factor).diagonal(dim1=-2, dim2=-1).sum(-1)
        return (-df * (size * math.log(2) / 2 + half_log_det(factor)) - ops.mvlgamma(df / 2, p=size)
                + (df - size - 1) / 2 * linalg.slogdet(value).logabsdet - trace / 2)

    def entropy(self):
        """By mvlgamma of df / 2 and its derivative."""
        df, size = self.df, self._event_shape[-1]
        return ((size + 1) * (size * math.log(2) / 2 + half_log_det(self._unbroadcasted_scale_tril)) + ops.mvlgamma(df / 2, p=size)
                - (df - size - 1) / 2 * _mvdigamma(df / 2, p=size) + df * size / 2)

    _natural_params = property(lambda self: (-self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2))

    def _log_normalizer(self, x, y):
        size = self._event_shape[-1]
        half = y + (size + 1) / 2
        return half * (-linalg.slogdet(-2 * x).logabsdet + math.log(2) * size) + ops.mvlgamma(half, p=size)
