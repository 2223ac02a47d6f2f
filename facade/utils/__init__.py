"""Helpers around training (torch.utils)."""

from facade.utils import checkpoint, data, dlpack, hooks

__all__ = ["checkpoint", "data", "dlpack", "hooks"]
