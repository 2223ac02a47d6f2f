"""Indexing whose indices are looked at before it is recorded, and what reads data to know its shape."""

import inspect
import math

import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.errors import broadcast_shapes, dim_range
from facade.core.ops.advice import BYTE_CONDITION
from facade.core.ops.binding import make_function
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply, apply_inplace
from facade.core.ops.fitting import own_name
from facade.core.ops.index_checks import check_index
from facade.core.ops.outputs import apply_out
from facade.core.ops.rows import indexing as table
from facade.core.ops.table import ARRAY, Arrays
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once


# ---------------------------------------------------------------- rows whose indices are looked at first
def guarded(*rows):
    """Expose these overloads, and their in-place twins, with the function below called on the arguments first: it raises what only data tell."""
    def add(guard):
        for inplace in (False, True)[:1 + rows[0].inplace]:
            for at in ("torch", "Tensor"):
                name = rows[0].name + "_" * inplace
                plain = make_function(rows[0].name, rows, method=at == "Tensor")
                composite(at, name)(_guard(guard, plain, make_function(name, rows, method=True, inplace=True) if inplace else plain))
        return guard
    return add


def _guard(guard, plain, call):
    """`call` behind the guard; plain: the same with nothing written, which tells what shapes and dtypes have against the arguments."""
    names = inspect.signature(guard).parameters

    def function(*args, **kwargs):
        try:
            guard(*args, **{own_name(key, names): value for key, value in kwargs.items() if key != "out"})
        except (TypeError, AttributeError):
            pass                            # not these arguments: the call below says so in torch's words
        except (RuntimeError, IndexError):  # the numbers are the last thing that torch looks at
            plain(*args, **{key: value for key, value in kwargs.items() if key != "out"})
            raise
        return call(*args, **kwargs)
    function.__name__ = function.__qualname__ = call.__name__
    function.__doc__, function.rows = call.__doc__, call.rows
    return function


def _extent(tensor, dim):
    shape = tensor._value.spec.shape
    return shape[dim_range(dim, len(shape))] if shape else 1


def _along(dim, size):
    """torch's sentence for an index along one dimension."""
    return lambda value: RuntimeError(f"index {value} is out of bounds for dimension {dim} with size {size}")


def _check_along(self, dim, index):
    size = _extent(self, dim)
    check_index(index, size, _along(dim_range(dim, self.ndim), size), wrap=False)


def _out_of_range(value):
    return IndexError("index out of range in self")


@guarded(table.GATHER)
def gather(self, dim, index, sparse_grad=False):
    _check_along(self, dim, index)


@guarded(*table.SCATTER)
def scatter(self, dim, index, *_, **__):
    _check_along(self, dim, index)


@guarded(table.SCATTER_ADD)
def scatter_add(self, dim, index, src):
    _check_along(self, dim, index)


@guarded(table.SCATTER_REDUCE)
def scatter_reduce(self, dim, index, src, reduce, include_self=True):
    _check_along(self, dim, index)


@guarded(table.INDEX_SELECT)
def index_select(self, dim, index):
    size = _extent(self, dim)
    second = dim_range(dim, self.ndim) == 1         # which torch reads by another kernel, with a sentence of its own
    check_index(index, size, lambda value: RuntimeError(f"INDICES element is out of DATA bounds, id={value} axis_dim={size}") if second
                else IndexError("index out of range in self"), wrap=False)


@guarded(table.INDEX_ADD)
def index_add(self, dim, index, source, alpha=1):
    if self.ndim > 1:
        _check_along(self, dim, index)
    else:
        check_index(index, self._value.spec.size, _out_of_range, wrap=False)


@guarded(table.INDEX_COPY)
def index_copy(self, dim, index, source):
    size = _extent(self, dim)
    check_index(index, size, lambda value: IndexError(f"index_copy_(): index {value} is out of bounds for dimension "
                                                      f"{dim_range(dim, self.ndim)} with size {size}"), wrap=False)


@guarded(*table.INDEX_FILL)
def index_fill(self, dim, index, value):
    size = _extent(self, dim)
    check_index(index, size, lambda value: IndexError(f"index {value} is out of bounds for dimension {dim_range(dim, self.ndim)} with size {size}"))


@guarded(table.INDEX_REDUCE)
def index_reduce(self, dim, index, source, reduce, include_self=True):
    check_index(index, _extent(self, dim), _out_of_range, wrap=False)


def _check_flat(self, index):
    size = self._value.spec.size
    if size:
        check_index(index, size, lambda value: IndexError(f"out of range: tried to access index {value} on a tensor of {size} elements."))


@guarded(table.TAKE)
def take(self, index):
    _check_flat(self, index)


