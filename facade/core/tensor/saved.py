"""What a node keeps while saved-tensor hooks are on: not values, but what the hooks made of them.

`pack(tensor)` sees each tensor that torch would save, in torch's order (the parameters' names, then the result), and
`unpack` gives it back when the node runs. Where torch saves the result and the pullback here starts from the inputs,
`pack` sees the result, and the inputs go through `hide` and `show`, which keep them as they are unless said otherwise.
"""

import pathlib
import traceback
from dataclasses import dataclass

from facade.core import dtypes
from facade.core.engine import Value
from facade.core.errors import broadcast_shapes
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor

PACKAGE = str(pathlib.Path(__file__).parents[2])


def _same(kept):
    return kept


@dataclass(frozen=True)
class SavedHooks:
    """One pair of hooks, and what becomes of values that torch would not have saved."""

    pack: object
    unpack: object
    hide: object = _same
    show: object = _same


def pack_tensor(hooks, tensor):
    """What `pack` makes of the tensor, to which it must not write."""
    before, modes.grad, version = modes.grad, False, tensor._writes
    try:
        packed = hooks.pack(tensor)
    finally:
        modes.grad = before
    if tensor._writes != version:
        raise RuntimeError("A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified by "
                           "in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to perform in-place "
                           "operations on the input to a pack hook.")
    return packed


def unpack_tensor(hooks, packed):
    """The tensor that `unpack` gives back."""
    tensor = hooks.unpack(packed)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(tensor).__name__}")
    return tensor


def _value_like(tensor, spec):
    """The tensor's value, fit to stand where one of `spec` was saved."""
    if tensor._value.spec.shape != spec.shape:
        broadcast_shapes(spec.shape, tensor._value.spec.shape)
        raise RuntimeError(f"saved tensor unpack_hook returned shape {list(tensor.shape)} for a tensor of shape {list(spec.shape)}")
    return tensor.value if tensor._value.spec.dtype == spec.dtype else tensor.to(dtypes.BY_NUMPY[spec.dtype]).value


def parameter_names(kernel):
    """The parameter's name for each input of a kernel; '' where its operator has no signature."""
    names = getattr(kernel.operator, "operand_names", None)
    return names(kernel.statics) if names else [""] * len(kernel.specs)


class Packed:
    """The inputs of a node, kept by hooks. slots: index of an input, or name of a result -> (hooks, what they made of it)."""

    __slots__ = ("hooks", "specs", "slots", "hidden")

    def __init__(self, hooks, kernel, inputs, values, needed, visible):
        self.hooks, self.specs, self.slots = hooks, kernel.specs, {}
        names = parameter_names(kernel)
        visible = [index for index in visible if isinstance(inputs[index], Tensor)]
        self.hidden = {index: hooks.hide(values[index]) if values[index].__class__ is Value else values[index]
                       for index in needed if index not in visible}
        for index in sorted(visible, key=lambda each: names[each]):
            self.slots[index] = hooks, pack_tensor(hooks, inputs[index])

    @classmethod
    def of_values(cls, kernel, values):
        """Values that no hooks keep yet."""
        return cls(SavedHooks(_same, _same), kernel, values, values, [index for index, each in enumerate(values) if each is not None], ())

    def pack_result(self, name, result):
        """Show the hooks a result."""
        self.slots[name] = self.hooks, pack_tensor(self.hooks, result)

    def opened(self):
        """The values by index, unpacked in the order in which they were packed."""
        seen = {index: unpack_tensor(hooks, packed) for index, (hooks, packed) in self.slots.items()}
        values = {index: _value_like(tensor, self.specs[index]) for index, tensor in seen.items() if index.__class__ is int}
        return values | {index: self.hooks.show(kept) if self.specs[index].__class__ is not type else kept
                         for index, kept in self.hidden.items()}


def place_of_making():
    """What a node remembers under anomaly detection: the program's lines that made it, and the node that was running."""
    frames = [frame for frame in traceback.extract_stack() if not frame.filename.startswith((PACKAGE, "<facade"))]
    return {"traceback_": traceback.format_list(frames), "parent_": modes.running}
