"""`x[...]` and `x[...] = v`.

Integers, slices, None and `...` make a view, one step each. What is left are index tensors (long ones, and boolean masks,
which stand for the positions where they are true): those gather a copy, or scatter what is assigned. A mask with one
number assigned needs no positions: it is a choice, element by element, and its content never recompiles.
"""


import jax.numpy as jnp
import numpy as np

from facade.core import dtypes
from facade.core.engine import constant, read, tapes
from facade.core.ops.composites.writing import FILL_TENSOR
from facade.core.ops.composites.views import select, slice_view, unsqueeze
from facade.core.ops.creation import tensor
from facade.core.ops.dispatch import apply, apply_inplace, apply_view, complain_first, derived, view_of
from facade.core.ops.index_checks import check_index
from facade.core.ops.numbers import check_fits
from facade.core.ops.rows.shape import ALIAS, SELECT
from facade.core.ops.table import ARRAY, Arrays, op
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor, method, typename
from facade.core.warn import warn

_FIRST = ARRAY, 0, ARRAY         # `select` along the first dimension
_AS_TUPLE = ("Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use x[tuple(seq)] instead of "
             "x[seq]. In pytorch 2.9 this will be interpreted as tensor index, x[torch.tensor(seq)], which will result either in an error or a "
             "different result")
_INDEX_DTYPES = {dtypes.int64, dtypes.int32, dtypes.uint8, dtypes.bool}
_INVALID = "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {})"


def _at(dims, indices, rank):
    """The NumPy index with `indices` at `dims` and everything elsewhere."""
    placed = dict(zip(dims, indices))
    return tuple(placed.get(dim, slice(None)) for dim in range(rank))


INDEX = op("index.Tensor(Tensor self, Tensor[] indices, int[] dims) -> Tensor",
           lambda self, indices, dims: self.at[_at(dims, indices, self.ndim)].get(mode="clip"), doc="The elements at these indices", at="")


def _put(self, indices, values, dims):
    where = _at(dims, indices, self.ndim)
    return self.at[where].set(values.astype(self.dtype), mode="clip")


INDEX_PUT = op("index_put(Tensor self, Tensor[] indices, Tensor values, int[] dims) -> Tensor", _put, inplace=True,
               doc="self with the elements at these indices replaced", at="")


def _accumulate(self, indices, values, dims):
    return self.at[_at(dims, indices, self.ndim)].add(values.astype(self.dtype), mode="clip")


INDEX_ADD = op("index_put(Tensor self, Tensor[] indices, Tensor values, int[] dims) -> Tensor", _accumulate, inplace=True,
               doc="self with values added to the elements at these indices", at="")


def _choose(self, mask, values, dim):
    mask = mask.reshape((1,) * dim + mask.shape + (1,) * (self.ndim - dim - mask.ndim))
    return jnp.where(mask, values.astype(self.dtype), self)


MASK_PUT = op("index_put.mask(Tensor self, Tensor mask, Tensor values, int dim) -> Tensor", _choose, inplace=True,
              doc="self with one value wherever the mask is true", at="")


# ---------------------------------------------------------------- reading an index
def _as_item(item):
    """One entry of an index in its plain form: int, slice, None, Ellipsis, bool or Tensor."""
    if item is None or item is Ellipsis or item.__class__ in (int, bool, slice):
        return item
    if isinstance(item, Tensor):
        if not item.ndim and item.dtype.category == dtypes.INTEGER and item.dtype is not dtypes.uint8:      # that one is a mask
            return int(item)
        return item
    if isinstance(item, np.ndarray) and item.ndim or isinstance(item, (list, tuple, range)):
        return _sequence(item)
    if hasattr(item, "__index__"):
        return bool(item) if isinstance(item, np.bool_) else item.__index__()
    if isinstance(item, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(item).__name__}'")
    raise IndexError(_INVALID.format(type(item).__name__))


def _sequence(item):
    made = tensor(item if not isinstance(item, range) else list(item))
    if isinstance(item, np.ndarray):
        return made if made.dtype.category != dtypes.INTEGER or made.dtype in _INDEX_DTYPES else made.long()
    return made.long() if isinstance(item, (list, tuple)) and (made.dtype.category == dtypes.FLOAT or not made.numel()) else made


def _items(self, index):
    """The entries of an index, `...` made explicit."""
    entries = index if isinstance(index, tuple) or _stands_for_tuple(index) else (index,)
    if entries.__class__ is list:
        warn(_AS_TUPLE)
    items = [_as_item(entry) for entry in entries]
    taken = sum(_width(item) for item in items)
    if taken > self.ndim:
        raise IndexError(_nothing_to_index(index) or f"too many indices for tensor of dimension {self.ndim}")
    return items, self.ndim - taken


def _nothing_to_index(index):
    """What torch says of a tensor without dimensions, to this index; None where that is what it says of any."""
    if isinstance(index, slice):
        return "slice() cannot be applied to a 0-dim tensor."
    if isinstance(index, (tuple, Tensor)) or not hasattr(index, "__index__"):
        return None
    if index.__index__():
        return f"index {index.__index__()} is out of bounds for dimension 0 with size 0"
    return "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"


