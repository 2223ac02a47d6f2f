"""The tensor class under its path in torch, and what files name there (torch._tensor)."""

from facade.core.ops.composites.pickling import _rebuild_from_type_v2
from facade.core.tensor.tensor import Tensor

__all__ = ["Tensor", "_rebuild_from_type_v2"]
