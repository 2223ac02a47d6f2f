"""Tensors to and from other libraries without copying where that can be (torch.utils.dlpack)."""

from facade.core.ops.composites.protocol import from_dlpack


def to_dlpack(tensor):
    """A capsule that other libraries take (torch.utils.dlpack.to_dlpack)."""
    return tensor.__dlpack__()


__all__ = ["from_dlpack", "to_dlpack"]