def _stands_for_tuple(index):
    """Whether a list is read as a tuple of indices: a short one that holds sequences, slices, tensors, None or `...`."""
    return index.__class__ is list and len(index) < 32 and any(
        each is None or each is Ellipsis or isinstance(each, (Tensor, list, tuple, slice, range, np.ndarray, str, bytes)) for each in index)


def _width(item):
    """How many dimensions an entry uses up."""
    if item is None or item is Ellipsis or item.__class__ is bool:
        return 0
    return item.ndim if isinstance(item, Tensor) and item.dtype in (dtypes.bool, dtypes.uint8) else 1


def _narrowed(self, items, spare):
    """(the view that the plain entries make, [(dim, index tensor)])."""
    view, dim, tensors, skipped, used = self, 0, [], False, 0
    for item in items:
        if item is Ellipsis:
            dim, used = (dim, used) if skipped else (dim + spare, used + spare)
            skipped = True
            continue
        if item is None:
            view, dim = unsqueeze(view, dim), dim + 1
        elif item.__class__ is int:
            view = _picked(view, dim, item, used)
        elif item.__class__ is slice:
            view, dim = _cut(view, dim, item), dim + 1
        else:
            view, dim = _with_tensor(view, dim, item, tensors)
        used += _width(item)
    return view, tensors


def _picked(view, dim, index, used):
    extent = view._value.spec.shape[dim]
    if not -extent <= index < extent:
        raise IndexError(f"index {index} is out of bounds for dimension {used} with size {extent}")
    return select(view, dim, index)


def _cut(view, dim, item):
    step = item.step
    if step is not None and step.__index__() < 0:
        raise ValueError("step must be greater than zero")
    extent = view._value.spec.shape[dim]
    start, stop, step = item.indices(extent)
    if (start, stop, step) == (0, extent, 1) and (item.start is None or item.start >= 0):
        return view                     # what torch takes for the whole dimension; counted from the end it makes a slice
    return slice_view(view, dim, start, max(start, stop), step)


def _with_tensor(view, dim, item, tensors):
    if item.__class__ is bool:
        view = unsqueeze(view, dim)
        tensors.append((dim, _sequence([0] if item else []).long()))
        return view, dim + 1
    if item.dtype in (dtypes.bool, dtypes.uint8):
        if not item.ndim:
            view = unsqueeze(view, dim)
            tensors.append((dim, _sequence([0] if bool(item) else []).long()))
            return view, dim + 1
        for place, (have, want) in enumerate(zip(item._value.spec.shape, view._value.spec.shape[dim:])):
            if have != want:
                raise IndexError(f"The shape of the mask {list(item.shape)} at index {place} does not match the shape of the indexed tensor "
                                 f"{list(view.shape)} at index {dim + place}")
        tensors.append((dim, item))
        return view, dim + item.ndim
    if item.dtype not in _INDEX_DTYPES:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    tensors.append((dim, item))
    return view, dim + 1


def _positions(view, tensors):
    """([dims], [long index tensors]) with masks as positions, checked against the sizes."""
    dims, indices = [], []
    for dim, where in tensors:
        if where.dtype in (dtypes.bool, dtypes.uint8):
            if where.dtype is dtypes.uint8:
                warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.", UserWarning)
            for offset, positions in enumerate(np.nonzero(where.numpy_value())):
                dims.append(dim + offset)
                indices.append(Tensor._of(constant(positions)))
        else:
            extent = view._value.spec.shape[dim]
            if view.numel() or not extent:
                check_index(where, extent, _out_of_bounds(len(dims), extent))       # torch counts the dimensions that have an index tensor
            dims.append(dim)
            indices.append(where)
    _check_broadcast(indices)
    return tuple(dims), indices


def _out_of_bounds(dim, extent):
    return lambda index: IndexError(f"index {index} is out of bounds for dimension {dim} with size {extent}" if extent else
                                    f"index is out of bounds for dimension with size {extent}")


def _check_broadcast(indices):
    shapes = [each._value.spec.shape for each in indices]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with shapes "
                         + ", ".join(str(list(shape)) for shape in shapes)) from None


# ---------------------------------------------------------------- getting and setting
def _row_aside(self, index):
    """`self[index]` where operations are computed at once: what datasets do, in 5 us instead of 20. None where there is more to it."""
    spec = self._value.spec
    if not spec.shape or spec.device is not None or not -spec.shape[0] <= index < spec.shape[0]:
        return None
    if self._node is not None or self._leaf or self.__class__ in derived:
        return None
    index %= spec.shape[0]
    step = SELECT, _FIRST, (index,)
    view = view_of(self, constant(read(self.seen_by(step))[index, ...]), step)
    strides, offset = self.strides, self._geometry[1] if self._geometry is not None else 0
    view._geometry = strides[1:], offset + index * strides[0]
    view._untracked_view = self._untracked_view or not modes.grad
    return view