@guarded(table.PUT)
def put(self, index, source, accumulate=False):
    _check_flat(self, index)


@guarded(table.MASKED_SCATTER)
def masked_scatter(self, mask, source):
    if mask.dtype is dtypes.bool:
        shape = broadcast_shapes(self.shape, mask.shape)
        size = source._value.spec.size
        copies = math.prod(shape) // max(mask._value.spec.size, 1)
        check_index(mask.sum() * copies, size + 1,
                    lambda value: RuntimeError("Number of elements of source < number of ones in mask"), wrap=False)


@composite()
def take_along_dim(input, indices, dim=None, *, out=None):
    """The elements along dim at indices that broadcast against input; of the flat input when no dim is given."""
    if out is not None:
        return apply_out("take_along_dim", lambda: take_along_dim(input, indices, dim), out, (input,))
    if indices.dtype.category != dtypes.INTEGER or indices.dtype.itemsize != 8:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {indices.dtype.legacy}")
    if dim is None:
        return input.reshape(-1).gather(0, indices.reshape(-1))
    if input.ndim != indices.ndim:
        raise RuntimeError("torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
                           f"{input.ndim} dimensions for input, and {indices.ndim} dimensions for indices")
    dim = dim_range(dim, input.ndim)
    if input.shape[dim]:
        indices = indices.remainder(input.shape[dim])       # torch lets an index wrap around here, any number of times
    shape, places = list(input.shape), list(indices.shape)
    shape[dim] = places[dim] = 1
    common = broadcast_shapes(shape, places)
    wide = input.expand(*common[:dim], input.shape[dim], *common[dim + 1:])
    return wide.gather(dim, indices.expand(*common[:dim], indices.shape[dim], *common[dim + 1:]))


# ---------------------------------------------------------------- several indices at once
def _index_arrays(input, indices):
    """Integer tensors and None, a boolean mask becoming one index for each of its dimensions; all of them in range."""
    arrays, dim = [], 0
    for place, index in enumerate(indices):
        if index is None:
            arrays.append(None)
            dim += 1
        elif index.dtype in (dtypes.bool, dtypes.uint8):
            _check_mask(input, index, place, dim)
            arrays += index.nonzero(as_tuple=True)
            dim += index.ndim
        elif index.dtype.category != dtypes.INTEGER:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        else:
            _check_place(input, index, dim)
            arrays.append(index)
            dim += 1
    return arrays


def _check_mask(input, mask, place, dim):
    for offset, extent in enumerate(mask.shape):
        if dim + offset < input.ndim and extent != input.shape[dim + offset]:
            raise IndexError(f"The shape of the mask {list(mask.shape)} at index {offset} does not match the shape of the indexed tensor "
                             f"{list(input.shape)} at index {dim + offset}")


def _check_place(input, index, dim):
    if dim < input.ndim:
        size = input.shape[dim]
        check_index(index, size, lambda value: IndexError(f"index {value} is out of bounds for dimension {dim} with size {size}"))


def _put(run, input, indices, values, accumulate):
    for place, each in enumerate(indices):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(each).__name__}")
    if len(indices) == 1 and indices[0].dtype is dtypes.bool and isinstance(values, Tensor) and values.numel() == 1 and not accumulate:
        values = values.to(input.dtype)         # one number goes where the mask is, whatever its dtype
    arrays = _index_arrays(input, indices)
    return run(table.INDEX_PUT, (ARRAY, Arrays(len(arrays)), ARRAY, bool(accumulate)), (input, *arrays, values))


@composite()
def index_put(input, indices, values, accumulate=False):
    """input with values at the places that a tuple of indices or masks names; accumulate: they are added."""
    return _put(apply, input, indices, values, accumulate)


@composite()
def index_put_(input, indices, values, accumulate=False):
    """index_put, written to input."""
    return _put(apply_inplace, input, indices, values, accumulate)


# ---------------------------------------------------------------- masks
def _places(mask):
    return Tensor._of(constant(np.flatnonzero(mask.numpy_value()).astype(np.int64)))


@composite()
def masked_select(input, mask, *, out=None):
    """The elements of input where mask is true, in a row."""
    if out is not None:
        return apply_out("masked_select", lambda: masked_select(input, mask), out, (input,))
    if mask.dtype is not dtypes.bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    wide = mask.expand(broadcast_shapes(mask.shape, input.shape))
    return apply(table.MASKED_SELECT, (ARRAY, ARRAY, ARRAY), (input, wide, _places(wide)))


