"""Helpers around training (torch.utils)."""

from facade.utils import hooks

__all__ = ["hooks"]
