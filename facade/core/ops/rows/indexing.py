"""Reading and writing at indices and masks. Rows that are at no namespace are called by composites, which look at the indices first."""

import jax.numpy as jnp
import numpy as np

from facade.core.dtypes import BOOL, COMPLEX
from facade.core.errors import dim_range, dims_of
from facade.core.ops.kernels import indexing as kernels
from facade.core.ops.promotion import COMMON, Kind, result_type
from facade.core.ops.supported import refuse
from facade.core.ops.table import op

# ---------------------------------------------------------------- gather and scatter
GATHER = op("gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor", kernels.gather, at="",
            doc="The elements along dim that an index with as many dimensions names")
SCATTER = [
    op("scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", kernels.scatter, at="", inplace=True,
       doc="self with the elements of src written where index points along dim"),
    op("scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor", kernels.scatter_value, at="", inplace=True,
       doc="self with one number written where index points along dim", node="ScatterBackward1"),
    op("scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor", kernels.scatter_with, at="", inplace=True,
       doc="self with the elements of src added or multiplied in where index points along dim"),
    op("scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor",
       lambda self, dim, index, value, reduce: kernels.scatter_with(self, dim, index, value, reduce, number=True), at="", inplace=True,
       doc="self with one number added or multiplied in where index points along dim"),
]
SCATTER_ADD = op("scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", kernels.scatter_add, at="", inplace=True,
                 doc="self with the elements of src added where index points along dim")
SCATTER_REDUCE = op("scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor",
                    kernels.scatter_reduce, at="", inplace=True, saves="result",
                    doc="self with the elements of src reduced in where index points along dim")

# ---------------------------------------------------------------- slices named by a vector
INDEX_SELECT = op("index_select(Tensor self, int dim, Tensor index) -> Tensor", kernels.index_select, at="",
                  doc="The slices along dim that a vector names, in its order")
INDEX_ADD = op("index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor", kernels.index_add, at="", inplace=True,
               doc="self with alpha * source added to the slices along dim that a vector names")
INDEX_COPY = op("index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor", kernels.index_copy, at="", inplace=True,
                doc="self with the slices along dim that a vector names taken from source")
INDEX_FILL = [
    op("index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor", kernels.index_fill, at="", inplace=True,
       doc="self with one value in the slices along dim that a vector names", node="IndexFillBackward1"),
    op("index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor", kernels.index_fill, at="", inplace=True,
       doc="self with one value in the slices along dim that a vector names"),
]
INDEX_REDUCE = op("index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor",
                  kernels.index_reduce, at="", inplace=True, saves="result",
                  doc="self with the slices of source reduced into those along dim that a vector names")

# ---------------------------------------------------------------- the flat tensor, and several indices at once
TAKE = op("take(Tensor self, Tensor index) -> Tensor", kernels.take, at="", doc="The elements of the flat tensor at these indices")
PUT = op("put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor", kernels.put, at="", inplace=True,
         doc="self with elements of source at these indices of the flat tensor")
INDEX_PUT = op("index_put(Tensor self, Tensor[] indices, Tensor values, bool accumulate=False) -> Tensor", kernels.index_put, at="", inplace=True,
               doc="self with values at the places that several indices name together")
EMBEDDING = op("embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
               kernels.embedding, at="", doc="The rows of a table that indices name")
EMBEDDING_BAG = op("embedding_bag(Tensor weight, Tensor indices, Tensor offsets, Tensor? per_sample_weights, str mode, bool scale_grad_by_freq, "
                   "int padding_idx, int bags) -> Tensor", kernels.embedding_bag, at="", doc="The rows of a table in each bag, reduced to one")

# ---------------------------------------------------------------- masks
op("masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor", kernels.masked_fill, inplace=True, node="MaskedFillBackward1",
   doc="self with one value where mask is true")
op("masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", kernels.masked_fill, inplace=True,
   doc="self with one value where mask is true")
MASKED_SCATTER = op("masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor", kernels.masked_scatter, at="", inplace=True,
                    doc="self with the elements of source, in order, where mask is true")
MASKED_SELECT = op("masked_select(Tensor self, Tensor mask, Tensor places) -> Tensor", at="", doc="The elements where mask is true, in a row",
                   function=lambda self, mask, places: jnp.broadcast_to(self, mask.shape).reshape(-1).at[places].get(**kernels.IN_BOUNDS))

CHOICE = Kind("CHOICE", lambda specs: result_type(specs[1:]))       # the condition has no say in the dtype


def _check_where(condition, self, other):
    if condition.dtype not in (jnp.bool_, jnp.uint8):
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {kernels.legacy(condition)}")


WHERE = op("where.self(Tensor condition, Tensor self, Tensor other) -> Tensor", lambda condition, self, other: jnp.where(condition != 0, self, other),
           CHOICE, at="", check=_check_where, doc="self where condition is true, other elsewhere")

# ---------------------------------------------------------------- what a view would show, replaced: the place is known when it is recorded


