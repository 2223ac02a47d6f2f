"""Running sums, products and extremes along a dim, differences and integrals."""

import jax
import jax.numpy as jnp

from facade.core import dtypes
from facade.core.dtypes import BOOL, COMPLEX, INTEGER
from facade.core.errors import broadcast_shapes, dim_range
from facade.core.ops.kernels import ordering as kernels
from facade.core.ops.kernels.reduction import wide
from facade.core.ops.promotion import FLOATING
from facade.core.ops.rows.requirements import dtype_of, reject
from facade.core.ops.table import op


# ---------------------------------------------------------------- running values
def _running(function):
    def running(self, dim, dtype):
        axis = dim_range(dim, self.ndim)
        if dtype is not None and dtype.category == BOOL:
            raise NotImplementedError(f"\"{function.__name__}_out_cpu\" not implemented for 'Bool'")
        target = dtype.numpy if dtype is not None else self.dtype if dtype_of(self).category >= dtypes.FLOAT else jnp.int64
        operand = self.astype(target)
        return function(wide(operand), axis).astype(target) if self.ndim else operand
    return running


def _extreme(name, running):
    def extreme(self, dim):
        axis = dim_range(dim, self.ndim)
        reject(self, f"{name}_cpu", (COMPLEX,))
        return kernels.cumulative_extreme(self, axis, running)
    return extreme


def _logcumsumexp(self, dim):
    axis = dim_range(dim, self.ndim)
    reject(self, "logcumsumexp_out_cpu", (BOOL, INTEGER))
    if self.ndim == 0:
        return self
    if dtype_of(self).category == COMPLEX:
        return kernels.complex_logcumsumexp(self, axis)
    return jax.lax.cumlogsumexp(wide(self), axis).astype(self.dtype)


op("cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", _running(jnp.cumsum), inplace=True,
   doc="The sum of all elements so far along a dim")
op("cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", _running(jnp.cumprod), inplace=True,
   doc="The product of all elements so far along a dim", saves="self result")
op("cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)", _extreme("cummax", jax.lax.cummax),
   saves="self indices", doc="The largest element so far along a dim, and where it stands")
op("cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)", _extreme("cummin", jax.lax.cummin),
   saves="self indices", doc="The smallest element so far along a dim, and where it stands")
op("logcumsumexp(Tensor self, int dim) -> Tensor", _logcumsumexp, saves="self result",
   doc="The logarithm of the running sum of exponentials along a dim")


# ---------------------------------------------------------------- differences
def _diff(self, n, dim, prepend, append):
    if self.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = dim_range(dim, self.ndim)
    pieces = [piece for piece in (prepend, self, append) if piece is not None]
    for piece in pieces:
        _fits_beside(self, piece, axis)
    whole = jnp.concatenate(pieces, axis) if len(pieces) > 1 else self
    for _ in range(min(n, whole.shape[axis])):
        later, earlier = jax.lax.slice_in_dim(whole, 1, None, axis=axis), jax.lax.slice_in_dim(whole, 0, -1, axis=axis)
        whole = later != earlier if whole.dtype == bool else later - earlier
    return whole


def _fits_beside(self, piece, axis):
    if piece.ndim != self.ndim:
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for each in range(self.ndim):
        if each != axis and piece.shape[each] != self.shape[each]:
            raise RuntimeError("diff expects the shape of tensor to prepend or append to match that of input except along the differencing dimension;"
                               f" input.size({each}) = {self.shape[each]}, but got tensor.size({each}) = {piece.shape[each]}")


op("diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor", _diff, node="SubBackward0",
   doc="The n-th difference of neighbours along a dim")


