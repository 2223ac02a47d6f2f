"""What registering a hook returns (torch.utils.hooks)."""

from facade.core.tensor.history import RemovableHandle

__all__ = ["RemovableHandle"]
