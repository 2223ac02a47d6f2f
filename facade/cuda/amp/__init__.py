"""Automatic mixed precision by its old names (torch.cuda.amp)."""

from facade.cuda.amp import autocast_mode, grad_scaler  # noqa: F401
from facade.cuda.amp.autocast_mode import autocast, custom_bwd, custom_fwd
from facade.cuda.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]