def _central(self, spacing, dim, edge_order):
    """Derivatives along `dim`; spacing: one step, or the coordinates, between which differences are weighted by their distances."""
    values = jnp.moveaxis(self, dim, -1)
    steps = jnp.diff(spacing) if spacing.ndim else jnp.broadcast_to(spacing, (values.shape[-1] - 1,))
    slopes = (values[..., 1:] - values[..., :-1]) / steps
    share = steps[:-1] / (steps[1:] + steps[:-1])
    inside = slopes[..., :-1] + (slopes[..., 1:] - slopes[..., :-1]) * share
    first, last = slopes[..., :1], slopes[..., -1:]
    if edge_order == 2:
        first = first + (first - slopes[..., 1:2]) * share[:1]
        last = last + (last - slopes[..., -2:-1]) * (1 - share[-1:])
    return jnp.moveaxis(jnp.concatenate([first, inside, last], -1), -1, dim)


CENTRAL = op("gradient(Tensor self, Tensor spacing, int dim, int edge_order) -> Tensor", _central, FLOATING, at="",
             node="CatBackward0", doc="The derivative along a dim by differences of neighbours")


# ---------------------------------------------------------------- integrals by the trapezoid rule
def _strips(y, step, dim):
    """The areas between neighbours along `dim`, which comes last."""
    y = jnp.moveaxis(y, dim, -1)
    return (y[..., 1:] + y[..., :-1]) * step / 2 if y.shape[-1] else y


def _strips_of_points(name, y, x, dim):
    dim = dim_range(dim, y.ndim)
    if x.ndim == 0:
        raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
    if x.ndim == 1:
        if x.shape[0] != y.shape[dim]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        return _strips(y, jnp.diff(x), dim)
    x = x.reshape((1,) * (y.ndim - x.ndim) + x.shape)
    steps = jnp.diff(jnp.moveaxis(x, dim, -1))
    broadcast_shapes((*y.shape[:dim], *y.shape[dim + 1:], max(y.shape[dim] - 1, 0)), steps.shape)
    return _strips(y, steps, dim)


def _whole(y, strips, dim):
    return jnp.sum(strips, -1, dtype=strips.dtype)


def _so_far(y, strips, dim):
    return jnp.moveaxis(jnp.cumsum(strips, -1, dtype=strips.dtype), -1, dim_range(dim, y.ndim))


def _check_integral(name, y, others, dim):
    """Neither bools nor a single number can be integrated."""
    if any(dtype_of(each).category == BOOL for each in (y, *others)):
        raise RuntimeError(f"{name}: received a bool input for `{'x` or `y' if others else 'y'}`, but bool is not supported")
    if not y.shape:
        if name == "cumulative_trapezoid" and not any(each.shape for each in others):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        raise IndexError(f"Dimension specified as {0 if others else dim} but tensor has no dimensions")


def _integral(name, finish):
    """The functions by points and by a constant step."""
    def by_points(y, x, dim):
        return finish(y, _strips_of_points(name, y, x, dim), dim)

    def by_step(y, dx, dim):
        return finish(y, _strips(y, jnp.asarray(dx).astype(y.dtype), dim_range(dim, y.ndim)), dim)
    return ((by_points, lambda y, x, dim: _check_integral(name, y, (x,), dim)),
            (by_step, lambda y, dx, dim: _check_integral(name, y, (), dim)))


for _name, _finish, _nodes, _shown in (("trapezoid", _whole, ("DivBackward1", "MulBackward1"), "The integral"),
                                       ("trapz", _whole, ("DivBackward1", "MulBackward1"), "The integral"),
                                       ("cumulative_trapezoid", _so_far, ("DivBackward1", "CumsumBackward0"), "The running integral")):
    (_points, _check_points), (_step, _check_step) = _integral(_name.replace("trapz", "trapezoid"), _finish)
    op(f"{_name}.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor", _points, FLOATING, at="torch", node=_nodes[0], numbers=False,
       check=_check_points, saves="", doc=f"{_shown} of y over the points x along a dim, by the trapezoid rule")
    _dx = "float dx=1." if _name == "trapz" else "Scalar dx=1"
    op(f"{_name}.dx(Tensor y, *, {_dx}, int dim=-1) -> Tensor", _step, FLOATING, at="torch", node=_nodes[1],
       check=_check_step, doc=f"{_shown} of y at steps of dx along a dim, by the trapezoid rule")
