"""`Variable`, the name that tensors with a history once had (torch.autograd.variable)."""


import numpy as np

from facade.core import dtypes, engine
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn


class VariableMeta(type):
    """Every tensor is a Variable."""

    def __instancecheck__(cls, other):
        return isinstance(other, Tensor)


class Variable(metaclass=VariableMeta):
    """`Variable(tensor)` is another handle on the tensor's memory, without its history; tensors need no such thing."""

    def __new__(cls, data=None, requires_grad=False, volatile=None):
        if data is None:
            return Tensor._of(engine.constant(np.zeros(0, dtypes.get_default_dtype().numpy)))
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if volatile:
            warn("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.")
        made = data._alias(type(data))
        if requires_grad and made._value.spec.dtype.kind not in "fcV":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        set_requires_grad(made, requires_grad)
        return made
