"""Padding, and what is computed of the windows that move over an array: ``reduce_window`` and its kin.

A fold over windows goes one axis after the other. Where windows are shorter than their rows are many, it is a fold of shifted
slices, one ufunc on whole arrays each; else each window is a row of a strided view, which the ufunc reduces.
"""

import itertools
import math
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
    """Where the elements of an array go in the padded one: ``places`` get those at ``kept``, or all stay (``is_nothing``)."""

    is_nothing: bool
    shape: tuple
    kept: tuple
    places: tuple

    def __call__(self, array, value):
        if self.is_nothing:
            return array
        padded = np.empty(self.shape, array.dtype)
        padded[...] = value
        padded[self.places] = array[self.kept]
        return padded


def padding_of(shape, configuration):
    """The ``Padding`` by (low, high, interior) along each axis: element i lands on low + i * (interior + 1), if that is inside."""
    axes = [_axis(size, *each) for size, each in zip(shape, configuration)]
    is_nothing = all(low == high == 0 and (interior == 0 or size < 2) for size, (low, high, interior) in zip(shape, configuration))
    return Padding(is_nothing, *(tuple(axis[part] for axis in axes) for part in range(3)))


def _axis(size, low, high, interior):
    step = interior + 1
    length = max(low + high + max((size - 1) * step + 1, 0), 0)
    first = max(0, -(low // step))
    last = max(first, min(size, -(-(length - low) // step)))
    start = low + first * step
    return length, slice(first, last), slice(start, start + (last - first) * step, step) if last > first else slice(0, 0)


def bind_pad(equation):
    padding = padding_of(operand(equation).shape, equation.params["padding_config"])
    return padding


class Windows(NamedTuple):
    """Windows over an array: how it is padded, and along each axis (count of windows, size, steps between them, spacing inside)."""

    padding: Padding
    axes: list

    def offsets(self):
        """For each element of a window, in order, the index of the padded array that takes it from all windows."""
        slices = [[slice(at * spacing, at * spacing + max((count - 1) * step + 1, 0), step) for at in range(size)]
                  for count, size, step, spacing in self.axes]
        return itertools.product(*slices)


def windows_of(equation, array=None):
    """The ``Windows`` that the equation names, over its first argument or one like ``array``."""
    parameters, shape = equation.params, (array or operand(equation)).shape
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
    windows = windows_of(equation)
    return generic(equation, lambda array, ufunc, start: fold(windows, windows.padding(array, start), ufunc))


def bind_reduce(equation):
    axes = tuple(equation.params["dimensions"])
    return generic(equation, lambda array, ufunc, start: ufunc.reduce(array, axes, array.dtype, initial=start))


def generic(equation, folding):
    """A fold by a jaxpr of two scalars, from an initial value, if the jaxpr is no more than one primitive of ``FOLDS``."""
    name, dtype = folded_by(equation.params["jaxpr"]), operand(equation).dtype
    if name is None:
        return None
    ufunc, identity = FOLDS[name]
    start = identity(wide(dtype))
    run = widened(lambda array, initial: ufunc(folding(array, ufunc, start), initial), dtype)
    return lambda array, initial: [run(array, initial).astype(dtype, copy=False)]


# ---- the element of each window that a comparison selects


def selector(equation, array):
    """A function from an array like this one to the flat place in it of the element that each window selects, -1 for none."""
    windows, select = windows_of(equation, array), {"ge": np.greater_equal, "le": np.less_equal}[equation.params["select_prim"].name]
    numbered = windows.padding(np.arange(1, math.prod(array.shape) + 1).reshape(array.shape), 0) - 1
    offsets = list(windows.offsets())

    def run(array):
        padded = windows.padding(array, 0)
        values, places = padded[offsets[0]], numbered[offsets[0]]
        for offset in offsets[1:]:
            others, there = padded[offset], numbered[offset]
            taken = (there >= 0) & ((places < 0) | ~select(values, others))
            values, places = np.where(taken, others, values), np.where(taken, there, places)
        return places

    return run


def bind_select_and_scatter(equation):
    """Each number of the first argument is added where its window of the second selects."""
    shape, dtype = result(equation).shape, operand(equation).dtype
    select = selector(equation, equation.invars[1].aval)

    def run(source, array):
        places, spread = select(array), np.zeros(math.prod(shape), source.dtype)
        np.add.at(spread, places[places >= 0], source[places >= 0])
        return spread.reshape(shape)

    return widened(run, dtype)


def bind_select_and_gather(equation):
    """What the first argument has where the windows of the second select."""
    select = selector(equation, equation.invars[1].aval)

    def run(tangents, array):
        places = select(array)
        return np.where(places < 0, 0, tangents.ravel()[places])

    return widened(run, operand(equation).dtype)


WINDOWS = {
    "pad": bind_pad,
    "reduce": bind_reduce,
    "reduce_window": bind_reduce_window,
    "reduce_window_max": window_fold("max"),
    "reduce_window_min": window_fold("min"),
    "reduce_window_sum": window_fold("add"),
    "select_and_gather_add": bind_select_and_gather,
    "select_and_scatter_add": bind_select_and_scatter,
}