@composite()
def nonzero(input, *, as_tuple=False, out=None):
    """The indices of the elements that are not zero: a row for each, or with as_tuple a vector for each dimension."""
    if out is not None:
        if as_tuple:
            raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
        return apply_out("nonzero", lambda: nonzero(input), out, (input,), differentiable=False)
    found = np.argwhere(input.numpy_value() != 0) if input.ndim else np.zeros((int(bool(input.numpy_value())), 0))
    if not as_tuple:
        return Tensor._of(constant(found.astype(np.int64)))
    columns = found.T if input.ndim else np.zeros((1, len(found)))
    return tuple(Tensor._of(constant(np.ascontiguousarray(column, np.int64))) for column in columns)


@composite()
def argwhere(input):
    """The indices of the elements that are not zero, a row for each."""
    return nonzero(input)


@composite()
def nonzero_static(input, *, size, fill_value=-1, out=None):
    """nonzero cut or filled up to `size` rows."""
    if out is not None:
        return apply_out("nonzero_static", lambda: nonzero_static(input, size=size, fill_value=fill_value), out, (input,))
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = nonzero(input).numpy_value()[:size]
    filled = np.full((size, input.ndim), fill_value, np.int64)
    filled[:len(found)] = found
    return Tensor._of(constant(filled))


def _where(condition, input=None, other=None):
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    return _choose(condition, input, other)


def _choose(condition, input, other):
    if not isinstance(condition, Tensor):
        raise TypeError("where(): argument 'condition' (position 1) must be Tensor, not " + type(condition).__name__)
    if condition.dtype is dtypes.uint8:
        warn_once(BYTE_CONDITION)
    return apply(table.WHERE, (ARRAY, ARRAY, ARRAY), (condition, input, other))


@composite(at="torch")
def where(condition, input=None, other=None, *, out=None):
    """input where condition is true, other elsewhere; with the condition alone the indices where it is true."""
    if out is not None:
        return apply_out("where", lambda: _where(condition, input, other), out, (input, other))
    return _where(condition, input, other)


@composite(at="Tensor", name="where")
def where_method(self, condition, other):
    """self where condition is true, other elsewhere."""
    return _choose(condition, self, other)


@composite(at="Tensor")
def fill_diagonal_(input, fill_value, wrap=False):
    """Write one value to the diagonal; wrap: of a tall matrix, begin again below."""
    return apply_inplace(table.FILL_DIAGONAL, (ARRAY, ARRAY, bool(wrap)), (input, fill_value))


