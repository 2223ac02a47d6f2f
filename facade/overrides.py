"""Whether an operand takes over what is done with it (torch.overrides): none does, for facade's functions do not ask `__torch_function__`."""

from facade.core.tensor.tensor import Tensor

__all__ = ["has_torch_function", "has_torch_function_unary", "has_torch_function_variadic", "is_tensor_like"]


def has_torch_function(relevant_args):
    """False."""
    return False


def has_torch_function_unary(arg):
    """False."""
    return False


def has_torch_function_variadic(*args):
    """False."""
    return False


def is_tensor_like(inp):
    """Whether it is a tensor, or calls itself one by `__torch_function__`."""
    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")
