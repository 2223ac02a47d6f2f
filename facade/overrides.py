"""Types that take over what is done with them, by `__torch_function__` (torch.overrides)."""

from facade.core.ops.overriding import hand_over, overloaded
from facade.core.tensor.tensor import Tensor

__all__ = ["handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic", "is_tensor_like"]


def has_torch_function(relevant_args):
    """Whether one of these arguments is of a type that takes over."""
    return bool(overloaded(tuple(relevant_args), {})[1])


def has_torch_function_unary(arg):
    """Whether the argument is of a type that takes over."""
    return has_torch_function((arg,))


def has_torch_function_variadic(*args):
    """Whether one of the arguments is of a type that takes over."""
    return has_torch_function(args)


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """What the types among `relevant_args` make of `public_api(*args, **kwargs)`; TypeError where none of them has an answer."""
    return hand_over(public_api, public_api.__name__, overloaded(tuple(relevant_args), {})[1], args, kwargs)


def is_tensor_like(inp):
    """Whether it is a tensor, or calls itself one by `__torch_function__`."""
    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")
