"""The processor, asked about in the words that are used for GPUs (torch.cpu)."""

from facade.core import engine
from facade.cpu import amp  # noqa: F401

__all__ = ["current_device", "device_count", "is_available", "is_initialized", "set_device", "synchronize"]


def is_available():
    """True."""
    return True


is_initialized = is_available


def device_count():
    """1."""
    return 1


def current_device():
    """Its name."""
    return "cpu"


def set_device(device):
    """Nothing: there is one."""


def synchronize(device=None):
    """Wait until everything recorded has been computed."""
    engine.evaluate_all()
