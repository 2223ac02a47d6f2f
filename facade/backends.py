"""The libraries behind torch's kernels, as programs ask about them (torch.backends). Here there is XLA: flags are kept, and change nothing."""

import contextlib
from types import SimpleNamespace

from facade.core import devices
from facade.core.ops.composites.attention import fast_path


def _no():
    return False


class _Flags(SimpleNamespace):
    """Settings of a library, which `flags(...)` changes for a block."""

    @contextlib.contextmanager
    def flags(self, **changed):
        """Set these flags in the block below, and set them back after it."""
        before = {name: getattr(self, name) for name in changed}
        self.__dict__.update(changed)
        try:
            yield
        finally:
            self.__dict__.update(before)


def _cuda_is_built():
    return devices.is_available("cuda")


def _keep(name):
    """A pair of functions that read and set one flag."""
    state = [True]

    def enabled():
        return state[0]

    def enable(flag):
        state[0] = flag
    return {f"{name}_enabled": enabled, f"enable_{name}": enable}


cudnn = _Flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=True, benchmark_limit=10, is_available=_no, version=lambda: None)
cuda = SimpleNamespace(
    is_built=_cuda_is_built, preferred_linalg_library=lambda backend=None: None,
    matmul=SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True),
    **_keep("flash_sdp"), **_keep("mem_efficient_sdp"), **_keep("math_sdp"), **_keep("cudnn_sdp"))
mps = SimpleNamespace(is_available=_no, is_built=_no)
mkl = SimpleNamespace(is_available=_no)
mkldnn = _Flags(enabled=False, deterministic=False, allow_tf32=True, is_available=_no)
openmp = SimpleNamespace(is_available=_no)
opt_einsum = SimpleNamespace(enabled=False, strategy=None, is_available=_no)
mha = SimpleNamespace(get_fastpath_enabled=lambda: fast_path.enabled, set_fastpath_enabled=lambda value: setattr(fast_path, "enabled", value))
