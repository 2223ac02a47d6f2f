"""The part of torch._C that Python programs name: who asks `__torch_function__`."""

from facade.core.ops.overriding import DisableTorchFunctionSubclass, no_torch_function as _disabled_torch_function_impl

__all__ = ["DisableTorchFunctionSubclass", "_disabled_torch_function_impl"]
