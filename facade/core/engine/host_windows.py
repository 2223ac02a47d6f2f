"""Padding, and what is computed of the windows that move over an array: ``reduce_window`` and its kin.

A fold over windows goes one axis after the other. Where windows are shorter than their rows are many, it is a fold of shifted
slices, one ufunc on whole arrays each; else each window is a row of a strided view, which the ufunc reduces.
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from facade.core.engine.host_types import greatest, least, operand, result, wide, widened

FOLDS = {
    "add": (np.add, lambda dtype: 0),
    "mul": (np.multiply, lambda dtype: 1),
    "max": (np.maximum, least),
    "min": (np.minimum, greatest),
    "and": (np.bitwise_and, lambda dtype: ~np.zeros((), dtype)),
    "or": (np.bitwise_or, lambda dtype: 0),
    "xor": (np.bitwise_xor, lambda dtype: 0),
}
"""The ufunc of each primitive that folds, and the value that changes nothing."""


class Padding(NamedTuple):
    """Where the elements of an array go in the padded one: ``places`` get those at ``kept``."""

    shape: tuple
    kept: tuple
    places: tuple

    def __call__(self, array, value, dtype=None):
        padded = np.full(self.shape, value, dtype or array.dtype) if value else np.zeros(self.shape, dtype or array.dtype)
        padded[self.places] = array[self.kept]
        return padded


def padding_of(shape, configuration):
    """The ``Padding`` by (low, high, interior) along each axis: element i lands on low + i * (interior + 1), if that is inside."""
    axes = [_axis(size, *each) for size, each in zip(shape, configuration)]
    return Padding(*map(tuple, zip(*axes))) if axes else Padding((), (), ())


def _axis(size, low, high, interior):
    step = interior + 1
    length = max(low + high + max((size - 1) * step + 1, 0), 0)
    first = max(0, -(low // step))
    last = max(first, min(size, -(-(length - low) // step)))
    start = low + first * step
    return length, slice(first, last), slice(start, start + (last - first) * step, step) if last > first else slice(0, 0)


def bind_pad(equation):
    padding = padding_of(operand(equation).shape, equation.params["padding_config"])
    return lambda array, value: padding(array, value[()])


class Windows(NamedTuple):
    """Windows over an array: how it is padded, and along each axis (count of windows, size, steps between them, spacing inside)."""

    padding: Padding
    axes: list

    def view(self, array):
        """The padded array's windows as (*counts, *sizes), without a copy."""
        counts, sizes, steps, spacings = zip(*self.axes)
        moves = [stride * step for stride, step in zip(array.strides, steps)]
        inner = [stride * spacing for stride, spacing in zip(array.strides, spacings)]
        return as_strided(array, (*counts, *sizes), (*moves, *inner), writeable=False)

    def rows(self, array):
        """A copy of the windows as (*counts, elements of a window in order)."""
        view = self.view(array)
        return view.reshape(*view.shape[: len(self.axes)], -1)


def windows_of(equation):
    """The ``Windows`` that the equation names."""
    parameters, shape = equation.params, operand(equation).shape
    ones = (1,) * len(shape)
    base, spacings = parameters.get("base_dilation", ones), parameters.get("window_dilation", ones)
    padding = padding_of(shape, [(*pair, step - 1) for pair, step in zip(parameters["padding"], base)])
    sizes, steps = parameters["window_dimensions"], parameters["window_strides"]
    counts = [max((length - spacing * (size - 1) - 1) // step + 1, 0) for length, size, step, spacing in zip(padding.shape, sizes, steps, spacings)]
    return Windows(padding, list(zip(counts, sizes, steps, spacings)))


def fold(windows, array, ufunc):
    """The fold of each window of a padded array."""
    for axis, (count, size, step, spacing) in enumerate(windows.axes):
        if size == 1 and step == 1 or array.size == 0:
            array = array[(slice(None),) * axis + (slice(count),)]
        elif size <= max(count, 8):
            array = _shifted(array, axis, ufunc, count, size, step, spacing)
        else:
            shape, strides = list(array.shape), list(array.strides)
            shape[axis : axis + 1] = count, size
            strides[axis : axis + 1] = strides[axis] * step, strides[axis] * spacing
            array = ufunc.reduce(as_strided(array, shape, strides, writeable=False), axis + 1, array.dtype)
    return array


def _shifted(array, axis, ufunc, count, size, step, spacing):
    before, span = (slice(None),) * axis, (count - 1) * step + 1
    slices = [array[(*before, slice(start, start + span, step))] for start in range(0, size * spacing, spacing)]
    folded = slices[0].copy() if len(slices) == 1 else ufunc(slices[0], slices[1])
    for each in slices[2:]:
        ufunc(folded, each, out=folded)
    return folded


def window_fold(name):
    """A binder for the fold by the primitive of this name."""
    ufunc, identity = FOLDS[name]

    def bind(equation):
        windows, dtype = windows_of(equation), operand(equation).dtype
        start = identity(wide(dtype))
        return widened(lambda array: fold(windows, windows.padding(array, start), ufunc), dtype)

    return bind


def folded_by(jaxpr):
    """The name of the one primitive that a jaxpr of two scalars applies to them, or ``None``."""
    if len(jaxpr.eqns) != 1 or len(jaxpr.invars) != 2 or jaxpr.eqns[0].invars != jaxpr.invars or jaxpr.eqns[0].outvars != jaxpr.outvars:
        return None
    name = jaxpr.eqns[0].primitive.name
    return name if name in FOLDS else None


def bind_reduce_window(equation):
    name = folded_by(equation.params["jaxpr"])
    if name is None:
        return None
    (ufunc, identity), windows, dtype = FOLDS[name], windows_of(equation), operand(equation).dtype
    start = identity(wide(dtype))
    run = widened(lambda array, initial: ufunc(fold(windows, _padded(windows, array, initial, start), ufunc), initial), dtype)
    return lambda array, initial: [run(array, initial).astype(dtype, copy=False)]


def _padded(windows, array, initial, identity):
    """Padded by the identity: the initial value is in each window once anyway, and where there is padding, as often as that."""
    return windows.padding(array, identity if all(pair[2] for pair in ()) else initial[()])


def bind_reduce(equation):
    name, axes, dtype = folded_by(equation.params["jaxpr"]), tuple(equation.params["dimensions"]), operand(equation).dtype
    if name is None:
        return None
    ufunc, identity = FOLDS[name]
    empty = {"initial": identity(wide(dtype))} if 0 in operand(equation).shape else {}
    run = widened(lambda array, initial: ufunc(ufunc.reduce(array, axes, wide(dtype), **empty), initial), dtype)
    return lambda array, initial: [run(array, initial).astype(dtype, copy=False)]


# ---- the element of each window that a comparison selects: the first of the largest, or of the smallest


def selection(equation, windows, array):
    """The place of the selected element in each window of an array before padding, and those windows' mask of NaN."""
    largest = equation.params["select_prim"].name == "ge"
    edge = -np.inf if largest else np.inf
    rows = windows.rows(windows.padding(array, edge))
    return (rows.argmax if largest else rows.argmin)(-1)
