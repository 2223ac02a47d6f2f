"""Reading and writing at indices, on arrays.

Indices have been checked before (see index_checks.py), so no kernel clamps or fills: `promise_in_bounds`. Where several
indices name one place, torch differentiates a write as if each had been the last; `overwrite` does the same.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from facade.core.errors import broadcast_shapes, dim_range

IN_BOUNDS = {"mode": "promise_in_bounds", "wrap_negative_indices": False}


def wrapped(index, size):
    """An index of which negative values count from the end, as one of int64 that has none."""
    index = index.astype(jnp.int64)
    return jnp.where(index < 0, index + size, index)


def positions(index, dim):
    """Where an index with as many dimensions as its tensor points: one array of coordinates for each dimension."""
    return tuple(index if at == dim else lax.broadcasted_iota(index.dtype, index.shape, at) for at in range(index.ndim))


def _where(pattern, arrays):
    return tuple(slice(None) if place is None else arrays[place] for place in pattern)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def overwrite(pattern, self, source, *arrays):
    """`self` with `source` at the places of `arrays`; pattern: for each dimension the number of its array, or None for all of it."""
    return self.at[_where(pattern, arrays)].set(source, **IN_BOUNDS)


@overwrite.defjvp
def _overwrite_jvp(pattern, primals, tangents):
    self, source, *arrays = primals
    where = _where(pattern, arrays)
    hit = jnp.zeros(self.shape, bool).at[where].set(True, **IN_BOUNDS)
    kept = jnp.where(hit, jnp.zeros_like(self), tangents[0])
    return overwrite(pattern, self, source, *arrays), kept.at[where].add(tangents[1], **IN_BOUNDS)


@jax.custom_jvp
def scale_gradient(array, factor):
    """`array`; its gradient is multiplied by `factor`."""
    return array


@scale_gradient.defjvp
def _scale_gradient_jvp(primals, tangents):
    return primals[0], tangents[0] * primals[1]


# ---------------------------------------------------------------- one index for each element: gather and scatter
def _need_index(name, index):
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")


def _fits(index, other, dim):
    return all(extent <= limit or at == dim for at, (extent, limit) in enumerate(zip(index.shape, other.shape)))


def gather(self, dim, index, sparse_grad=False):
    """out[i][j] = self[index[i][j]][j] for dim 0, and so on; index: as many dimensions as self."""
    dim = dim_range(dim, self.ndim)
    _need_index("gather", index)
    if index.size == 0:
        return jnp.zeros(index.shape, self.dtype)
    if max(self.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    if self.ndim == 0 or index.ndim == 0:
        return self.reshape(-1).at[index.reshape(-1)].get(**IN_BOUNDS).reshape(index.shape)
    if not _fits(index, self, dim):
        raise RuntimeError(f"Size does not match at dimension {_misfit(index, self, dim)} expected index {list(index.shape)} to be no larger than "
                           f"self {list(self.shape)} apart from dimension {dim}")
    cut = self[tuple(slice(None) if at == dim else slice(extent) for at, extent in enumerate(index.shape))]
    return jnp.take_along_axis(cut, index, dim, mode="promise_in_bounds")


def _misfit(index, other, dim):
    return next(at for at, (extent, limit) in enumerate(zip(index.shape, other.shape)) if at != dim and extent > limit)


def _check_scatter(self, dim, index, src):
    if index.size:
        _need_index("scatter", index)
    if src is not None and src.dtype != self.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if index.size == 0:
        return
    _need_as_many(index, self, "self")
    small = _fits(index, self, dim)
    if src is not None:
        small = small and all(extent <= (src.shape or (1,))[dim_range(at, src.ndim)] for at, extent in enumerate(index.shape))
        _need_as_many(index, src, "src")
    if not small and self.ndim:
        tail = f" and to be no larger size than src {list(src.shape)}" if src is not None else ""
        raise RuntimeError(f"Expected index {list(index.shape)} to be no larger than self {list(self.shape)} apart from dimension {dim}{tail}")


def _need_as_many(index, other, title):
    if max(index.ndim, 1) != max(other.ndim, 1):
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {title} tensor")


def _scattering(name, combine):
    """A kernel (self, dim, index, src): `combine(self, places, values, index)` on what the index covers of src."""
    def run(self, dim, index, src, number=False):
        dim = dim_range(dim, self.ndim)
        _check_scatter(self, dim, index, None if number else src)
        if index.size == 0:
            return self
        flat = self.reshape(1) if self.ndim == 0 else self
        index = index.reshape(1) if index.ndim == 0 else index
        if number:
            values = jnp.broadcast_to(src.astype(self.dtype), index.shape)
        else:
            values = src.reshape(index.shape) if src.ndim == 0 else src[tuple(map(slice, index.shape))]
        return combine(flat, positions(index, dim), values).reshape(self.shape)
    return run


def _set(self, where, values):
    return overwrite(tuple(range(len(where))), self, values, *where)


def _add(self, where, values):
    if self.dtype == jnp.bool_:
        return self.at[where].max(values, **IN_BOUNDS)
    return self.at[where].add(values, **IN_BOUNDS)


scatter = _scattering("scatter", _set)
scatter_add = _scattering("scatter_add", _add)


def scatter_value(self, dim, index, value):
    """scatter with one number for every place."""
    return scatter(self, dim, index, value, number=True)


def scatter_with(self, dim, index, src, reduce, number=False):
    """scatter that adds or multiplies."""
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    combine = _add if reduce == "add" else _multiply
    return _scattering("scatter", combine)(self, dim, index, src, number)


def _multiply(self, where, values):
    if self.dtype == jnp.bool_:
        return self.at[where].min(values, **IN_BOUNDS)
    return product(self, values, *where)


# ---------------------------------------------------------------- reductions into places
REDUCTIONS = "sum", "prod", "mean", "amax", "amin"


@jax.custom_jvp
def product(self, values, *where):
    """`self` multiplied by each of `values` at its place."""
    return self.at[where].multiply(values, **IN_BOUNDS)


@product.defjvp
def _product_jvp(primals, tangents):
    self, values, *where = primals
    where = tuple(where)
    zeros = (self == 0).astype(jnp.int32).at[where].add((values == 0).astype(jnp.int32), **IN_BOUNDS)
    rest = product(_no_zero(self), _no_zero(values), *where)     # of the factors that are not 0

    def others(factor, zeros, rest):
        return jnp.where(factor == 0, jnp.where(zeros == 1, rest, 0), jnp.where(zeros == 0, rest / _no_zero(factor), 0)).astype(factor.dtype)
    moved = tangents[0] * others(self, zeros, rest)
    return product(self, values, *where), moved.at[where].add(
        tangents[1] * others(values, zeros.at[where].get(**IN_BOUNDS), rest.at[where].get(**IN_BOUNDS)), **IN_BOUNDS)


def _no_zero(factor):
    return jnp.where(factor == 0, jnp.ones_like(factor), factor)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def extreme(name, self, values, *where):
    """The greatest (name 'max') or least ('min') of `self` and the values at each place; ties share the gradient evenly."""
    return getattr(self.at[where], name)(values, **IN_BOUNDS)


@extreme.defjvp
def _extreme_jvp(name, primals, tangents):
    self, values, *where = primals
    where = tuple(where)
    result = extreme(name, self, values, *where)
    own = (self == result).astype(self.dtype)
    given = (values == result.at[where].get(**IN_BOUNDS)).astype(self.dtype)
    count = own.at[where].add(given, **IN_BOUNDS)
    total = (tangents[0] * own).at[where].add(tangents[1] * given, **IN_BOUNDS)
    return result, total / jnp.maximum(count, 1)


def _lowest(dtype):
    return -jnp.inf if jnp.issubdtype(dtype, jnp.inexact) else False if dtype == jnp.bool_ else jnp.iinfo(dtype).min


def _highest(dtype):
    return jnp.inf if jnp.issubdtype(dtype, jnp.inexact) else True if dtype == jnp.bool_ else jnp.iinfo(dtype).max


def reduce_into(self, where, values, reduce, include_self):
    """Reduce `values` into the places of `self`; without include_self a place forgets what it held."""
    if not include_self:
        start = {"sum": 0, "prod": 1, "mean": 0, "amax": _lowest(self.dtype), "amin": _highest(self.dtype)}[reduce]
        hit = jnp.zeros(self.shape, bool).at[where].set(True, **IN_BOUNDS)
        self = jnp.where(hit, jnp.asarray(start, self.dtype), self)
    if reduce == "prod":
        return _multiply(self, where, values)
    if reduce in ("amax", "amin"):
        return extreme(reduce[1:], self, values, *where)
    total = _add(self, where, values)
    if reduce == "sum":
        return total
    count = jnp.full(self.shape, int(include_self), jnp.int64).at[where].add(1, **IN_BOUNDS)
    count = jnp.maximum(count, 1) if not include_self else count
    return total / count.astype(total.dtype) if jnp.issubdtype(total.dtype, jnp.inexact) else (total // count.astype(total.dtype)).astype(self.dtype)


def scatter_reduce(self, dim, index, src, reduce, include_self):
    """scatter_add with another reduction; reduce: one of REDUCTIONS."""
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    return _scattering("scatter", lambda flat, where, values: reduce_into(flat, where, values, reduce, include_self))(self, dim, index, src)


# ---------------------------------------------------------------- one index for each slice: the index_ family
def _check_vector(name, index):
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector")


def index_select(self, dim, index):
    """The slices of self along dim that a vector names, in its order."""
    dim = dim_range(dim, self.ndim)
    _check_vector("index_select", index)
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if self.ndim == 0:
        if index.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)")
        return self
    return self.at[(slice(None),) * dim + (index.reshape(-1),)].get(**IN_BOUNDS)


def _slices(self, dim, index):
    """(self of one dimension at least, pattern, index as a vector) to write slices along dim."""
    dim = dim_range(dim, self.ndim)
    return self.reshape(1) if self.ndim == 0 else self, (None,) * dim + (0,), index.reshape(-1)


def _check_slices(name, self, dim, index, source):
    dim = dim_range(dim, self.ndim)
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim} with type: {legacy(index)} and size: "
                         f"{list(index.shape)}")
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index but got: {legacy(index)}")
    if self.dtype != source.dtype:
        raise RuntimeError(f"{name}(): self ({legacy(self)}) and source ({legacy(source)}) must have the same scalar type")
    count = source.shape[dim] if source.ndim else 1
    if index.size != count:
        raise RuntimeError(f"{name}(): Number of indices ({index.size}) should be equal to source.size(dim): ({count}), for dim: {dim}")
    if source.ndim and self.ndim and source.shape[:dim] + source.shape[dim + 1:] != self.shape[:dim] + self.shape[dim + 1:]:
        raise RuntimeError("source tensor shape must match self tensor shape, excluding the specified dimension. "
                           f"Got self.shape = {list(self.shape)} source.shape = {list(source.shape)}")


LEGACY = {"float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int", "int16": "Short",
          "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble"}


def legacy(array):
    """The name that torch's messages use for an array's dtype, such as Long."""
    return LEGACY[str(array.dtype)]


def index_add(self, dim, index, source, alpha):
    """self with alpha * source added to the slices along dim that a vector names."""
    _check_slices("index_add_", self, dim, index, source)
    whole, pattern, index = _slices(self, dim, index)
    if not isinstance(alpha, int):          # the default comes as a Python number
        source = source * alpha.astype(source.dtype)
    return _add(whole, _where(pattern, [index]), source.reshape(_like(source, whole, index))).reshape(self.shape)


def _like(source, whole, index):
    return source.shape if source.ndim == whole.ndim else (index.size,) + whole.shape[1:]


def index_copy(self, dim, index, source):
    """self with the slices of source along dim at the places that a vector names."""
    dim = dim_range(dim, self.ndim)
    if index.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index.ndim})")
    if self.dtype != source.dtype:
        raise RuntimeError(f"index_copy_(): self and source expected to have the same dtype, but got (self) {legacy(self)} and (source) "
                           f"{legacy(source)}")
    if index.dtype != jnp.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {legacy(index)}")
    if source.ndim == 0 and index.size != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {index.size})")
    if source.ndim != self.ndim and source.ndim and self.ndim:
        raise IndexError("index_copy_(): When source and destination are not scalars, their dimensionality must match. "
                         f"Source dimensionality ({source.ndim}), destination dimensionality ({self.ndim})")
    _check_copied(self, dim, index, source)
    whole, pattern, index = _slices(self, dim, index)
    return overwrite(pattern, whole, source.reshape(_like(source, whole, index)), index).reshape(self.shape)


def _check_copied(self, dim, index, source):
    count = source.shape[dim] if source.ndim else 1
    mine, theirs = (each.shape[:dim] + each.shape[dim + 1:] for each in (self, source))
    if source.ndim and mine != theirs:
        raise RuntimeError("index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
                           f"{' '.join(map(str, mine))} at dimension {dim} and source slice shape: "
                           f"{' '.join(map(str, theirs))} at dimension {dim if theirs else 0}.")
    if index.size != count:
        raise IndexError(f"index_copy_(): Number of indices ({index.size}) should be equal to source.size(dim) ({count})")


def index_fill(self, dim, index, value):
    """self with one value in the slices along dim that a vector names."""
    dim = dim_range(dim, self.ndim)
    if index.dtype != jnp.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    _check_vector("index_fill_", index)
    if value.ndim:
        raise RuntimeError(f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s).")
    whole, _, index = _slices(self, dim, index)
    hit = jnp.zeros(whole.shape[dim], bool).at[wrapped(index, whole.shape[dim])].set(True, **IN_BOUNDS)
    return jnp.where(hit.reshape((-1,) + (1,) * (len(whole.shape) - dim - 1)), cast_number(value, self), whole).reshape(self.shape)


C_NAMES = {"int64": "int64_t", "int32": "int", "int16": "int16_t", "int8": "int8_t", "uint8": "uint8_t", "bool": "bool",
           "float32": "float", "float64": "double", "float16": "at::Half", "bfloat16": "at::BFloat16"}


def cast_number(value, like):
    """A number as the dtype of `like`; a complex one fits no other dtype."""
    if jnp.issubdtype(value.dtype, jnp.complexfloating) and not jnp.issubdtype(like.dtype, jnp.complexfloating):
        raise RuntimeError(f"value cannot be converted to type {C_NAMES[str(like.dtype)]} without overflow")
    return value.astype(like.dtype)


def index_reduce(self, dim, index, source, reduce, include_self):
    """index_add with another reduction: prod, mean, amax or amin."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    _check_slices("index_reduce", self, dim, index, source)
    dim = dim_range(dim, self.ndim)
    whole = self.reshape(1) if self.ndim == 0 else self
    source = source.reshape(_like(source, whole, index.reshape(-1)))
    if source.size == 0:
        return self
    spread = jnp.broadcast_to(index.reshape((-1,) + (1,) * (whole.ndim - dim - 1)), source.shape)
    return reduce_into(whole, positions(spread, dim), source, reduce, include_self).reshape(self.shape)