def _replacing(read):
    """A kernel (self, src, *place): self with what `read(self, *place)` shows replaced by src."""
    def run(self, src, *place):
        flat = np.arange(self.size).reshape(self.shape)
        shown = read(flat, *place)
        if shown.shape != src.shape:
            raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
                               f"{list(shown.shape)}")
        where = jnp.asarray(shown.reshape(-1))
        return kernels.overwrite((0,), self.reshape(-1), src.reshape(-1).astype(self.dtype), where).reshape(self.shape)
    return run


def _select(flat, dim, index):
    dim = dim_range(dim, flat.ndim)
    if not -flat.shape[dim] <= index < flat.shape[dim]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(flat.shape)} at dimension {dim}")
    return flat.take(index, dim)


def _slice(flat, dim, start, end, step):
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    return flat[(slice(None),) * dim_range(dim, flat.ndim) + (slice(start, end, step),)]


def _diagonal(flat, offset, dim1, dim2):
    one, two = (dim_range(dim, flat.ndim) for dim in (dim1, dim2))
    if one == two:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return np.diagonal(flat, offset, one, two)


def _fill_diagonal(self, value, wrap):
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    hit = np.zeros(self.shape, bool)
    np.fill_diagonal(hit, True, wrap)
    return jnp.where(hit, value.astype(self.dtype), self)


op("select_scatter(Tensor self, Tensor src, int dim, int index) -> Tensor", _replacing(_select), out=False,
   doc="self with one slice along dim replaced")
op("slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor", _replacing(_slice),
   doc="self with the slices from start to end along dim replaced")
op("diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor", _replacing(_diagonal),
   out=False, doc="self with a diagonal replaced")
FILL_DIAGONAL = op("fill_diagonal(Tensor self, Scalar fill_value, bool wrap=False) -> Tensor", _fill_diagonal, at="", inplace=True,
                   node="CopySlices", doc="self with one value on its diagonal")

# ---------------------------------------------------------------- the same elements in another order, or several times


def _roll(self, shifts, dims):
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        return jnp.roll(self, shifts[0])
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if self.ndim == 0:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    dims = tuple(dim_range(dim, self.ndim) for dim in dims)
    return jnp.roll(self, shifts, dims) if self.size else self


def _flip(self, dims):
    dims = dims_of(dims, self.ndim) if dims else ()
    return jnp.flip(self, dims) if self.ndim else self


def _flip_along(dim, rank):
    def run(self):
        if self.ndim < rank:
            raise RuntimeError(f"Input must be >= {rank}-d.")
        return jnp.flip(self, dim)
    return run


def _rot90(self, k, dims):
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if self.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {self.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == self.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return jnp.rot90(self, k, tuple(dim_range(dim, self.ndim) for dim in dims))


def _repeat(self, repeats):
    if len(repeats) < self.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [times * extent for times, extent in zip(repeats, (1,) * (len(repeats) - self.ndim) + self.shape)]
    for extent in shape:
        if extent < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {extent}: {shape}")
    return jnp.tile(self, repeats) if self.ndim or repeats else self


op("roll(Tensor self, int[1] shifts, int[1] dims=[]) -> Tensor", _roll, out=False,
   doc="The elements moved along dims, those that fall off coming back in front")
op("flip(Tensor self, int[] dims) -> Tensor", _flip, out=False, doc="The order along dims reversed")
op("fliplr(Tensor self) -> Tensor", _flip_along(1, 2), node="FlipBackward0", out=False, doc="The columns in reversed order")
op("flipud(Tensor self) -> Tensor", _flip_along(0, 1), node="FlipBackward0", out=False, doc="The rows in reversed order")
op("rot90(Tensor self, int k=1, int[] dims=[0,1]) -> Tensor", _rot90, out=False, doc="Turned by k quarters in the plane of two dims")
op("repeat(Tensor self, int[] repeats) -> Tensor", _repeat, at="Tensor", doc="Copies side by side, so many along each dimension")
op("tile(Tensor self, int[] dims) -> Tensor", lambda self, dims: _repeat(self, (1,) * (self.ndim - len(dims)) + dims),
   node="RepeatBackward0", out=False, doc="Copies side by side; dims that are not given count as 1")
REPEAT_EACH = op("repeat_interleave.self_int(Tensor self, int repeats, int? dim=None) -> Tensor", at="", node="ViewBackward0",
                 function=lambda self, repeats, dim: jnp.repeat(self, repeats, None if dim is None else dim_range(dim, self.ndim)),
                 doc="Each element, or slice along dim, repeats times")
ONE_HOT = op("one_hot(Tensor self, int num_classes=-1) -> Tensor", at="", differentiable=False, doc="A one in the place that each class names",
             function=lambda self, classes: (self[..., None] == jnp.arange(classes)).astype(jnp.int64))

# ---------------------------------------------------------------- membership

def _isin(elements, test_elements, assume_unique, invert):
    found = (elements[..., None] == test_elements.reshape(-1)).any(-1)
    return ~found if invert else found


def _check_isin(*arguments):
    for each in arguments[:2]:
        if hasattr(each, "shape"):
            refuse((BOOL, COMPLEX), "Unsupported input type encountered for isin(): {dtype}")(each)


for _line in ("isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor",
              "isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> Tensor",
              "isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor"):
    op(_line, _isin, COMMON, at="torch", check=_check_isin, doc="Whether each element is among the test elements", differentiable=False)
