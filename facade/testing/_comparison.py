"""assert_close: nests of tensors, arrays and numbers are taken apart into pairs, and each pair tells what is wrong with it.

Every pair is made before the first is compared, so a wrong use (one tolerance alone, a type that nothing can compare) is told first.
"""

import cmath
import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from facade.core import dtypes
from facade.core.ops.functions import ops
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

__all__ = ["assert_allclose", "assert_close"]

# rtol, atol by dtype; (0, 0) for those that are not here.
TOLERANCES = {dtypes.float16: (1e-3, 1e-5), dtypes.bfloat16: (1.6e-2, 1e-5), dtypes.float32: (1.3e-6, 1e-5), dtypes.float64: (1e-7, 1e-7),
              dtypes.complex64: (1.3e-6, 1e-5), dtypes.complex128: (1e-7, 1e-7)}
LOOSER = {dtypes.float16: (1e-3, 1e-3), dtypes.float32: (1e-4, 1e-5), dtypes.float64: (1e-5, 1e-8)}     # those of assert_allclose
_NUMBERS = {int: dtypes.int64, float: dtypes.float64, complex: dtypes.complex128}
_UNSIGNED = {dtypes.uint16, dtypes.uint32, dtypes.uint64}


class _Mismatch(Exception):
    """What is wrong, as an exception to raise, and where: the keys and indices that lead there."""

    def __init__(self, kind, text, path):
        self.kind, self.text, self.path = kind, text, path

    def error(self, msg=None):
        """The exception for the user; msg: in place of the text, or a function of it."""
        text = self.text + (f"\n\nThe failure occurred for item {''.join(str([each]) for each in self.path)}" if self.path else "")
        return self.kind(msg(text) if callable(msg) else text if msg is None else msg)


class _Options(NamedTuple):
    """What assert_close was told."""

    allow_subclasses: bool
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool

    def tolerances(self, path, *compared):
        """(rtol, atol) for these dtypes; one given alone is an error."""
        if (self.rtol is None) != (self.atol is None):
            raise _Mismatch(ValueError, "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
                            f"{'rtol' if self.rtol is None else 'atol'}.", path)
        return _loosest(TOLERANCES, *compared) if self.rtol is None else (self.rtol, self.atol)


def _loosest(table, *compared):
    return tuple(map(max, zip(*(table.get(each, (0.0, 0.0)) for each in compared))))


# ---------------------------------------------------------------- taking nests apart
def _pairs(actual, expected, options, path=()):
    """A function for each pair of leaves, which returns what is wrong with it, or None; the first misfit of the nests is raised."""
    if all(isinstance(each, Sequence) and not isinstance(each, str) for each in (actual, expected)):
        if len(actual) != len(expected):
            raise _Mismatch(AssertionError, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
        keys = range(len(actual))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        keys = _keys(actual, expected, path)
    else:
        return [_pair(actual, expected, options, path)]
    return [pair for key in keys for pair in _pairs(actual[key], expected[key], options, (*path, key))]


def _keys(actual, expected, path):
    mine, theirs = set(actual), set(expected)
    if mine != theirs:
        raise _Mismatch(AssertionError, f"The keys of the mappings do not match:\nMissing keys in the actual mapping: {sorted(theirs - mine)}\n"
                        f"Additional keys in the actual mapping: {sorted(mine - theirs)}", path)
    with contextlib.suppress(TypeError):
        return sorted(mine)
    return mine


def _pair(actual, expected, options, path):
    """The comparison that fits the kinds of the two."""
    both = actual, expected
    if actual is None or expected is None:
        return lambda: None if actual is expected else (f"None mismatch: {actual} is not {expected}", path)
    if all(isinstance(each, (bool, np.bool_)) for each in both):
        return lambda: None if bool(actual) is bool(expected) else (f"Booleans mismatch: {bool(actual)} is not {bool(expected)}", path)
    if all(isinstance(each, (*_NUMBERS, np.number)) for each in both):
        return _number_pair(*(each.item() if isinstance(each, np.number) else each for each in both), options, path)
    return _tensor_pair(actual, expected, options, path)


# ---------------------------------------------------------------- numbers
def _number_pair(actual, expected, options, path):
    rtol, atol = options.tolerances(path, *(next(_NUMBERS[kind] for kind in type(each).__mro__ if kind in _NUMBERS) for each in (actual, expected)))

    def compare():
        if options.check_dtype and type(actual) is not type(expected):
            return f"The (d)types do not match: {type(actual)} != {type(expected)}.", path
        difference = abs(actual - expected)
        is_close = actual == expected or (options.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)) \
            or (cmath.isfinite(difference) and difference <= atol + rtol * abs(expected))
        return None if is_close else (_apart("Scalars", *_of_numbers(actual, expected), rtol, atol), path)
    return compare


def _of_numbers(actual, expected):
    """What is said of two numbers: the heading, and the two differences with no place."""
    difference = abs(actual - expected)
    return f"Expected {expected} but got {actual}.", (difference, None), (difference / abs(expected) if expected != 0 else float("inf"), None)


