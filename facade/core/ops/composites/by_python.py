"""Python functions applied to the elements in place, one after the other: slow, as in torch, and outside of any derivative."""

import numpy as np

from facade.core import engine
from facade.core.ops.composites import composite
from facade.core.ops.composites.writing import copy_
from facade.core.tensor.tensor import Tensor, type_text


def _without_history(tensor, name):
    if tensor.requires_grad:
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")


def _replaced(self, function, *others):
    """Write what the function makes of each element, and of those of the others in its place."""
    own = self.numpy_value()
    columns = [np.broadcast_to(each.numpy_value(), own.shape).ravel().tolist() for each in (self, *others)]
    numbers = [function(*elements) for elements in zip(*columns)]
    for number in numbers:
        if not isinstance(number, (bool, int, float, complex)):
            raise TypeError(f"must be real number, not {type(number).__name__}")
    made = np.array(numbers).astype(own.dtype).reshape(own.shape)
    return copy_(self, Tensor._of(engine.constant(made)))


@composite(at="Tensor")
def apply_(self, callable):
    """Replace every element by what a Python function makes of it"""
    _without_history(self, "apply_")
    return _replaced(self, callable)


def _operand(self, other, name, shown, place):
    if not isinstance(other, Tensor):
        raise TypeError(f"{name}(): argument {shown} (position {place}) must be Tensor, not {type(other).__name__}")
    if other.dtype is not self.dtype:
        raise TypeError(f"{name}: expected {type_text(self.dtype)} for {shown} (got {type_text(other.dtype)})")
    _without_history(self, name)
    _without_history(other, name)
    return other.expand(self.shape)


@composite(at="Tensor")
def map_(self, tensor, callable):
    """Replace every element by what a Python function makes of it and of the element of another tensor there"""
    return _replaced(self, callable, _operand(self, tensor, "map_", "'other'", 1))


@composite(at="Tensor")
def map2_(self, x, y, callable):
    """Replace every element by what a Python function makes of it and of the elements of two others there"""
    return _replaced(self, callable, _operand(self, x, "map2_", "argument 'x'", 1), _operand(self, y, "map2_", "argument 'y'", 2))