# ---------------------------------------------------------------- indices of the flat array, and several at once
def take(self, index):
    """The elements of the flat self at an index of any shape."""
    if index.dtype != jnp.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {legacy(index)}")
    if self.size == 0:
        if index.size:
            raise IndexError("take(): tried to take from an empty tensor")
        return jnp.zeros(index.shape, self.dtype)
    return self.reshape(-1).at[wrapped(index, self.size)].get(**IN_BOUNDS)


def put(self, index, source, accumulate):
    """self with the elements of source at places of the flat self."""
    if index.dtype != jnp.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {legacy(index)}")
    if self.dtype != source.dtype:
        raise RuntimeError("put_(): self and source expected to have the same dtype, but got self.dtype = "
                           f"{legacy(self)} and source.dtype = {legacy(source)}")
    if index.size != source.size:
        raise IndexError("put_(): Expected source and index to have the same number of elements, but got source.numel() = "
                         f"{source.size}, index.numel() = {index.size}")
    write = _add if accumulate else _set
    return write(self.reshape(-1), (wrapped(index.reshape(-1), self.size),), source.reshape(-1)).reshape(self.shape)


def index_put(self, indices, values, accumulate):
    """self with values at the places that several index arrays name together; None stands for a whole dimension."""
    if len(indices) > self.ndim:
        raise IndexError(f"too many indices for tensor of dimension {self.ndim} (got {len(indices)})")
    if self.dtype != values.dtype:
        raise RuntimeError(f"Index put requires the source and destination dtypes match, got {legacy(self)} for the destination and "
                           f"{legacy(values)} for the source.")
    arrays, pattern = [], []
    for index, extent in zip(indices, self.shape):
        pattern.append(None if index is None else len(arrays))
        if index is not None:
            arrays.append(wrapped(index, extent))
    _check_values(self, pattern, arrays, values)
    where = _where(pattern, arrays)
    return _add(self, where, values) if accumulate else overwrite(tuple(pattern), self, values, *arrays)


