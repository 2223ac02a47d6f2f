"""Helpers around training (torch.utils)."""

from facade.utils import checkpoint, dlpack, hooks

__all__ = ["checkpoint", "dlpack", "hooks"]
