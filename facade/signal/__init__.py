"""Processing of signals (torch.signal): the windows that a signal is looked at through."""

from facade.signal import windows

__all__ = ["windows"]
