"""The GPU or TPU that JAX found, by no maker's name (torch.accelerator)."""

from facade import cpu, cuda
from facade.core import devices, engine

__all__ = ["current_accelerator", "current_device_index", "device_count", "get_device_module", "is_available", "synchronize"]


def _kind():
    return next((kind for kind in ("cuda", "tpu") if devices.is_available(kind)), None)


def is_available():
    """Whether JAX has more than processors."""
    return _kind() is not None


def device_count():
    """How many there are."""
    return len(devices.found(_kind())) if is_available() else 0


def current_accelerator(check_available=False):
    """The kind of device, or None."""
    return devices.device(_kind()) if is_available() else None


def current_device_index():
    """The number of the one in use."""
    _require()
    return 0


def synchronize(device=None):
    """Wait until everything recorded has been computed."""
    _require()
    engine.evaluate_all()


def _require():
    if not is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")


def get_device_module(device=None):
    """facade.cpu or facade.cuda, for a device or for the one in use (torch.get_device_module)."""
    kind = (_kind() or "cpu") if device is None else devices.device(device).type
    if kind not in ("cpu", "cuda"):
        raise RuntimeError(f"Invalid device module '{kind}'")
    return cuda if kind == "cuda" else cpu
