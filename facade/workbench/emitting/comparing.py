"""What an emitted program computes, held against what was recorded."""

import numpy as np


def difference(actual, expected):
    """The largest difference between two arrays, as a share of the largest element expected; a text where their kinds differ."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return f"{actual.dtype}{list(actual.shape)} instead of {expected.dtype}{list(expected.shape)}"
    if not actual.size:
        return 0.0
    is_inexact = expected.dtype.kind not in "biu"
    apart = np.abs(actual.astype(np.complex128) - expected.astype(np.complex128))
    is_same = (actual == expected) | (np.isnan(actual) & np.isnan(expected) if is_inexact else False)
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0) if is_inexact else 1
    return float(np.where(is_same, 0, apart).max() / (scale or 1))


def compare(what, actual, expected, tolerance):
    """Raise AssertionError where a result of the emitted program is not what was recorded."""
    apart = difference(actual, expected)
    if isinstance(apart, str) or not apart <= tolerance:
        raise AssertionError(f"the emitted program computes another {what}: {apart if isinstance(apart, str) else f'{apart:.2g} apart'}")