def _apart(kind, found, absolute, relative, rtol, atol):
    """The sentences about values that are apart; absolute, relative: (difference, its index or None)."""
    is_exact = rtol == atol == 0

    def line(name, difference, index, allowed):
        told = f"{name.title()} difference: {difference}" if index is None else f"Greatest {name} difference: {difference} at index {index}"
        return told if is_exact else f"{told} (up to {allowed} allowed)"
    lines = [found, line("absolute", *absolute, atol), line("relative", *relative, rtol)]
    return "\n".join([f"{kind} are not {'equal' if is_exact else 'close'}!\n", *lines])


# ---------------------------------------------------------------- tensors
def _tensor_pair(actual, expected, options, path):
    refusal = _Mismatch(TypeError, "No comparison pair was able to handle inputs of type "
                        f"{type(actual)} and {type(expected)}.", path)
    is_related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not is_related or not options.allow_subclasses and type(actual) is not type(expected):
        raise refusal
    try:
        actual, expected = (each if isinstance(each, Tensor) else ops.as_tensor(each) for each in (actual, expected))
    except Exception:
        raise refusal from None
    rtol, atol = options.tolerances(path, actual.dtype, expected.dtype)

    def compare():
        told = _other_attribute(actual, expected, options) or _other_values(*_alike(actual, expected), rtol, atol, options.equal_nan)
        return told and (told, path)
    return compare



def _other_attribute(actual, expected, options):
    """The sentence on the first attribute in which two tensors differ, or None."""
    read = {"shape": lambda tensor: tensor.shape, "stride()": lambda tensor: tensor.stride(), "device": lambda tensor: tensor.device,
            "dtype": lambda tensor: tensor.dtype}
    checked = {"shape": True, "stride()": options.check_stride, "device": options.check_device, "dtype": options.check_dtype}
    for name in (name for name in read if checked[name]):
        found, wanted = read[name](actual), read[name](expected)
        if found != wanted:
            return f"The values for attribute '{name}' do not match: {found} != {wanted}."
    return None


def _alike(actual, expected):
    """Both in their common dtype, without history."""
    actual, expected = actual.detach(), expected.detach()
    if actual.dtype is not expected.dtype:
        common = dtypes.promote_types(*(dtypes.int64 if each.dtype in _UNSIGNED else each.dtype for each in (actual, expected)))
        return actual.to(common), expected.to(common)
    return actual, expected


def _other_values(actual, expected, rtol, atol, equal_nan):
    """The sentences on values that are not close, or None."""
    matches = actual.isclose(expected, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if matches.all():
        return None
    if not actual.ndim:
        return _apart("Scalars", *_of_numbers(actual.item(), expected.item()), rtol, atol)
    count, wrong = matches.numel(), matches.numel() - int(matches.sum())
    if not (actual.is_floating_point() or actual.is_complex()):
        actual, expected = actual.to(dtypes.int64), expected.to(dtypes.int64)
    absolute = (actual - expected).abs()
    absolute = absolute.masked_fill(matches, 0)
    relative = (absolute / expected.abs()).masked_fill(matches, 0)
    mismatched = f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})"
    return _apart("Tensor-likes", mismatched, _greatest(absolute), _greatest(relative), rtol, atol)


def _greatest(differences):
    """(the greatest, its index as ints)."""
    value, place = differences.flatten().max(0)
    return value.item(), tuple(int(each) for each in np.unravel_index(place.item(), differences.shape))


# ---------------------------------------------------------------- for users
def assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True, check_dtype=True,
                 check_layout=True, check_stride=False, msg=None):
    """AssertionError, with what is wrong and where, unless `actual` is close to `expected` (torch.testing.assert_close).

    Both: tensors, NumPy arrays, numbers, None, or sequences and mappings of these of one structure. Close: |actual - expected| is at most
    atol + rtol * |expected|; both are given, or both follow from the dtypes. equal_nan: nan equals nan. check_...: what must be the same too.
    allow_subclasses: whether a tensor may be compared with an instance of a subclass. msg: the text of the error, or a function of the text.
    """
    options = _Options(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride)
    try:
        pairs = _pairs(actual, expected, options)
    except _Mismatch as mismatch:
        raise mismatch.error() from None
    for compare in pairs:
        found = compare()
        if found is not None:
            raise _Mismatch(AssertionError, *found).error(msg)


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    """An old name of assert_close, with looser tolerances and no check of the dtype (torch.testing.assert_allclose)."""
    warn("`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. "
                  "Please use `torch.testing.assert_close()` instead. "
                  "You can find detailed upgrade instructions in https://github.com/pytorch/pytorch/issues/61844.", FutureWarning)
    actual = actual if isinstance(actual, Tensor) else ops.tensor(actual)
    expected = expected if isinstance(expected, Tensor) else ops.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        rtol, atol = _loosest(LOOSER, actual.dtype, expected.dtype)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)
