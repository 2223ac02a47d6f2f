"""NVIDIA's library of layers (torch.backends.cudnn)."""

from facade.backends._flags import absent as is_available
from facade.backends._flags import setters

__all__ = ["allow_tf32", "benchmark", "benchmark_limit", "deterministic", "enabled", "flags", "is_acceptable", "is_available", "set_flags", "version"]

enabled, benchmark, benchmark_limit, deterministic, allow_tf32 = True, False, None, False, True
set_flags, flags = setters(globals())


def version():
    """None: there is none of it."""
    return None


def is_acceptable(tensor):
    """Whether it would take this tensor."""
    return False
