"""torch.amp.GradScaler by its old name (torch.cuda.amp.grad_scaler)."""

from facade.amp.grad_scaler import deprecated_scaler

__all__ = ["GradScaler"]

GradScaler = deprecated_scaler("cuda", __name__)
