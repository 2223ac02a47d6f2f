"""Helpers around training (torch.utils)."""

from facade.utils import checkpoint, hooks

__all__ = ["checkpoint", "hooks"]
