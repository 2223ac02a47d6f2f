"""Automatic mixed precision (torch.amp)."""

from facade.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from facade.amp.grad_scaler import GradScaler

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available", "GradScaler"]
