"""Reductions with a choice to make in Python first: `norm` in its historical form, quantiles, which check the values of q."""

from facade.core.dtypes import float32, float64
from facade.core.ops.binding import as_ints
from facade.core.ops.composites import composite
from facade.core.ops.composites.linear_algebra import matrix_norm
from facade.core.ops.dispatch import apply
from facade.core.ops.kernels.reduction import INTERPOLATIONS
from facade.core.ops.outputs import with_out
from facade.core.ops.rows.reduction import NANQUANTILE, QUANTILE, VECTOR_NORM
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import Tensor


@composite()
@with_out
def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    """The norm of all elements or along dims; p: an order, 'fro' or 'nuc'"""
    if not isinstance(input, Tensor):
        raise TypeError(f"norm(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    dims = as_ints(dim)
    if p == "nuc" or isinstance(p, str) and p != "fro":
        return matrix_norm(input, p, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    order = 2 if p == "fro" or p is None else p
    if isinstance(order, Tensor):
        raise TypeError("linalg_vector_norm(): argument 'ord' (position 2) must be Number, not Tensor")
    return apply(VECTOR_NORM, (ARRAY, order, dims, keepdim, dtype), (input,))


def _quantile(row, input, q, dim, keepdim, interpolation):
    if input.dtype not in (float32, float64):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if input._value.spec.size == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    elif q.ndim > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    elif q.dtype is not input.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    elif not all(0 <= each <= 1 for each in q.numpy_value().reshape(-1)):
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}")
    return apply(row, (ARRAY, ARRAY, dim, keepdim, interpolation), (input, q))


@composite()
@with_out
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-quantiles along a dim or of all elements; NaN where there is a NaN"""
    return _quantile(QUANTILE, input, q, dim, keepdim, interpolation)


@composite()
@with_out
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-quantiles of what is not NaN, along a dim or of all elements"""
    return _quantile(NANQUANTILE, input, q, dim, keepdim, interpolation)


@composite(at="Tensor")
def sum_to_size(self, *size):
    """The sum over the dims along which that size would have to be expanded to this tensor's"""
    size = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    shape = self.shape
    if not size:
        return self.sum()
    lead = len(shape) - len(size)
    if lead < 0 or any(extent not in (1, have) for extent, have in zip(size, shape[lead:])):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(shape)}}}.")
    dims = [*range(lead), *(lead + place for place, extent in enumerate(size) if extent == 1 != shape[lead + place])]
    summed = self.sum(dims, keepdim=True) if dims else self
    return summed.view(size) if lead else summed
