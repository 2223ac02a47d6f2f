"""Tensors in, a recorded operation with its history, tensors out: the door every operator goes through.

`apply` for results that are new, `apply_view` for a look at the same memory, `apply_inplace` for a write. All take a row,
its static arguments (`ARRAY` where an input goes) and the inputs: tensors, numbers or None.
"""

import functools
import re

from facade.core.engine import record
from facade.core.ops.return_types import result_tuple
from facade.core.shapes import kept_strides
from facade.core.tensor.history import edge_of, make_node
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor, is_floating
from facade.core.tensor.write import check_apart, check_history, check_inputs, write

_make = object.__new__
derived = set()      # subclasses of Tensor whose results are of the same class


def apply(row, statics, inputs):
    """Run a row; its result is a new tensor, or several."""
    values, tracked, moved = [], False, False
    try:
        if row.guard is not None:
            inputs = row.guard(statics, inputs) or inputs
        for each in inputs:
            if isinstance(each, Tensor):
                storage = each._storage
                values.append(each._value if storage is None or storage.clock == each._clock else each._refresh())
                if each._leaf or each._node is not None or each._base is not None:
                    tracked = True
                if each._geometry is not None:
                    moved = True
            else:
                if each.__class__ is int and not -2**63 <= each < 2**63:
                    raise OverflowError("int too big to convert")
                values.append(each)
        results, kernel = record(row, statics, values)
    except Exception:
        complain_first(inputs)
        raise
    node = None
    if tracked and modes.grad and row.differentiable and results[0].spec.dtype.kind in "fcV":
        node = make_node(kernel, inputs, values, row.node, results[0])
        if row.derivative is not None and node is not None:
            node.results = results
    if len(results) == 1 and not row.schema.returns_list:
        result = _make(Tensor)
        result._value = value = results[0]
        result._clock, result._storage, result._leaf, result._index = 0, None, False, 0
        result._node = node if node is not None and value.spec.dtype.kind in "fcV" else None
        if moved and row.kind.pointwise:
            _keep_memory_order(result, inputs)
        if node is not None and row.saves is not None:
            node.save_results((result,))
        if modes.inference:
            result._inference = True
        if derived:
            _give_class(result, inputs)
        return result
    return _several(row, results, node, inputs)


def complain_first(inputs, writes=False):
    """After an error, raise the one that torch finds earlier: it takes up the history of its inputs before it looks at their shapes.

    writes: whether the first is written to, which is looked at before.
    """
    try:
        if writes and isinstance(inputs[0], Tensor):
            check_history(inputs[0], inputs[1:])
        for each in inputs[writes:] if modes.grad else ():
            if isinstance(each, Tensor) and each._base is not None:
                edge_of(each)
    except RuntimeError as earlier:
        raise earlier from None


def _give_class(result, inputs):
    """Make a result an instance of the most derived of its inputs' classes."""
    if not modes.asks_subclasses:
        return
    for each in inputs:
        cls = each.__class__
        if cls in derived and issubclass(cls, result.__class__):
            result.__class__ = cls


def _several(row, results, node, inputs):
    tensors = [Tensor._of(value, node if node is not None and value.spec.dtype.kind in "fcV" else None, index)
               for index, value in enumerate(results)]
    if node is not None and row.saves is not None:
        node.save_results(tensors)
    if derived:
        for each in tensors:
            _give_class(each, inputs)
    if row.schema.returns_list:
        return tensors
    return result_tuple("linalg_" * (row.at == ("linalg",)) + row.name, row.schema.results, tensors)


def _keep_memory_order(result, inputs):
    shape = result._value.spec.shape
    strides = kept_strides(shape, [(each._value.spec.shape, each.strides) for each in inputs if isinstance(each, Tensor)])
    if strides is not None:
        result._geometry = strides, 0


def apply_view(row, statics, source, numbers=()):
    """Run a row that looks at the memory of `source`; numbers: indices that may change without a new program."""
    step = row, statics, tuple(numbers)
    try:
        whole = source.seen_by(step)
        (value,), kernel = record(row, statics, [whole, *numbers])
    except Exception:
        complain_first((source,))
        raise
    view = view_of(source, value, step)
    if row.strides is not None:
        strides, offset = source.strides, source._geometry[1] if source._geometry is not None else 0
        arguments = iter((source._value.spec.shape, *numbers))
        filled = [next(arguments) if static.__class__.__name__ == "ARRAY" else static for static in statics]
        view._geometry = row.strides(strides, offset, *filled)
    if not modes.grad:
        view._untracked_view = True
    elif is_floating(view):
        view._node = make_node(kernel, [source, *numbers], [whole, *numbers], row.node, value)
    if derived:
        _give_class(view, (source,))
    return view


def view_of(source, value, step):
    """A tensor that shows `value` of the memory of `source`, one more step away from the whole."""
    view = source._alias(value=value)
    view._chain = (*source._chain, step)
    if is_floating(source) and is_floating(view):
        view._base = source if source._base is None else source._base
        view._base_version = view._writes
        if source._untracked_view:
            view._untracked_view = True
        if source._multi_view is not None and modes.grad:
            view._multi_view = re.sub("Backward0?$", "", step[0].node_name), 0
    return view


def apply_inplace(row, statics, inputs):
    """Run a row and write the result to its first input, which is returned."""
    target = inputs[0]
    recorded = modes.grad
    if recorded or target._inference:
        check_history(target, inputs)
    if row.guard is not None:
        row.guard(statics, inputs)
    if target._geometry is not None:
        check_apart(target)
    values, mine = [], target._storage
    for each in inputs:
        if isinstance(each, Tensor):
            storage = each._storage
            values.append(each._value if storage is None or storage.clock == each._clock else each._refresh())
            if storage is mine and storage is not None and each is not target:
                check_inputs(target, inputs)
        else:
            if each.__class__ is int and not -2**63 <= each < 2**63:
                raise OverflowError("int too big to convert")
            values.append(each)
    results, kernel = record(row.twin, statics, values)
    node = make_node(kernel, _frozen(inputs, values), values, row.node, results[0]) if recorded and row.differentiable else None
    write(target, results[0], node)
    if node is not None:
        if node.inputs and not modes.saved_hooks and node.inputs[0] is not None:
            node.saved = _without(target, node.saved)
        if row.saves is not None:
            node.save_results((target,))
    return target


def _without(target, saved):
    """What is saved, less what the write replaced: that is kept as it was, so only the other inputs can be written to."""
    place = next((place for place, entry in enumerate(saved) if entry[0] is target), len(saved))
    return [*saved[:place], *saved[place + 1:]]


def _frozen(inputs, values):
    """The inputs of a write as saved-tensor hooks may keep them: the target as it is before."""
    return inputs if not modes.saved_hooks else (Tensor._of(values[0], *(edge_of(inputs[0]) or ())), *inputs[1:])


class _Cast:
    """The operator that converts to a dtype."""

    __slots__ = ("dtype",)

    def __init__(self, dtype):
        self.dtype = dtype

    def specialize(self, specs, statics):
        return lambda array: array.astype(self.dtype)


_cast = functools.cache(_Cast)


def cast_value(value, dtype):
    """`value` as `dtype`; itself when it is of that dtype already."""
    if value.spec.dtype == dtype.numpy:
        return value
    return record(_cast(dtype.numpy), (), [value])[0][0]


