"""The array that nested Python data describes: its dtype, its shape, and torch's words for what does not fit.

Lists of Python's own numbers, which most data are, are told by the set of their classes and go to NumPy as they are.
"""

import numpy as np

from facade.core import dtypes
from facade.core.errors import unsupported
from facade.core.ops.advice import LIST_OF_ARRAYS
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once


def _infer(data):
    """The dtype torch gives to nested Python data."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)) and not isinstance(data, np.str_):
        return dtypes.of_array(data)
    if isinstance(data, complex):
        _check_complex(dtypes.get_default_dtype())
    if isinstance(data, (bool, int, float, complex)):
        return dtypes.of_number(data)
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if not _is_sequence(data):
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    found = None
    for each in [kind() for kind in set(map(type, data))] if _are_numbers(data) else data:
        inner = _infer(each)
        found = inner if found is None else dtypes.promote_types(found, inner)
    return found or dtypes.get_default_dtype()


def _check_complex(default):
    """Raise where the default dtype has no complex one."""
    if default is dtypes.float16:
        raise unsupported("torch.complex32, which complex numbers are under the default dtype torch.float16", "say dtype=torch.complex64")
    if default is dtypes.bfloat16:
        raise RuntimeError("invalid default scalar type for complex")


_NUMBERS = {float, int, bool}


def _are_numbers(data):
    """Whether these are Python's own numbers and nothing else: a million of them are asked for their classes in 10 ms."""
    return isinstance(data, (list, tuple)) and _NUMBERS.issuperset(map(type, data))


def _is_sequence(data):
    return hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, (dict, np.generic))


def _innermost(data):
    """The first element of the first element and so on of nested data, which may not be a text: that has no end."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
        if isinstance(data, str) and data:
            raise ValueError("too many dimensions 'str'")
    return data


def _sizes(data):
    """The shape of nested sequences, read down the first elements."""
    shape = []
    while isinstance(data, (list, tuple)) or hasattr(data, "__len__") and not isinstance(data, (str, np.ndarray, Tensor)):
        shape.append(len(data))
        if not len(data):
            break
        data = data[0]
    if isinstance(data, np.ndarray):
        shape += data.shape
    return shape


def _flatten(data, shape, dim, out, dtype):
    """Append the numbers of nested data; ValueError in torch's words where it is ragged."""
    if dim == len(shape):
        if isinstance(data, (list, tuple)):
            _refuse(data, dtype)
        if isinstance(data, Tensor) and data.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        out.append(data)
        return
    if not hasattr(data, "__len__"):
        raise TypeError("not a sequence")
    if len(data) != shape[dim]:
        raise ValueError(f"expected sequence of length {shape[dim]} at dim {dim} (got {len(data)})")
    if dim + 1 == len(shape) and _are_numbers(data):
        out.extend(data)
        return
    for each in data:
        _flatten(each, shape, dim + 1, out, dtype)


def array_of(data, dtype=None):
    """Nested Python data, arrays and tensors as one new NumPy array."""
    if isinstance(data, Tensor):
        data = data.numpy_value()
    elif hasattr(data, "__array__") and not isinstance(data, (np.ndarray, np.generic)):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        if not data.dtype.isnative:
            raise ValueError("given numpy array has byte order different from the native byte order. "
                             "Conversion between byte orders is currently not supported.")
        return np.array(data, (dtype or dtypes.of_array(data)).numpy)
    innermost = _innermost(data)
    dtype = dtype or _infer(data)
    if data.__class__ in _NUMBERS or _are_numbers(data):
        flat, shape = data, None
    else:
        shape, flat = _sizes(data), []
        if innermost.__class__ is np.ndarray:
            warn_once(LIST_OF_ARRAYS)
        _flatten(data, shape, 0, flat, dtype)
        if not _are_numbers(flat):
            flat = [each.item() if isinstance(each, (Tensor, np.ndarray, np.generic)) else each for each in flat]
    made = _numbers_array(flat, dtype)
    return made if shape is None else made.reshape(shape)


def _numbers_array(numbers, dtype):
    """Python numbers as an array of this dtype; torch's error for what does not fit."""
    each_number = numbers if isinstance(numbers, (list, tuple)) else (numbers,)
    if not dtype.is_complex and not _are_numbers(each_number):
        for each in each_number:
            if not isinstance(each, (bool, int, float)):
                _refuse(each, dtype)
    if dtype.category in (dtypes.INTEGER, dtypes.BOOL):
        array = np.asarray(numbers)
        most, error = (2**64, OverflowError("int too big to convert")) if dtype is dtypes.uint64 else \
            (2**63, ValueError("Overflow when unpacking long long"))
        if array.dtype.kind not in "bi" and any(each.__class__ is int and not -2**63 <= each < most for each in each_number):
            raise error
        return _integers_array(array, dtype)
    wide = np.complex128 if dtype.is_complex else np.float64
    with np.errstate(over="ignore"):
        return np.asarray(numbers, wide).astype(dtype.numpy)


def _refuse(value, dtype):
    """Raise torch's error for an element that is no real number."""
    kind = type(value).__name__
    if isinstance(value, str):
        raise TypeError(f"new(): invalid data type '{kind}'")
    raise TypeError(f"must be real number, not {kind}" if dtype.is_floating_point else f"'{kind}' object cannot be interpreted as an integer")


def _integers_array(array, dtype):
    if array.dtype == object or array.dtype.kind == "u" and dtype is not dtypes.uint64:
        raise ValueError("Overflow when unpacking long long")
    if dtype.category == dtypes.BOOL:
        return array.astype(bool)
    whole = np.trunc(array) if array.dtype.kind == "f" else array
    limits = np.iinfo(dtype.numpy)
    if whole.size and not (whole.max() <= limits.max and whole.min() >= (limits.min or -limits.max)):      # negative ones wrap in unsigned types
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    return np.asarray(whole).astype(dtype.numpy)
