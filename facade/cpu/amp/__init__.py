"""Automatic mixed precision by its old names (torch.cpu.amp)."""

from facade.cpu.amp import autocast_mode, grad_scaler  # noqa: F401
from facade.cpu.amp.autocast_mode import autocast
from facade.cpu.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast"]
