"""torch.amp.GradScaler by its old name (torch.cpu.amp.grad_scaler)."""

from facade.amp.grad_scaler import deprecated_scaler

__all__ = ["GradScaler"]

GradScaler = deprecated_scaler("cpu", __name__)
