"""Parametrizations that are often wanted (torch.nn.utils.parametrizations)."""

from enum import Enum, auto

from facade.autograd.grad_mode import no_grad
from facade.core.numeric_limits import finfo
from facade.core.ops import expose
from facade.core.ops.functions import ops
from facade.core.tensor.tensor import Tensor
from facade.nn import functional as F
from facade.nn.modules.conv import _ConvTransposeNd
from facade.nn.modules.module import Module
from facade.nn.utils import parametrize

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

_linalg = expose.namespace("linalg")


# ---------------------------------------------------------------- orthogonal
def _is_orthogonal(matrix):
    rows, columns = matrix.shape[-2:]
    unit = ops.eye(columns, dtype=matrix.dtype, device=matrix.device)
    return ops.allclose(matrix.mH @ matrix, unit, atol=10.0 * rows * finfo(matrix.dtype).eps)


def _make_orthogonal(matrix):
    """The orthogonal factor of a tall matrix whose triangle has a positive diagonal."""
    reflections, factors = ops.geqrf(matrix)
    signs = reflections.diagonal(dim1=-2, dim2=-1).sgn()
    return _linalg["householder_product"](reflections, factors) * signs.unsqueeze(-2)


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


class _Orthogonal(Module):
    """Any tensor as an orthogonal matrix, or as one with orthonormal columns, or rows where it is wide.

    use_trivialization: times an orthogonal matrix `base`, so that any value can be assigned.
    """

    def __init__(self, weight, orthogonal_map, *, use_trivialization=True):
        super().__init__()
        if weight.is_complex() and orthogonal_map == _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X):
        """X: (..., rows, columns)."""
        wide = X.size(-2) < X.size(-1)
        X = X.mT if wide else X
        made = self._reflected(X) if self.orthogonal_map == _OrthMaps.householder else self._rotated(X)
        if hasattr(self, "base"):
            made = self.base @ made
        return made.mT if wide else made

    def _reflected(self, X):
        """The product of the reflections at the columns below the diagonal, with signs from the diagonal."""
        below = X.tril(diagonal=-1)
        factors = 2.0 / (1.0 + (below * below).sum(dim=-2))
        return _linalg["householder_product"](below, factors) * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    def _rotated(self, X):
        """What a skew-symmetric matrix, of the elements below the diagonal, is mapped to."""
        rows, columns = X.shape[-2:]
        X = X.tril()
        if rows != columns:
            X = ops.cat([X, X.new_zeros(rows, rows - columns).expand(*X.shape[:-2], -1, -1)], dim=-1)
        skew = X - X.mH
        if self.orthogonal_map == _OrthMaps.matrix_exp:
            made = ops.matrix_exp(skew)
        else:
            unit = ops.eye(rows, dtype=skew.dtype, device=skew.device)
            made = _linalg["solve"](ops.add(unit, skew, alpha=-0.5), ops.add(unit, skew, alpha=0.5))
        return made[..., :columns] if rows != columns else made

    @no_grad()
    def right_inverse(self, Q):
        """What to hold for a value, which need not be quite orthogonal where there is a base."""
        if Q.shape != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}.")
        wide = Q.size(-2) < Q.size(-1)
        tall = Q.mT if wide else Q
        if not hasattr(self, "base"):
            if self.orthogonal_map != _OrthMaps.householder:
                raise NotImplementedError("It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                                          "use_trivialization=False.")
            return self._reflections_of(tall).mT if wide else self._reflections_of(tall)
        self.base = self._completed(tall)
        held = ops.zeros_like(Q)
        held.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return held

    def _reflections_of(self, Q):
        held, factors = ops.geqrf(Q)
        held.diagonal(dim1=-2, dim2=-1).sign_()
        held.diagonal(dim1=-2, dim2=-1)[factors == 0.0] *= -1
        return held

    def _completed(self, Q):
        """A square orthogonal matrix that begins with these columns."""
        rows, columns = Q.shape[-2:]
        if rows == columns:
            return Q.clone() if _is_orthogonal(Q) else _make_orthogonal(Q)
        drawn = ops.randn(*Q.shape[:-2], rows, rows - columns, dtype=Q.dtype, device=Q.device)
        return _make_orthogonal(ops.cat([Q, drawn], dim=-1))


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """Keep a module's tensor orthogonal: (rows, columns) or a batch of such; return the module (Lezcano-Casado, 2019).

    orthogonal_map: 'matrix_exp', the one for square matrices, 'cayley' or 'householder'.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.size(-2) == weight.size(-1) or weight.is_complex() else "householder"
    chosen = getattr(_OrthMaps, orthogonal_map, None)
    if chosen is None:
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    made = _Orthogonal(weight, chosen, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, made, unsafe=True)


def _tensor_of(module, name):
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


# ---------------------------------------------------------------- a direction and a size
class _WeightNorm(Module):
    """A tensor from its size along `dim` and its direction."""

    def __init__(self, dim=0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        """weight_g: 1 in all dimensions but `dim`; weight_v: of any shape."""
        return ops._weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight):
        """(size, direction) of a tensor."""
        return ops.norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module, name="weight", dim=0):
    """Hold a module's tensor as a size, for each index of `dim`, and a direction; return the module (Salimans and Kingma, 2016)."""
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict, prefix, *_):
        """Load what the older weight_norm saved."""
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for place, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{place}"] = state_dict.pop(key)
    module._register_load_state_dict_pre_hook(rename)
    return module


# ---------------------------------------------------------------- the largest singular value
class _SpectralNorm(Module):
    """A tensor over its largest singular value, which the power method follows: an estimate of its two vectors is kept."""

    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        rank = weight.ndim
        if not -rank <= dim < rank:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{rank}, {rank - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim, self.eps = dim % rank, eps
        if rank > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            drawn = [matrix.new_empty(size).normal_(0, 1) for size in matrix.shape]
            for name, each in zip(("_u", "_v"), drawn):
                self.register_buffer(name, F.normalize(each, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight):
        if self.dim != 0:
            weight = weight.permute(self.dim, *(dim for dim in range(weight.dim()) if dim != self.dim))
        return weight.flatten(1)

    @no_grad()
    def _power_method(self, matrix, count):
        for _ in range(count):
            self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(matrix.H.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight):
        """weight: of any shape."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        return weight / ops.vdot(self._u.clone(), matrix.mv(self._v.clone()))

    def right_inverse(self, value):
        """The value itself: it need not have the norm 1."""
        return value


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divide a module's tensor by its largest singular value; return the module (Miyato et al., 2018).

    n_power_iterations: for each reading in training; dim: of the outputs, the first if not given, the second of a transposed convolution.
    """
    weight = _tensor_of(module, name)
    dim = int(isinstance(module, _ConvTransposeNd)) if dim is None else dim
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
