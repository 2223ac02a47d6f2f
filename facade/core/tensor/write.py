"""Every write to a tensor goes through here: may I, place it into the whole, bump the version, take the new history.

A view is a chain of pure reads from the storage's value. To write through it, each read is undone from the last to the
first: the `place` of its row gives `x` with the elements that the read shows replaced.
"""

import functools
import math

import jax.numpy as jnp

from facade.core import engine
from facade.core.shapes import is_dense, overlaps
from facade.core.tensor.history import AMBIGUOUS, UNCHECKED, make_node, node_class, retain_at, several_views, untracked
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor


LEAF = "a leaf Variable that requires grad is being used in an in-place operation."


class Place:
    """The operator (whole, new, numbers of the steps) -> whole with `new` where the chain of reads looks."""

    __slots__ = ("steps",)

    def __init__(self, steps):
        self.steps = steps

    def specialize(self, specs, statics):
        kernels, spec, taken = [], specs[0], 2
        for row, step_statics, count in self.steps:
            kernels.append((row, engine.kernel_of(row, step_statics, (spec, *specs[taken:taken + count])), taken, count))
            spec, taken = kernels[-1][1].outs[0], taken + count

        if any(row.place is place_by_index for row, _, _, _ in kernels):
            return functools.partial(_place_by_image, kernels)

        def place(whole, new, *numbers):
            seen = [whole]
            for _, kernel, start, count in kernels[:-1]:
                seen.append(kernel.call(seen[-1], *numbers[start - 2:start - 2 + count])[0])
            for (row, kernel, start, count), before in zip(reversed(kernels), reversed(seen)):
                new = row.place(kernel, before, new, numbers[start - 2:start - 2 + count])
            return new
        return place


def place_by_index(kernel, before, new, numbers):
    """Marks a read that gathers elements, perhaps one of them twice: a chain with one is written to by positions."""
    raise NotImplementedError("a chain with such a read is placed as a whole")


def _place_by_image(kernels, whole, new, *numbers):
    """Put `new` where the chain of reads, applied to the positions of the elements, says that each one comes from."""
    where = jnp.arange(whole.size, dtype=jnp.int64).reshape(whole.shape)
    for row, kernel, start, count in kernels:
        spec = engine.spec_of(where.shape, where.dtype)
        where, = engine.kernel_of(row, kernel.statics, (spec, *kernel.specs[1:])).call(where, *numbers[start - 2:start - 2 + count])
    return whole.reshape(-1).at[where.reshape(-1)].set(new.reshape(-1)).reshape(whole.shape)


_places = {}


def _placed(chain, whole, new):
    """(operator, statics, inputs) that place `new` into `whole` through a chain of reads."""
    steps = tuple((row, statics, len(numbers)) for row, statics, numbers in chain)
    operator = _places.get(steps)
    if operator is None:
        operator = _places.setdefault(steps, Place(steps))
    return operator, (), [whole, new, *(number for _, _, numbers in chain for number in numbers)]


def check_writable(tensor, inputs=()):
    """Raise torch's error when this tensor cannot be written to with these inputs."""
    check_history(tensor, inputs)
    check_apart(tensor)


def check_history(tensor, inputs=()):
    """Raise torch's error when what is known of a tensor's past forbids to write to it, or to make another view of it in place."""
    if tensor._inference and not modes.inference and tensor._counter is None:
        raise RuntimeError("Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
                           "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.")
    if modes.grad and tensor._base is not None:
        _check_view(tensor, inputs)
    if modes.grad and tensor._leaf:
        raise RuntimeError(LEAF)


def check_apart(tensor):
    """Raise torch's error when two elements of the tensor surely share memory."""
    if tensor._geometry is not None and overlaps(tensor._value.spec.shape, tensor._geometry[0]):
        raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
                           "Please clone() the tensor before performing the operation.")


def check_inputs(target, inputs, apart=False):
    """Raise torch's error when an input shares part of the memory that is written to, but not just the same elements.

    apart: even those may not be shared.
    """
    shape, strides, start = _place(target)
    for each in inputs:
        if isinstance(each, Tensor) and (each is target or each._storage is target._storage is not None) and shape and each._value.spec.shape:
            other, steps, begin = _place(each)
            if (apart or (other, steps, begin) != (shape, strides, start)) and is_dense(shape, strides) and is_dense(other, steps) \
                    and start < begin + math.prod(other) and begin < start + math.prod(shape):
                raise RuntimeError("unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
                                   "location. Please clone() the tensor before performing the operation.")


def _place(tensor):
    return tensor._value.spec.shape, tensor.strides, 0 if tensor._geometry is None else tensor._geometry[1]


def _check_view(view, inputs):
    if (view._untracked_view or view._multi_view is not None) and any(
            isinstance(each, Tensor) and each.requires_grad for each in (view, *inputs)):
        raise RuntimeError(several_views(view, "is being modified") if view._multi_view is not None else
                           f"{untracked(view)} and is being modified inplace with grad mode enabled. {AMBIGUOUS}")
    if view.requires_grad and view._base._node is None:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if view.requires_grad and view._node is None and view._base_version is not None:     # so it is until something asks for its history
        raise RuntimeError(LEAF)


def write(tensor, value, node=None, index=0):
    """Make `value`, of the tensor's own shape and dtype, the content of `tensor` and of all that shares its memory.

    node, index: the history of the new content; None where it was not tracked. The tensor itself is returned.
    """
    storage = tensor._storage
    if storage is None:
        storage = tensor.storage_cell
    if tensor._base is not None and node is not None:
        _rebase(tensor._base, tensor, value, node, index)
        tensor._base_version = None         # its history is that of its base from now on, and is taken when asked for
    elif node is not None and tensor._retains_grad:
        retain_at(tensor, node, index)
    elif node is not None:
        tensor._node, tensor._index = node, index
    if storage.mirror is None and not tensor._chain:
        storage.value = tensor._value = value
        storage.clock = tensor._clock = storage.clock + 1
    else:
        _write_part(tensor, storage, value)
    if tensor._counter is None:
        storage.version += 1
    else:
        tensor._counter.version += 1
    return tensor


def _write_part(tensor, storage, value):
    """Write through a view, or to memory that NumPy shares."""
    whole = value
    if tensor._chain:
        storage.current()       # takes over what NumPy wrote, if it shares the memory
        (whole,), _ = engine.record(*_placed(tensor._chain, storage.value, value))
    storage.write(whole)
    if storage.mirror is None:
        tensor._value, tensor._clock = value, storage.clock


def _rebase(base, view, value, node, index):
    """Give `base` the history of a write through one of its views."""
    operator, statics, values = _placed(view._chain[len(base._chain):], base.value, value)
    (made,), kernel = engine.record(operator, statics, values)
    inputs = [base, Tensor._of(value, node, index), *values[2:]]
    copied = make_node(kernel, inputs, values, node_class("CopySlices"), made)
    if copied.saved == ():
        copied.saved = UNCHECKED        # torch's keeps the write's node, and is freed with it
    retain_at(base, copied, 0)
