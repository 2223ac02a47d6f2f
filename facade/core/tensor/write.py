"""Every write to a tensor goes through here: may I, place it into the whole, bump the version, take the new history.

A view is a chain of pure reads from the storage's value. To write through it, each read is undone from the last to the
first: `place(x, new)` is `x` with the elements that the read shows replaced. For a linear read (slice, transpose,
reshape, ...) its `jax.linear_transpose` puts the new elements in place; a row may bring a `place` of its own.
"""

import jax
import jax.numpy as jnp

from facade.core import engine
from facade.core.shapes import overlaps
from facade.core.tensor.history import AMBIGUOUS, make_node, node_class, several_views
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor


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

        def place(whole, new, *numbers):
            seen = [whole]
            for _, kernel, start, count in kernels[:-1]:
                seen.append(kernel.call(seen[-1], *numbers[start - 2:start - 2 + count])[0])
            for (row, kernel, start, count), before in zip(reversed(kernels), reversed(seen)):
                new = row.place(kernel, before, new, numbers[start - 2:start - 2 + count])
            return new
        return place


def place_linear(kernel, before, new, numbers):
    """`before` with what the linear read `kernel` shows of it replaced by `new`."""
    if new.dtype == jnp.bool_:
        return place_linear(kernel_at(kernel, jnp.uint8), before.astype(jnp.uint8), new.astype(jnp.uint8), numbers).astype(jnp.bool_)

    def read(whole):
        return kernel.call(whole, *numbers)[0]
    put = jax.linear_transpose(read, before)
    if before.size == new.size:
        return put(new)[0]
    shown, = put(jnp.ones(new.shape, new.dtype))
    return jnp.where(shown != 0, put(new)[0], before)


def kernel_at(kernel, dtype):
    """The same read of another dtype."""
    return engine.kernel_of(kernel.operator, kernel.statics, (engine.spec_of(kernel.specs[0].shape, jnp.dtype(dtype)), *kernel.specs[1:]))


def place_by_index(kernel, before, new, numbers):
    """The same for any read: the image of the indices says where the elements lie."""
    where, = kernel_at(kernel, jnp.int64).call(jnp.arange(before.size, dtype=jnp.int64).reshape(before.shape), *numbers)
    return before.reshape(-1).at[where.reshape(-1)].set(new.reshape(-1)).reshape(before.shape)


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
    if tensor._geometry is not None and overlaps(tensor._value.spec.shape, tensor._geometry[0]):
        raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
                           "Please clone() the tensor before performing the operation.")
    if tensor._inference and not modes.inference:
        raise RuntimeError("Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
                           "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.")
    if not modes.grad:
        return
    if tensor._leaf:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    if tensor._base is not None:
        _check_view(tensor, inputs)


def _check_view(view, inputs):
    if view._base._leaf:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if (view._untracked_view or view._multi_view is not None) and any(
            isinstance(each, Tensor) and each.requires_grad for each in (view, *inputs)):
        raise RuntimeError(several_views(view, "is being modified") if not view._untracked_view else
                           "A view was created in no_grad mode and is being modified inplace with grad mode enabled. " + AMBIGUOUS)


def write(tensor, value, node=None, index=0):
    """Make `value`, of the tensor's own shape and dtype, the content of `tensor` and of all that shares its memory.

    node, index: the history of the new content; None where it was not tracked. The tensor itself is returned.
    """
    storage, base = tensor.storage_cell, tensor._base
    if node is not None and base is not None:
        _rebase(base, tensor, value, node, index)
    whole = value
    if tensor._chain:
        tensor.value            # reads the mirror, if there is one
        (whole,), _ = engine.record(*_placed(tensor._chain, storage.value, value))
    storage.write(whole)
    tensor.version_counter.version += 1
    if storage.mirror is None:
        tensor._value, tensor._clock = value, storage.clock
    if node is not None and base is None:
        tensor._node, tensor._index = node, index
    return tensor


def _rebase(base, view, value, node, index):
    """Give `base` the history of a write through one of its views."""
    operator, statics, values = _placed(view._chain[len(base._chain):], base.value, value)
    _, kernel = engine.record(operator, statics, values)
    inputs = [base, Tensor._of(value, node, index), *values[2:]]
    base._node, base._index = make_node(kernel, inputs, values, node_class("CopySlices")), 0
