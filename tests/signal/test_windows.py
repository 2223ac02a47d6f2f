"""torch.signal.windows against torch, and what they refuse."""

import importlib

import pytest

from tests.worlds import both_worlds, refusal

NAMES = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "general_hamming", "hamming", "hann", "kaiser", "nuttall"]


def windows(torch):
    return importlib.import_module(f"{torch.__name__}.signal.windows")


@pytest.mark.parametrize("name", NAMES)
@both_worlds
def test_window(torch, name):
    window = getattr(windows(torch), name)
    for length in (0, 1, 2, 5, 8):
        yield window(length), window(length, sym=False, dtype=torch.float64)
    yield window(4, requires_grad=True).requires_grad
    yield refusal(lambda: window(-1)), refusal(lambda: window(3, dtype=torch.int64)), refusal(lambda: window(3, strange=1))


@both_worlds
def test_shapes_of_windows(torch):
    all_of_them = windows(torch)
    yield all_of_them.gaussian(5, std=0.7), all_of_them.kaiser(5, beta=3), all_of_them.exponential(5, tau=2.0)
    yield all_of_them.exponential(4, center=1, sym=False), all_of_them.general_hamming(4, alpha=0.3), all_of_them.general_cosine(6, a=[0.4, 0.3, 0.2])
    for call in (lambda: all_of_them.gaussian(5, std=0), lambda: all_of_them.kaiser(5, beta=-1), lambda: all_of_them.exponential(5, tau=0),
                 lambda: all_of_them.exponential(5, center=1), lambda: all_of_them.general_cosine(5, a=()), lambda: all_of_them.general_cosine(5, a=3)):
        yield refusal(call)