def _check_values(self, pattern, arrays, values):
    try:
        shown = jax.eval_shape(lambda whole, *places: whole[_where(pattern, places)], self, *arrays).shape
    except (ValueError, IndexError, TypeError):
        shapes = ", ".join(str(list(each.shape)) for each in arrays)
        raise IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
    lead = values.shape[:max(values.ndim - len(shown), 0)]
    if any(each != 1 for each in lead) or any(mine not in (1, theirs) for mine, theirs in zip(reversed(values.shape), reversed(shown))):
        raise RuntimeError(f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of shape "
                           f"{list(shown)}")


# ---------------------------------------------------------------- masks
def check_mask(name, mask):
    """Raise unless the mask is boolean."""
    if mask.dtype != jnp.bool_:
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {C_LONG.get(str(mask.dtype), legacy(mask))}")


C_LONG = {"float32": "float", "float64": "double", "uint8": "unsigned char", "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char",
          "float16": "c10::Half", "bfloat16": "c10::BFloat16", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}


def masked_fill(self, mask, value):
    """self with one value where mask is true."""
    check_mask("masked_fill_", mask)
    if value.ndim:
        raise RuntimeError(f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s).")
    broadcast_shapes(mask.shape, self.shape)
    return jnp.where(mask, cast_number(value, self), self)


