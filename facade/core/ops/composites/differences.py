"""Numerical derivatives by differences of neighbours (torch.gradient)."""

from facade.core.errors import dims_of
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply
from facade.core.ops.rows.cumulative import CENTRAL
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import Tensor


@composite(at="torch")
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """The derivative along each dim, by central differences inside and one-sided ones of that order at the edges"""
    dims = dims_of(dim, input.ndim)
    steps = _steps(1 if spacing is None else spacing, dims, input, dim)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if any(input.shape[each] < edge_order + 1 for each in dims):
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(apply(CENTRAL, (ARRAY, ARRAY, each, edge_order), (input, step)) for each, step in zip(dims, steps))


def _steps(spacing, dims, input, dim):
    """One spacing for each dim: a number, or the coordinates."""
    if not isinstance(spacing, (list, tuple)):
        return [spacing] * len(dims)
    if len(spacing) != len(dims):
        if dim is None:
            raise RuntimeError("torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = "
                               f"{input.ndim}', since dim argument was not given, but got a list of length {len(spacing)}")
        raise RuntimeError("torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same "
                           f"length, but got a spacing argument of length {len(spacing)} and a dim argument of length {len(dims)}.")
    for each, step in zip(dims, spacing):
        if isinstance(step, Tensor) and step.shape != (input.shape[each],):
            raise RuntimeError("torch.gradient expected each spacing tensor to be one-dimensional, with as many elements as the dim it describes")
    return list(spacing)
