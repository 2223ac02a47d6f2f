"""What makes a tensor a Python object: its text, its numbers, its elements one by one, and arrays of other libraries."""

import numpy as np

from facade.core import dtypes, engine, printing
from facade.core.ops.composites import composite
from facade.core.ops.composites.memory import storage_offset
from facade.core.shapes import span
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor, method
from facade.core.warn import warn_once

_NO_GRAD_NUMPY = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."


# ---------------------------------------------------------------- printing
def _suffixes(tensor):
    """What is printed behind the numbers: where the tensor is and where it came from."""
    where = [] if tensor._value.spec.device is None else [f"device='{tensor.device}'"]
    try:
        node = tensor.grad_fn
    except RuntimeError:                    # a view made under no_grad, say, whose base was written to: its history is not known
        return [*where, "grad_fn=<Invalid>"]
    if node is not None:
        return [*where, f"grad_fn=<{type(node).__name__}>"]
    return [*where, "requires_grad=True"] if tensor.requires_grad else where


def _text(tensor):
    values = tensor.numpy_value()
    prefix = "tensor(" if not tensor._spreads or type(tensor) is Tensor else f"{type(tensor).__name__}("
    text = printing.tensor_text(values, tensor.dtype, default_dtype=dtypes.get_default_dtype(), suffixes=_suffixes(tensor), prefix=prefix)
    return "Parameter containing:\n" + text if tensor._is_param else text


@method
def __repr__(self, *, tensor_contents=None):
    return _text(self)


Tensor.__str__ = lambda self: _text(self)


@method
def __format__(self, format_spec):
    if self.ndim == 0 and not self._is_param:
        return self.item().__format__(format_spec)
    return object.__format__(self, format_spec)


# ---------------------------------------------------------------- numbers
@method
def item(self):
    """The one element as a Python number; RuntimeError where there are several."""
    if self._value.spec.size != 1:
        raise RuntimeError(f"a Tensor with {self._value.spec.size} elements cannot be converted to Scalar")
    return self.numpy_value().reshape(()).item()


@method
def tolist(self):
    """The elements as nested lists of Python numbers."""
    return self.numpy_value().tolist() if self._value.spec.dtype.kind != "V" else self.numpy_value().astype(np.float64).tolist()


def _number(self):
    if self._value.spec.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return self.numpy_value().reshape(()).item()


def _real_number(self, kind="double"):
    number = _number(self)
    if isinstance(number, complex):
        if number.imag:
            raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
        return number.real
    return number


@method
def __int__(self):
    return int(_real_number(self, "int64_t"))


def _untracked(self):
    """The tensor, of which a number is taken that has no history: torch says so."""
    if self.requires_grad and modes.grad:
        warn_once("Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\nConsider using tensor.detach() first.")
    return self


@method
def __float__(self):
    return float(_real_number(_untracked(self)))


Tensor.__complex__ = lambda self: complex(_number(_untracked(self)))


@method
def __index__(self):
    if self._value.spec.size != 1 or self._value.spec.dtype.kind not in "iub":
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(_number(self))


@method
def __bool__(self):
    size = self._value.spec.size
    if size != 1:
        raise RuntimeError(f"Boolean value of Tensor with {'more than one value' if size else 'no values'} is ambiguous")
    return bool(_number(self))


Tensor.is_nonzero = __bool__


@method
def __len__(self):
    if not self.ndim:
        raise TypeError("len() of a 0-d tensor")
    return self._value.spec.shape[0]


@method
def __iter__(self):
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


@method
def __contains__(self, element):
    if not isinstance(element, (Tensor, bool, int, float, complex)):
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
    return bool((self == element).any())


Tensor.__hash__ = lambda self: id(self)


@method
def __reversed__(self):
    return self.flip(0) if self.ndim else self


@method
def __dir__(self):
    return sorted(set(dir(type(self))) | set(self.__dict__))


# ---------------------------------------------------------------- arrays
def _exported(tensor):
    """The elements as a NumPy array that shares memory with the tensor from now on."""
    storage = tensor.storage_cell
    tensor.value
    if storage.mirror is None:
        storage.share(_in_memory_order(engine.read(storage.value), storage.strides))
    array = storage.mirror.array
    if tensor._chain:
        offset, width = storage_offset(tensor), array.itemsize
        memory = np.lib.stride_tricks.as_strided(array, (offset + 1,), (width,))[offset:]
        array = np.lib.stride_tricks.as_strided(memory, tensor._value.spec.shape, [step * width for step in tensor.strides])
    return array


def _in_memory_order(array, strides):
    """A copy whose elements lie in memory as the tensor's do."""
    if strides is None:
        return np.array(array, order="C")
    memory = np.empty(span(array.shape, strides), array.dtype)
    made = np.lib.stride_tricks.as_strided(memory, array.shape, [step * array.itemsize for step in strides])
    made[...] = array
    return made


@method
def numpy(self, *, force=False):
    """The elements as a NumPy array that shares the tensor's memory; RuntimeError if the tensor requires grad."""
    if force:
        return np.array(self.numpy_value())
    if modes.grad and self.requires_grad:
        raise RuntimeError(_NO_GRAD_NUMPY)
    if self._value.spec.dtype.kind == "V":
        raise TypeError(f"Got unsupported ScalarType {self.dtype.legacy}")
    if self.is_conj():
        raise RuntimeError("Can't call numpy() on Tensor that has conjugate bit set. Use tensor.resolve_conj().numpy() instead.")
    if any(row.differentiable is False or row.name in ("real", "imag", "view_as_real", "view_as_complex") for row, _, _ in self._chain):
        return np.array(self.numpy_value())
    return _exported(self)


@method
def __array__(self, dtype=None, copy=None):
    array = self.numpy()
    if copy is False and dtype not in (None, array.dtype):
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    return np.array(array, dtype) if copy else array if dtype is None else array.astype(dtype, copy=False)


@method
def __array_wrap__(self, array, context=None, return_scalar=False):
    return Tensor._of(engine.constant(np.array(array, np.uint8) if array.dtype == bool else np.array(array)))


@method
def __jax_array__(self):
    return engine.computed(self.value).array


@method
def __dlpack__(self, **options):
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return _exported(self).__dlpack__(**options)


@method
def __dlpack_device__(self):
    return (1, 0)


@composite(at="torch")
def from_dlpack(ext_tensor):
    """A tensor of what another library exports through DLPack"""
    if isinstance(ext_tensor, Tensor):
        if ext_tensor.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return ext_tensor._alias()
    return Tensor._of(engine.constant(np.from_dlpack(ext_tensor).copy()))

Tensor.name = None           # variables once had names