@composite(at="torch")
def unravel_index(indices, shape):
    """Indices of the flat tensor as one index for each dimension of `shape`."""
    if indices.dtype.category != dtypes.INTEGER:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    indices, shape = indices.long(), (shape,) if isinstance(shape, int) else tuple(shape)
    if any(extent < 0 for extent in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    steps = [math.prod(shape[place + 1:]) for place in range(len(shape))]
    return tuple(indices.floor_divide(step).remainder(extent) for step, extent in zip(steps, shape))


# ---------------------------------------------------------------- shapes that depend on data
def _repeats_vector(repeats):
    if repeats.ndim > 1:
        raise RuntimeError("repeat_interleave only accept 0D or 1D vector as repeat")
    if repeats.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError("repeats has to be Long or Int tensor")
    counts = repeats.numpy_value().reshape(-1)
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    return counts


def _check_output_size(counts, output_size):
    if output_size is not None and output_size != int(counts.sum()):
        raise RuntimeError("allocated size does not match required size")


@composite()
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element, or slice along dim, so many times as repeats says; repeats alone gives the indices that do it."""
    if repeats is None:
        counts = _repeats_vector(input)
        _check_output_size(counts, output_size)
        return Tensor._of(constant(np.repeat(np.arange(len(counts)), counts).astype(input.dtype.numpy)))
    if isinstance(repeats, (list, tuple)):
        repeats = Tensor._of(constant(np.asarray(repeats, np.int64)))
    if not isinstance(repeats, Tensor):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        return apply(table.REPEAT_EACH, (ARRAY, int(repeats), dim), (input,))
    return _repeat_by(input, repeats, dim, output_size)


def _repeat_by(input, repeats, dim, output_size):
    source = input.flatten() if dim is None else input
    dim = dim_range(dim or 0, source.ndim)
    extent = source.shape[dim] if source.ndim else 1
    if repeats.ndim == 1 and repeats.shape[0] not in (1, extent):
        raise RuntimeError("repeats must have the same size as input along dim, but got "
                           f"repeats.size(0) = {repeats.shape[0]} and input.size({dim}) = {extent}")
    counts = _repeats_vector(repeats)
    counts = np.broadcast_to(counts, (extent,))
    _check_output_size(counts, output_size)
    return source.index_select(dim, Tensor._of(constant(np.repeat(np.arange(extent), counts))))


@composite(at="nn.functional")
def one_hot(input, num_classes=-1):
    """A one in the place that each class names among zeros; num_classes of -1 counts up to the greatest."""
    if input.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if input.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return input.new_zeros((*input.shape, num_classes))
    if num_classes == -1:
        classes = input.numpy_value()
        if classes.min() < 0:
            raise RuntimeError("Class values must be non-negative.")
        num_classes = int(classes.max()) + 1
    check_index(input, num_classes, _class_error, wrap=False)
    return apply(table.ONE_HOT, (ARRAY, num_classes), (input,))


def _class_error(value):
    return RuntimeError("Class values must be non-negative." if value < 0 else "Class values must be smaller than num_classes.")


# ---------------------------------------------------------------- embedding
@composite(at="nn.functional")
def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of weight that input names; padding_idx gets no gradient; rows longer than max_norm are shortened first, in place."""
    padding_idx = _padding(padding_idx, weight)
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    return _lookup(weight, input, padding_idx, scale_grad_by_freq)


@composite(at="torch", name="embedding")
def embedding_of(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    """The rows of weight that indices name; padding_idx gets no gradient."""
    return _lookup(weight, indices, padding_idx, scale_grad_by_freq)


def _lookup(weight, indices, padding_idx, scale_grad_by_freq):
    if weight.ndim == 2:
        check_index(indices, weight.shape[0], _out_of_range, wrap=False)
    return apply(table.EMBEDDING, (ARRAY, ARRAY, padding_idx, bool(scale_grad_by_freq), False), (weight, indices))


def _padding(padding_idx, weight):
    """padding_idx counted from the front; -1 for none."""
    if padding_idx is None:
        return -1
    count = weight.shape[0]
    if padding_idx >= count or padding_idx < -count:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % count


def _renormalize(weight, indices, max_norm, norm_type):
    """Shorten the rows of weight that are used and longer than max_norm, in place and without history."""
    used = np.unique(indices.numpy_value())
    before, modes.grad = modes.grad, False
    try:
        places = Tensor._of(constant(used.astype(np.int64)))
        chosen = weight.detach().index_select(0, places)
        norms = chosen.norm(norm_type, 1, True)
        factor = (max_norm / (norms + 1e-7)).where(norms > max_norm, 1.0)
        weight.index_copy_(0, places, chosen * factor)
    finally:
        modes.grad = before


# ---------------------------------------------------------------- bags of embeddings
@composite(at="nn.functional")
def embedding_bag(input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean", sparse=False,
                  per_sample_weights=None, include_last_offset=False, padding_idx=None):
    """The sum, mean or maximum of the rows of weight in each bag of input.

    input: (bags, length), or all bags one behind the other and offsets where each begins; padding_idx: a row that does not count.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    indices, offsets, per_sample_weights = _bags(input, offsets, per_sample_weights)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError("embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                                  f"(got mode='{mode}'). Please open a feature request on GitHub.")
    _check_offsets(offsets, indices.shape[0])
    check_index(indices, weight.shape[0], lambda value: RuntimeError(
        f"embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {value}"), wrap=False)
    if max_norm is not None:
        _renormalize(weight, indices, max_norm, norm_type)
    bags = offsets.shape[0] - bool(include_last_offset)
    statics = (ARRAY, ARRAY, ARRAY, ARRAY, mode, bool(scale_grad_by_freq), _padding(padding_idx, weight), bags)
    return apply(table.EMBEDDING_BAG, statics, (weight, indices, offsets, per_sample_weights))


def _bags(input, offsets, weights):
    """(indices one behind the other, where each bag begins, their weights)."""
    if weights is not None and weights.shape != input.shape:
        raise ValueError(f"embedding_bag: If per_sample_weights ({list(weights.shape)}) is not None, then it must have the same shape as the "
                         f"input ({list(input.shape)})")
    if input.ndim not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                             "However, found offsets of type <class 'torch.Tensor'>")
        rows, length = input.shape
        starts = Tensor._of(constant(np.arange(rows, dtype=np.int64) * length))
        return input.reshape(-1), starts, None if weights is None else weights.reshape(-1)
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    return input, offsets, weights


def _check_offsets(offsets, count):
    check_index(offsets[:1], 1, lambda value: RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                                                           f"position 0. However, got {value}"), wrap=False)
    check_index(offsets[-1:], count + 1, lambda value: RuntimeError(f"offsets[-1] can not be greater than input's length {count} but got "
                                                                    f"offsets[-1] of "
                                                                    f"{value}"), wrap=False)
