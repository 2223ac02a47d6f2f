"""What registering a hook returns (torch.utils.hooks)."""


__all__ = ["RemovableHandle"]
from facade.core.tensor.node import RemovableHandle
