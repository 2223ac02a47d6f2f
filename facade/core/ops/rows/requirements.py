"""Checks that rows of several families make before anything is recorded, in torch's words."""

from facade.core import dtypes
from facade.core.errors import dims_of


def dtype_of(array):
    """facade's dtype of an array or spec."""
    return dtypes.BY_NUMPY[array.dtype]


def axes_of(dim, array):
    """The dims to reduce, counted from the front; None and () mean all, and a zero-dimensional array has none."""
    axes = dims_of(dim, array.ndim)
    return axes if array.ndim else ()


def reject(array, kernel, categories=(), names=()):
    """NotImplementedError where torch has no `kernel` for this dtype: of these categories, or with these names."""
    dtype = dtype_of(array)
    if dtype.category in categories or dtype.name in names or dtype.name in ("uint16", "uint32", "uint64"):
        raise NotImplementedError(f'"{kernel}" not implemented for \'{dtype.legacy}\'')


def takes(kernel, *categories, names=()):
    """The check that torch has this kernel for the dtype of the first operand."""
    return lambda array, *rest: reject(array, kernel, categories, names)


def need_floating(array, sentence):
    """RuntimeError with that sentence, which may contain {}, unless the elements are floating-point or complex numbers."""
    dtype = dtype_of(array)
    if dtype.category < dtypes.FLOAT:
        raise RuntimeError(sentence.format(dtype.legacy))


def need_some(array, axes, name, whole):
    """IndexError, or the sentence `whole` where all dims are reduced, when there is no element to choose from."""
    if whole is not None and 0 in array.shape:
        raise RuntimeError(whole)
    for axis in axes:
        if array.shape and array.shape[axis] == 0:
            raise IndexError(f"{name}: Expected reduction dim {axis} to have non-zero size.")