def masked_scatter(self, mask, source):
    """self with the elements of source, in order, where mask is true."""
    if self.dtype != source.dtype:
        raise RuntimeError(f"masked_scatter: expected self and source to have same dtypes but got{legacy(self)} and {legacy(source)}")
    if mask.dtype != jnp.bool_:
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {legacy(mask)}")
    broadcast_shapes(mask.shape, self.shape)
    mask, self = jnp.broadcast_arrays(mask, self)
    if source.size == 0:
        return self
    rank = jnp.cumsum(mask.reshape(-1), dtype=jnp.int64) - 1
    taken = source.reshape(-1).at[jnp.clip(rank, 0, source.size - 1)].get(**IN_BOUNDS)
    return jnp.where(mask, taken.reshape(self.shape), self)


# ---------------------------------------------------------------- embedding
def embedding(weight, indices, padding_idx, scale_grad_by_freq, sparse):
    """The rows of weight that indices name; padding_idx: a row that gets no gradient, or -1."""
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if indices.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
                           f"torch.{legacy(indices)}Tensor instead (while checking arguments for embedding)")
    rows = weight.at[indices].get(**IN_BOUNDS)
    if scale_grad_by_freq:
        counts = jnp.zeros(weight.shape[0], weight.dtype).at[indices.reshape(-1)].add(1, **IN_BOUNDS)
        rows = scale_gradient(rows, 1 / counts.at[indices].get(**IN_BOUNDS)[..., None])
    if padding_idx >= 0:
        rows = scale_gradient(rows, (indices != padding_idx).astype(weight.dtype)[..., None])
    return rows


def embedding_bag(weight, indices, offsets, per_sample_weights, mode, scale_grad_by_freq, padding_idx, bags):
    """The rows of weight that indices name, each bag of them reduced to one; offsets: where each bag begins."""
    rows = embedding(weight, indices, padding_idx, scale_grad_by_freq, False)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[:, None]
    bag = jnp.minimum(jnp.searchsorted(offsets, jnp.arange(indices.shape[0], dtype=offsets.dtype), side="right") - 1, bags - 1)
    counted = indices != padding_idx
    count = jnp.zeros(bags, weight.dtype).at[bag].add(counted.astype(weight.dtype), **IN_BOUNDS)[:, None]
    if mode == "max":
        lowest = jnp.full((bags, weight.shape[1]), _lowest(weight.dtype), weight.dtype)
        most = extreme("max", lowest, jnp.where(counted[:, None], rows, _lowest(weight.dtype)), bag)
        return jnp.where(count > 0, most, 0)
    total = jnp.zeros((bags, weight.shape[1]), weight.dtype).at[bag].add(jnp.where(counted[:, None], rows, 0), **IN_BOUNDS)
    return total if mode == "sum" else total / jnp.maximum(count, 1)
