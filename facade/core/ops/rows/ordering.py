"""Sorting, selection and search."""

import jax.numpy as jnp

from facade.core.dtypes import BOOL, COMPLEX
from facade.core.errors import dim_range
from facade.core.ops.kernels import ordering as kernels
from facade.core.ops.promotion import COMMON
from facade.core.ops.rows.requirements import dtype_of, need_some, reject
from facade.core.ops.table import op


# ---------------------------------------------------------------- sorting
def _sortable(self):
    if dtype_of(self).category == COMPLEX:
        raise RuntimeError(" Sort does not support complex dtypes on CPU")


def _sort(self, dim, descending):
    _sortable(self)
    return kernels.sort(self, dim_range(dim, self.ndim), descending)


def _argsort(self, dim, descending):
    return _sort(self, dim, descending)[1]


op("sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)", _sort,
   saves="indices", doc="The elements in order along a dim, and where they were")
op("sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
   lambda self, stable, dim, descending: _sort(self, dim, descending), node="SortBackward1",
   saves="indices", doc="The elements in order along a dim, equal ones as they stood")
op("argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor", _argsort, differentiable=False, doc="The indices that sort along a dim")
op("argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor",
   lambda self, stable, dim, descending: _argsort(self, dim, descending), differentiable=False,
   doc="The indices that sort along a dim, equal elements as they stood")
op("msort(Tensor self) -> Tensor", lambda self: _sort(self, 0, False)[0], node="SortBackward0", saves="",
   doc="The elements in order along the first dim")


# ---------------------------------------------------------------- selection
def _topk(self, k, dim, largest, sorted):
    axis = dim_range(dim, self.ndim)
    if not 0 <= k <= (self.shape[axis] if self.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if dtype_of(self).category in (BOOL, COMPLEX):
        raise RuntimeError("topk does not support bool dtypes on CPU" if dtype_of(self).category == BOOL
                           else " topk does not support complex dtypes on CPU")
    return kernels.topk(self, k, axis, largest)


def _kthvalue(self, k, dim, keepdim):
    axis = dim_range(dim, self.ndim)
    need_some(self, (axis,), "kthvalue()", None)
    if not 1 <= k <= (self.shape[axis] if self.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    reject(self, "kthvalue_cpu", (BOOL, COMPLEX))
    if self.ndim == 0:
        return self, jnp.zeros((), jnp.int64)
    values, indices = kernels.kthvalue(self, k, axis)
    return (values, indices) if keepdim else (jnp.squeeze(values, axis), jnp.squeeze(indices, axis))


op("topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)", _topk,
   saves="indices", doc="The k largest or smallest elements along a dim, in order, and where they stand")
op("kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)", _kthvalue,
   saves="indices", doc="The k-th smallest element along a dim, and where it stands")


# ---------------------------------------------------------------- search
def _found(index, out_int32):
    return index.astype(jnp.int32 if out_int32 else jnp.int64)


def _check_order(values, boundaries):
    """Raise where their common dtype has none."""
    reject(max(values, boundaries, key=lambda each: dtype_of(each).category), "searchsorted_out_cpu", (BOOL, COMPLEX))


def _bucketize(self, boundaries, out_int32, right):
    _check_order(self, boundaries)
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return _found(kernels.searchsorted(boundaries, self, right), out_int32)


def _searchsorted(sorted_sequence, self, out_int32, right, side, sorter):
    _check_search(sorted_sequence, self, right, side, sorter)
    _check_order(self, sorted_sequence)
    rows = sorted_sequence if sorter is None else jnp.take_along_axis(sorted_sequence, sorter, -1)
    return _found(kernels.searchsorted(rows, self, right or side == "right"), out_int32)


def _check_search(rows, values, right, side, sorter):
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError("torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True")
    if sorter is not None and sorter.shape != rows.shape:
        raise RuntimeError("torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
                           f"{list(rows.shape)}and got sorter tensor {list(sorter.shape)}")
    if sorter is not None and sorter.dtype != jnp.int64:
        raise RuntimeError(f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {dtype_of(sorter).legacy}")
    if values.ndim == 0 and rows.ndim != 1:
        raise RuntimeError("torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
                           f"tensor dim({rows.ndim}) and input value's dim(0) numel(1)")
    if rows.ndim != 1 and rows.shape[:-1] != values.shape[:-1]:
        raise RuntimeError("torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input "
                           f"value tensor must match, but we got boundaries tensor {list(rows.shape)} and input value tensor {list(values.shape)}")


op("bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor", _bucketize, COMMON, at="torch",
   differentiable=False, doc="The bucket between the boundaries in which each element lies")
op("bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor", _bucketize, COMMON, at="torch",
   differentiable=False, doc="The bucket between the boundaries in which the number lies")
op("searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
   _searchsorted, at="torch", differentiable=False, doc="Where each element would be inserted into the sorted rows")
op("searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
   _searchsorted, at="torch", differentiable=False, doc="Where the number would be inserted into the sorted sequence")
