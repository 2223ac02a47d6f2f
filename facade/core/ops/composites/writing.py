"""Writing a tensor as a whole: `copy_`, `fill_`, `zero_`, and sharing or resizing its memory."""

import jax.numpy as jnp
import numpy as np

from facade.core import engine
from facade.core.errors import broadcast_shapes
from facade.core.ops.composites import composite
from facade.core.ops.composites.conversion import converted
from facade.core.ops.dispatch import apply, apply_inplace
from facade.core.ops.outputs import assign
from facade.core.ops.table import ARRAY, op
from facade.core.tensor.storage import Counter
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_writable


_COPY = op("copy(Tensor self, Tensor src) -> Tensor", lambda self, src: _broadcast_like(converted(src, self.dtype), self), node="CopyBackwards",
           inplace=True, doc="self with the elements of src", at="")


def _broadcast_like(array, target):
    return array if array.shape == target.shape else jnp.broadcast_to(array, target.shape)


@composite(at="Tensor")
def copy_(self, src, non_blocking=False):
    """Write the elements of `src`, broadcast and converted, into this tensor"""
    if isinstance(src, (bool, int, float, complex, np.generic)):
        number = src.real if isinstance(src, complex) and not self.is_complex() else src
        src = Tensor._of(engine.constant(np.asarray(number, self._value.spec.dtype)))
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    check_writable(self)
    shape, given = self._value.spec.shape, src._value.spec.shape
    if shape != given:
        _check_expands(given, shape)
    return apply_inplace(_COPY, (ARRAY, ARRAY), (self, src))


def _check_expands(given, shape):
    common = broadcast_shapes(shape, given)
    if common != shape:
        raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(common)}")


_FILL, FILL_TENSOR = (op(line, lambda self, value: _filled(self, value), inplace=True, node=node, doc="Every element replaced by value", at="")
                       for line, node in (("fill.Scalar(Tensor self, Scalar value) -> Tensor", "FillBackward2"),
                                          ("fill.Tensor(Tensor self, Tensor value) -> Tensor", "FillBackward3")))


def _filled(array, value):
    return jnp.broadcast_to(converted(value, array.dtype), array.shape)


@composite()
def fill_(self, value):
    """Make every element `value`, a number or a zero-dimensional tensor"""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    if not isinstance(value, (Tensor, bool, int, float, complex, np.generic)):
        shown = type(value).__name__
        raise TypeError(f"fill_() received an invalid combination of arguments - got ({shown}), but expected one of:\n * (Tensor value)\n"
                        f"      didn't match because some of the arguments have invalid types: (!{shown}!)\n * (Number value)\n"
                        f"      didn't match because some of the arguments have invalid types: (!{shown}!)\n")
    value = value.item() if isinstance(value, np.generic) else value
    apply_inplace(FILL_TENSOR if isinstance(value, Tensor) else _FILL, (ARRAY, ARRAY), (_each_once(self), value))
    return self


@composite(at="torch")
def fill(input, value):
    """A copy of which every element is `value`, a number or a zero-dimensional tensor"""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    return apply(FILL_TENSOR if isinstance(value, Tensor) else _FILL, (ARRAY, ARRAY), (input, value))


def _each_once(tensor):
    """The tensor, or a view that shows each element of its memory once."""
    for dim, (extent, stride) in enumerate(zip(tensor._value.spec.shape, tensor.strides)):
        if stride == 0 and extent > 1:
            tensor = tensor.narrow(dim, 0, 1)
    return tensor


_ZERO = op("zero(Tensor self) -> Tensor", lambda self: jnp.zeros_like(self), inplace=True,
           doc="Every element replaced by zero", at="")


@composite()
def zero_(self):
    """Make every element zero"""
    apply_inplace(_ZERO, (ARRAY,), (_each_once(self),))
    return self


def adopt(target, source):
    """Make `target` another handle on the memory of `source`."""
    value = source.value
    storage = source.storage_cell
    for name in ("_chain", "_geometry"):
        target.__dict__.pop(name, None)
    if source._chain:
        target._chain = source._chain
    if source._geometry is not None:
        target._geometry = source._geometry
    target._value, target._storage, target._clock = value, storage, source._clock


@composite(at="Tensor")
def resize_(self, *sizes, memory_format=None):
    """Change the shape in place; what is new is zero"""
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    version = self._writes + 1
    shape = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else tuple(sizes)
    flat = self.numpy_value().reshape(-1)
    count = int(np.prod(shape, dtype=np.int64))
    made = np.zeros(count, flat.dtype)
    made[:min(count, flat.size)] = flat[:count]
    assign(self, Tensor._of(engine.constant(made.reshape(shape))))
    self._counter = Counter(version)
    return self


@composite()
def resize_as_(self, the_template, memory_format=None):
    """Change the shape in place to that of another tensor"""
    return resize_(self, the_template.shape)