def _shared_rows(self, index):
    """The rows at a known index of memory that NumPy shares, which need not be compared whole then; None where there is more to it."""
    mirror = None if self._storage is None else self._storage.mirror
    where = index.value.array
    if mirror is None or where is None or self._chain or modes.grad and self.requires_grad or self.__class__ in derived:
        return None
    return Tensor._of(constant(mirror.array[np.asarray(where)]))


@method
def __getitem__(self, index):
    if index.__class__ is int and tapes.epoch.host and (row := _row_aside(self, index)) is not None:
        return row
    view, tensors = _narrowed(self, *_items(self, index))
    if tensors:
        dims, indices = _positions(view, tensors)
        if dims == (0,) and (rows := _shared_rows(view, indices[0])) is not None:
            return rows
        result = apply(INDEX, (ARRAY, Arrays(len(indices)), dims), (view, *indices))
        if result._node is not None:         # torch keeps masks as they are, and minds when they are written to
            result._node.saved = [*result._node.saved, *((mask, mask._writes, mask.value) for _, mask in tensors if mask.dtype is dtypes.bool)]
        return result
    if view is self:
        if isinstance(index, slice) and self.ndim:
            return slice_view(self, 0, 0, self._value.spec.shape[0], 1)
        return apply_view(ALIAS, (ARRAY,), self)
    return view


def _checked_value(self, value):
    if isinstance(value, np.generic) or isinstance(value, np.ndarray) and not value.ndim:
        value = value.item()
    if not isinstance(value, (Tensor, bool, int, float, complex)):
        raise TypeError(f"can't assign a {'numpy.' * isinstance(value, np.ndarray)}{type(value).__name__} to a {typename(self)}")
    if value.__class__ is int and not -2**63 <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    if not isinstance(value, Tensor):
        check_fits(value, self.dtype)
    return value


@method
def __delitem__(self, index):
    raise TypeError("Tensor does not support deleting items")


@method
def __setitem__(self, index, value):
    value = _checked_value(self, value)
    view, tensors = _narrowed(self, *_items(self, index))
    if not tensors:
        _assign_view(view, value)
    elif len(tensors) == 1 and tensors[0][1].dtype in (dtypes.bool, dtypes.uint8) and (not isinstance(value, Tensor) or value.numel() == 1):
        _assign_mask(view, *tensors[0], value)
    else:
        try:
            _assign_positions(view, *_positions(view, tensors), value)
        except (IndexError, RuntimeError):
            complain_first((view, value), writes=True)
            raise


def _assign_view(view, value):
    if not isinstance(value, Tensor) or view.ndim and not value.ndim:
        apply_inplace(FILL_TENSOR, (ARRAY, ARRAY), (view, value))
        return
    shape = value._value.spec.shape
    lead = len(shape) - view.ndim
    if lead > 0 and all(extent == 1 for extent in shape[:lead]):
        value = value.reshape(shape[lead:])
    view.copy_(value.expand(view.shape) if value.shape != view.shape else value)


def _assign_mask(view, dim, mask, value):
    if mask.dtype is dtypes.uint8:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype unsigned char")
    if isinstance(value, Tensor):
        value = _one_number(view, value)
    apply_inplace(MASK_PUT, (ARRAY, ARRAY, ARRAY, dim), (view, mask, value))


def _one_number(view, value):
    """A tensor of one element as a mask assigns it: as a number, whose dtype may be another."""
    if value.dtype is not view.dtype and (view.dtype.category == dtypes.INTEGER or not dtypes.can_cast(value.dtype, view.dtype)):
        check_fits(value.item(), view.dtype)
    return value.reshape(())


def _check_source(view, value):
    if value.dtype is not view.dtype:
        raise RuntimeError(f"Index put requires the source and destination dtypes match, got {view.dtype.legacy} for the destination "
                           f"and {value.dtype.legacy} for the source.")


def _assign_positions(view, dims, indices, value):
    if isinstance(value, Tensor):
        value = _fitted(value, _result_shape(view._value.spec.shape, dims, indices))
        _check_source(view, value)
    apply_inplace(INDEX_PUT, (ARRAY, Arrays(len(indices)), ARRAY, dims), (view, *indices, value))


def _fitted(value, wanted):
    shape = value._value.spec.shape
    lead = len(shape) - len(wanted)
    if lead > 0 and all(extent == 1 for extent in shape[:lead]):
        value, shape = value.reshape(shape[lead:]), shape[lead:]
    if len(shape) > len(wanted) or any(have not in (1, want) for have, want in zip(reversed(shape), reversed(wanted))):
        raise RuntimeError(f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing result of shape {list(wanted)}")
    return value


def _result_shape(shape, dims, indices):
    """The shape of what these indices pick: theirs in place of the indexed dims, or in front when those are apart."""
    picked = np.broadcast_shapes(*(each._value.spec.shape for each in indices))
    rest = [extent for dim, extent in enumerate(shape) if dim not in dims]
    together = list(dims) == list(range(dims[0], dims[0] + len(dims)))
    place = dims[0] if together else 0
    return (*rest[:place], *picked, *rest[place:])
