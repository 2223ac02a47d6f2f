"""Indices that depend on data: none is clamped in silence.

XLA moves an index that is out of range inside; torch raises. An index that is known and on the CPU is looked at now, and
the error is raised where the user stands. One that is still pending, or on another device, is reduced to its first offender by
one more recorded operation, and judged when the tape is evaluated: at the latest when something is read.
"""

import functools

import jax.numpy as jnp
import numpy as np

from facade.core.engine import defer_check, record, tapes


class _Offender:
    """The operator index -> [1 or 0 for whether one is out of range, the first that is]."""

    __slots__ = ()
    sized = True

    def specialize(self, specs, statics):
        return lambda index: _offender(jnp, index, *statics)


_OFFENDER = _Offender()


def _offender(numpy, index, low, size, ignore):
    flat = index.reshape(-1).astype(np.int64)
    wrong = (flat < low) | (flat >= size)
    if ignore is not None:
        wrong &= flat != ignore
    place = wrong.argmax()
    return numpy.stack([wrong[place].astype(np.int64), flat[place]])


def check_index(index, size, message, wrap=True, ignore=None):
    """Have `message(value)` raised when a value of the integer tensor `index` does not name one of `size` places.

    wrap: whether -size to -1 count from the end; ignore: a value that is let through.
    """
    value = index.value
    if value.spec.size == 0 or value.spec.dtype.kind not in "iu":
        return
    statics = -size if wrap else 0, size, ignore
    if value.array is None or tapes.epoch.traced or value.spec.device is not None and value.bounds is None:
        (found,), _ = record(_OFFENDER, statics, [value])
        if found.array is None:
            defer_check(found, lambda pair: message(int(pair[1])) if pair[0] else None)
            return
        pair = np.asarray(found.array)
    else:
        low, high = _bounds(value)
        if low >= statics[0] and high < size:
            return
        pair = _offender(np, np.asarray(value.array), *statics)
    if pair[0]:
        raise message(int(pair[1]))


def _bounds(value):
    """The least and the greatest element of a computed value: looked up once, for a dataset's labels are checked every epoch."""
    if value.bounds is None:
        array = np.asarray(value.array)
        value.bounds = int(array.min()), int(array.max())
    return value.bounds


class _AnyWrong:
    """The operator tensors -> whether `wrong` is true of any of their elements."""

    __slots__ = ("wrong",)

    def __init__(self, wrong):
        self.wrong = wrong

    def specialize(self, specs, statics):
        return lambda *arrays: self.wrong(*arrays).any()


_any_wrong = functools.cache(_AnyWrong)


def check_none(tensors, wrong, error):
    """Have `error` raised when `wrong`, a formula on the arrays of these tensors, is true anywhere.

    wrong: a function of its own, not one made for the call, since it is recorded.
    """
    values = [each.value for each in tensors]
    if all(value.array.__class__ is np.ndarray for value in values):
        if wrong(*(value.array for value in values)).any():
            raise error
        return
    (found,), _ = record(_any_wrong(wrong), (), values)
    if found.array is None:
        defer_check(found, lambda any_wrong: error if any_wrong else None)
    elif found.array:
        raise error
