"""Numbers that torch.compile would know by symbols. Shapes are numbers here, so these are Python's own functions (torch.sym_int, ...)."""

import math

import numpy as np

from facade.core.ops.composites import composite

_REAL = (np.integer, np.floating, int, float)


def _float_if_any(choose):
    """As Python's max and min, with a float where one of the two is."""
    def chosen(a, b):
        for each in (a, b):
            if not isinstance(each, _REAL):
                raise AssertionError(f"expected {_REAL}, got {type(each)}")
        return choose(float(a), float(b)) if isinstance(a, float) or isinstance(b, float) else choose(a, b)
    chosen.__doc__ = f"Python's {choose.__name__} of two numbers, a float where one of them is"
    return chosen


@composite(at="torch")
def sym_int(a):
    """The number without what is behind its point"""
    return math.ceil(a) if isinstance(a, float) and a < 0 else math.floor(a) if isinstance(a, float) else int(a)


@composite(at="torch")
def sym_float(a):
    """The number as a float"""
    return float(a)


@composite(at="torch")
def sym_not(a):
    """Whether it is false"""
    return not a


@composite(at="torch")
def sym_sqrt(a):
    """The square root"""
    return math.sqrt(a)


@composite(at="torch")
def sym_sum(args):
    """The sum of a list of numbers"""
    return sum(args)


@composite(at="torch")
def sym_ite(b, t, f):
    """t where b is true, else f, which is of the same type"""
    return t if b else f


composite(at="torch", name="sym_max")(_float_if_any(max))
composite(at="torch", name="sym_min")(_float_if_any(min))
