"""GPUs as programs ask about them (torch.cuda): the truth where JAX has one, torch's refusal where it has none."""

import contextlib
from collections import OrderedDict

from facade.core import devices, engine
from facade.core.errors import OutOfMemoryError
from facade.core.ops.composites import sampling
from facade.cuda import amp  # noqa: F401

__all__ = ["Event", "OutOfMemoryError", "Stream", "current_device", "current_stream", "default_stream", "device", "device_count", "empty_cache",
           "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all", "init",
           "initial_seed", "ipc_collect", "is_available", "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all",
           "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated", "memory_reserved", "memory_stats",
           "reset_max_memory_allocated", "reset_peak_memory_stats", "seed", "seed_all", "set_device", "set_rng_state", "stream", "synchronize"]


def is_available():
    """Whether JAX has a GPU."""
    return devices.is_available("cuda")


def device_count():
    """How many GPUs JAX has."""
    return len(devices.found("cuda"))


def _gpu(which=None):
    """JAX's device of this number; torch's AssertionError where there is no GPU."""
    if not is_available():
        raise AssertionError("Torch not compiled with CUDA enabled")
    index = which if isinstance(which, int) else devices.device(which or "cuda").index
    return devices.found("cuda")[index or 0]


def init():
    """Nothing: JAX starts its devices itself."""
    _gpu()


def is_initialized():
    """Whether there is a GPU, which JAX has then started."""
    return is_available()


def current_device():
    """The number of the GPU in use."""
    return _gpu().id


def set_device(device):
    """Nothing but a check: JAX places arrays itself."""
    _gpu(device)


def synchronize(device=None):
    """Wait until everything recorded has been computed."""
    _gpu(device)
    engine.evaluate_all()


def get_device_name(device=None):
    """What JAX calls the GPU."""
    return _gpu(device).device_kind


def get_device_properties(device=None):
    """JAX's own device object."""
    return _gpu(device)


def get_device_capability(device=None):
    """The compute capability, as (major, minor)."""
    return tuple(map(int, str(_gpu(device).compute_capability).split(".")))


def get_arch_list():
    """The architectures compiled for ahead of time: none, XLA compiles for what it finds."""
    return []


def is_bf16_supported(including_emulation=True):
    """Whether there is a GPU: XLA computes in bfloat16 on any."""
    return is_available()


# ---------------------------------------------------------------- memory
def memory_stats(device=None):
    """What JAX tells about the memory of a GPU; empty where there is none."""
    return OrderedDict(_gpu(device).memory_stats() or {}) if is_available() else OrderedDict()


def memory_allocated(device=None):
    """The bytes in use on a GPU."""
    return memory_stats(device).get("bytes_in_use", 0)


def max_memory_allocated(device=None):
    """The most bytes that were ever in use."""
    return memory_stats(device).get("peak_bytes_in_use", 0)


def memory_reserved(device=None):
    """The bytes that JAX holds, in use or not."""
    return memory_stats(device).get("bytes_reserved", 0)


max_memory_reserved = memory_reserved


def mem_get_info(device=None):
    """(free, total) bytes of a GPU."""
    stats = _gpu(device).memory_stats()
    return stats["bytes_limit"] - stats["bytes_in_use"], stats["bytes_limit"]


def empty_cache():
    """Nothing: JAX keeps its memory."""


def ipc_collect():
    """Nothing: no memory is shared between processes."""


def reset_peak_memory_stats(device=None):
    """Nothing: JAX does not start its count anew."""
    _gpu(device)


reset_max_memory_allocated = reset_peak_memory_stats


# ---------------------------------------------------------------- random numbers
def manual_seed(seed):
    """Nothing: numbers are drawn by the default generator wherever they are needed."""


manual_seed_all = manual_seed


def seed():
    """Nothing, as manual_seed."""


seed_all = seed


def initial_seed():
    """The seed of the default generator."""
    _gpu()
    return sampling.initial_seed()


def get_rng_state(device="cuda"):
    """The state of the default generator."""
    _gpu()
    return sampling.get_rng_state()


def get_rng_state_all():
    """The state for each GPU."""
    return [sampling.get_rng_state()] * device_count()


def set_rng_state(new_state, device="cuda"):
    """Put the default generator into a state."""
    _gpu()
    sampling.set_rng_state(new_state)


# ---------------------------------------------------------------- streams
class Event:
    """A point in the stream of work. JAX has no streams to mark, so one needs a GPU but does nothing (torch.cuda.Event)."""

    def __init__(self, enable_timing=False, blocking=False, interprocess=False):
        if not is_available():
            raise RuntimeError("Tried to instantiate dummy base class Event")

    def record(self, stream=None):
        """Nothing."""

    def synchronize(self):
        """Wait for what was recorded."""
        synchronize()


class Stream:
    """A queue of work; JAX keeps its own (torch.cuda.Stream)."""

    def __init__(self, device=None, priority=0):
        if not is_available():
            raise RuntimeError("torch.cuda.Stream requires CUDA support")

    synchronize = Event.synchronize


def current_stream(device=None):
    """The one queue there is."""
    _gpu(device)
    return Stream()


default_stream = current_stream


def stream(stream):
    """Work in a stream: the block runs as it is."""
    return contextlib.nullcontext(stream)


def device(device):
    """Work on a GPU: the block runs as it is."""
    return contextlib.nullcontext(device)


def _typed(name):
    class Unavailable:
        def __new__(cls, *args, **names):
            raise TypeError(f"type torch.cuda.{name} not available. Torch not compiled with CUDA enabled.")
    Unavailable.__name__ = Unavailable.__qualname__ = name
    Unavailable.__doc__ = f"{name} on a GPU, which can only be made by `.cuda()`."
    return Unavailable


for _name in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool"):
    globals()[f"{_name}Tensor"] = _typed(f"{_name}Tensor")
