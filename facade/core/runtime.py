"""Switches that programs set for torch's own kernels. XLA decides these things itself, so they are remembered and have no effect."""

import os

__all__ = ["are_deterministic_algorithms_enabled", "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads",
           "get_num_threads", "is_deterministic_algorithms_warn_only_enabled", "set_deterministic_debug_mode", "set_float32_matmul_precision",
           "set_flush_denormal", "set_num_interop_threads", "set_num_threads", "use_deterministic_algorithms", "compiled_with_cxx11_abi",
           "has_lapack", "has_mkl", "get_file_path", "has_openmp", "has_spectral", "init_num_threads", "is_warn_always_enabled",
           "prepare_multiprocessing_environment", "set_warn_always"]

_state = {"threads": os.cpu_count() or 1, "interop_threads": os.cpu_count() or 1, "warn_always": False, "deterministic": False, "warn_only": False, "precision": "highest"}
_MODES = {"default": 0, "warn": 1, "error": 2}


def _checked_count(name, count):
    if not isinstance(count, int) or isinstance(count, bool):
        raise RuntimeError(f"{name} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError(f"{name} expects a positive integer")
    return count


def get_num_threads():
    """How many threads work on one operation, as far as the program asked."""
    return _state["threads"]


def set_num_threads(num):
    """Accepted; XLA sizes its own pool of threads when the process starts."""
    _state["threads"] = _checked_count("set_num_threads", num)


def get_num_interop_threads():
    """How many threads run operations side by side, as far as the program asked."""
    return _state["interop_threads"]


def set_num_interop_threads(num):
    """Accepted, as set_num_threads is."""
    _state["interop_threads"] = _checked_count("set_num_interop_threads", num)


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Accepted: on the CPU every operation here gives the same numbers each time."""
    _state["deterministic"], _state["warn_only"] = bool(mode), bool(warn_only)


def are_deterministic_algorithms_enabled():
    """What use_deterministic_algorithms was told."""
    return _state["deterministic"]


def is_deterministic_algorithms_warn_only_enabled():
    """Whether use_deterministic_algorithms was told to warn only."""
    return _state["warn_only"]


def set_deterministic_debug_mode(debug_mode):
    """As use_deterministic_algorithms, by number or name: 0 'default', 1 'warn', 2 'error'."""
    number = _MODES.get(debug_mode, debug_mode)
    if number not in _MODES.values():
        raise RuntimeError(f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}" if isinstance(debug_mode, str)
                           else f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(number > 0, warn_only=number == 1)


def get_deterministic_debug_mode():
    """0, 1 or 2: see set_deterministic_debug_mode."""
    return 0 if not _state["deterministic"] else 1 if _state["warn_only"] else 2


def set_float32_matmul_precision(precision):
    """Accepted: 'highest', 'high' or 'medium'; matrix products of float32 are computed in float32."""
    if precision in ("highest", "high", "medium"):
        _state["precision"] = precision


def get_float32_matmul_precision():
    """What set_float32_matmul_precision was told."""
    return _state["precision"]


def set_flush_denormal(mode):
    """False: the mode of the processor is not changed."""
    return False


# ---------------------------------------------------------------- what torch was built with
has_lapack = has_spectral = has_openmp = True      # that there is linear algebra, Fourier transforms, threads
has_mkl = False


def compiled_with_cxx11_abi():
    """True, as of torch on every system now."""
    return True


def init_num_threads():
    """Nothing: XLA sizes its own pool of threads."""


def prepare_multiprocessing_environment(path):
    """Nothing: processes need no preparation."""


def set_warn_always(b):
    """Accepted: warnings come as Python's filters let them."""
    _state["warn_always"] = bool(b)


def is_warn_always_enabled():
    """What set_warn_always was told."""
    return _state["warn_always"]


def get_file_path(*path_components):
    """The path of a file beside the package."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), *path_components)
