"""What goes into an emitted function: which values are arguments, and how several become one."""

import numpy as np

from facade.core import engine
from facade.workbench.emitting.expressions import is_range, is_uniform

INLINE_SIZE = 4        # constants of so many elements stand in the source, as do those whose elements are all the same


def stands_in_source(each, array):
    """Whether an input is a constant that is as short as its name."""
    return each.group == "constants" and (array.size <= INLINE_SIZE or is_uniform(array) or is_range(array))


def arrays_of(values):
    """The NumPy arrays of computed values."""
    return [np.asarray(engine.computed(value).array) for value in values]


def as_arguments(handed):
    """(arguments by name, groups by name): how (input, array) pairs go into an emitted function."""
    alone, groups = {}, {}
    for each, array in handed:
        if each.group:
            groups.setdefault(each.group, {})[each.name] = array
        else:
            alone[each.name] = array
    return alone, groups


def as_list(arrays):
    """A list of arrays, from place -> array, as an argument: one array where they can be stacked."""
    if list(arrays) == list(range(len(arrays))) and len({(array.shape, array.dtype) for array in arrays.values()}) == 1:
        return np.stack(list(arrays.values()))
    return arrays
