"""Settings of NVIDIA's matrix products and of attention (torch.backends.cuda)."""

from types import SimpleNamespace

from facade.core import devices

__all__ = ["cudnn_sdp_enabled", "enable_cudnn_sdp", "enable_flash_sdp", "enable_math_sdp", "enable_mem_efficient_sdp", "flash_sdp_enabled",
           "is_built", "math_sdp_enabled", "matmul", "mem_efficient_sdp_enabled", "preferred_linalg_library"]

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True)


def is_built():
    """Whether JAX has a GPU."""
    return devices.is_available("cuda")


def preferred_linalg_library(backend=None):
    """Nothing: XLA chooses."""


def _kept():
    """A pair of functions that read and set one flag."""
    state = [True]

    def enabled():
        return state[0]

    def enable(enabled):
        state[0] = enabled
    return enabled, enable


flash_sdp_enabled, enable_flash_sdp = _kept()
mem_efficient_sdp_enabled, enable_mem_efficient_sdp = _kept()
math_sdp_enabled, enable_math_sdp = _kept()
cudnn_sdp_enabled, enable_cudnn_sdp = _kept()
