"""The functions that rebuild tensors and parameters, under the path by which files name them (torch._utils)."""

from facade.core.ops.composites.pickling import _rebuild_tensor, _rebuild_tensor_v2, _rebuild_tensor_v3
from facade.nn.parameter import _rebuild_parameter, _rebuild_parameter_with_state

__all__ = ["_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"]
