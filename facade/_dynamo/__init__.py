"""torch.compile's front end, by the names that programs call (torch._dynamo): everything is compiled here in any case."""

from types import SimpleNamespace

from facade._dynamo.eval_frame import OptimizedModule, disable, is_compiling, list_backends, reset
from facade._dynamo.exc import InvalidBackend

__all__ = ["InvalidBackend", "OptimizedModule", "config", "disable", "is_compiling", "list_backends", "reset"]

config = SimpleNamespace(suppress_errors=False, cache_size_limit=8, recompile_limit=8, verbose=False, capture_scalar_outputs=False,
                         capture_dynamic_output_shape_ops=False, dynamic_shapes=True, automatic_dynamic_shapes=True, disable=False)
