"""Sizes and strides: where the elements of a tensor would lie in torch's memory.

The arrays underneath have no strides; these are kept beside them, because programs ask
(`stride`, `is_contiguous`, `view`) and because they decide what is a view and what a copy.
"""

import functools
import math


class Size(tuple):
    """The shape of a tensor (torch.Size): a tuple of ints with `numel`."""

    __module__ = __name__.partition(".")[0]

    __slots__ = ()

    def __new__(cls, iterable=()):
        made = super().__new__(cls, iterable)
        for place, extent in enumerate(made):
            if extent.__class__ is not int and hasattr(extent, "ndim"):
                return cls(each.__index__() if hasattr(each, "__index__") else each for each in made)       # tensors and NumPy's numbers
            if not hasattr(extent, "__index__"):
                raise TypeError(f"torch.Size() takes an iterable of 'int' (item {place} is '{type(extent).__name__}')")
        return made

    def __getattr__(self, name):
        raise AttributeError(f"'torch.Size' object has no attribute '{name}'")

    def numel(self):
        """The product of the sizes."""
        return math.prod(self)

    def __repr__(self):
        return f"torch.Size([{', '.join(map(str, self))}])"

    __str__ = __repr__

    def __getitem__(self, index):
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other):
        if not isinstance(other, tuple):
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")
        return Size(tuple.__add__(self, other))

    def __radd__(self, other):
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple.__add__(other, self))

    def __mul__(self, times):
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self):
        return Size, (tuple(self),)


@functools.lru_cache(4096)
def contiguous_strides(shape):
    """The strides of a freshly made tensor of this shape, a tuple: the last dimension is the innermost."""
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= max(extent, 1)
    return tuple(reversed(strides))


def is_contiguous(shape, strides):
    """Whether the elements lie one behind the other in the order of the indices."""
    expected = 1
    if 0 in shape:
        return True
    for extent, stride in zip(reversed(shape), reversed(strides)):
        if extent != 1:
            if stride != expected:
                return False
            expected *= extent
    return True


def span(shape, strides):
    """How many elements of memory a tensor of this shape reaches over."""
    return 0 if 0 in shape else 1 + sum((extent - 1) * step for extent, step in zip(shape, strides))


def view_strides(shape, strides, new_shape):
    """The strides of the same memory seen with another shape, or None where it needs a copy.

    Each run of old dimensions that lie evenly in memory is cut into new ones.
    """
    if math.prod(shape) == 0:
        return strides if shape == new_shape else contiguous_strides(new_shape)
    if not shape:
        return (1,) * len(new_shape)
    result = [0] * len(new_shape)
    new = len(new_shape) - 1
    base, old_count, new_count = strides[-1], 1, 1
    for old in range(len(shape) - 1, -1, -1):
        old_count *= shape[old]
        if old == 0 or shape[old - 1] != 1 and strides[old - 1] != old_count * base:
            while new >= 0 and (new_count < old_count or new_shape[new] == 1):
                result[new] = new_count * base
                new_count *= new_shape[new]
                new -= 1
            if new_count != old_count:
                return None
            if old > 0:
                base, old_count, new_count = strides[old - 1], 1, 1
    return tuple(result) if new == -1 else None


def inferred_shape(shape, numel):
    """`shape` with its one -1 filled in; RuntimeError in torch's words when it does not fit `numel` elements."""
    unknown = [place for place, extent in enumerate(shape) if extent == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for extent in shape:
        if extent < -1:
            raise RuntimeError(f"invalid shape dimension {extent} at index {shape.index(extent)} of shape {list(shape)}")
    known = math.prod(extent for extent in shape if extent != -1)
    if unknown:
        if known == 0 and numel == 0:
            raise RuntimeError(f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension "
                               "size -1 can be any value and is ambiguous")
        if known and numel % known == 0:
            return tuple(numel // known if extent == -1 else extent for extent in shape)
    elif known == numel:
        return tuple(shape)
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")


def kept_strides(shape, inputs):
    """The strides an elementwise result takes after its inputs [(shape, strides)], or None for contiguous.

    The memory order of the first input that has an opinion decides, as TensorIterator does it.
    """
    if all(is_contiguous(*each) for each in inputs if each[0] == shape) or not shape:
        return None
    rank = len(shape)
    if len({strides for each, strides in inputs if each == shape}) == 1 and all(each == shape for each, _ in inputs):
        strides = inputs[0][1]
        if is_dense(shape, strides):
            return None if is_contiguous(shape, strides) else strides
    order = list(range(rank - 1, -1, -1))      # from the innermost dimension out

    def should_swap(one, two):
        for each, strides in inputs:
            lead = rank - len(each)
            one_stride = strides[one - lead] if one >= lead and each[one - lead] != 1 else 0
            two_stride = strides[two - lead] if two >= lead and each[two - lead] != 1 else 0
            if one_stride == 0 or two_stride == 0:
                continue
            if one_stride != two_stride:
                return one_stride > two_stride
            if shape[one] > shape[two]:
                return True
        return False
    for place in range(1, rank):
        at = place
        while at > 0 and should_swap(order[at - 1], order[at]):
            order[at - 1], order[at] = order[at], order[at - 1]
            at -= 1
    strides, step = [0] * rank, 1
    for dim in order:
        strides[dim] = step
        step *= max(shape[dim], 1)
    strides = tuple(strides)
    return None if is_contiguous(shape, strides) else strides


def is_dense(shape, strides):
    """Whether the elements fill their memory with neither gaps nor overlap."""
    expected = 1
    for stride, extent in sorted((stride, extent) for stride, extent in zip(strides, shape) if extent != 1):
        if stride != expected:
            return False
        expected *= extent
    return True


def overlaps(shape, strides):
    """Whether two indices surely share memory (a stride of 0 over more than one element)."""
    return 0 not in shape and any(stride == 0 and extent > 1 for extent, stride in zip(shape, strides))
