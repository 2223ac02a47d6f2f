"""Which kernel computes attention (torch.nn.attention). XLA compiles one from the formula, whatever is chosen."""

import contextlib
from enum import Enum

from facade.nn.attention import flex_attention

__all__ = ["SDPBackend", "flex_attention", "sdpa_kernel"]


class SDPBackend(Enum):
    """The kernels that torch chooses from."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __int__(self):
        return self.value

    __index__ = __int__


@contextlib.contextmanager
def sdpa_kernel(backends, set_priority=False):
    """Accept a kernel or a list of kernels for the block below, where attention is computed as everywhere: results do not depend on it."""
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(f"Backend must be an instance of SDPBackend or a list of SDPBackend instances, got {type(backends).__name__}")
    yield {}
