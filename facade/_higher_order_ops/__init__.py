"""Control flow that depends on values, as functions (torch.cond, torch.while_loop). Python decides, as if they were written with `if` and `while`."""

from facade.core.tensor.tensor import Tensor

__all__ = ["cond", "while_loop"]


def _decided(value, name):
    if isinstance(value, Tensor) and value.numel() != 1:
        raise RuntimeError(f"Expected {name} to be bool or single-element tensor, but got {value}.")
    return bool(value)


def cond(pred, true_fn, false_fn, operands=()):
    """true_fn(*operands) where pred, a bool or a tensor of one element, is true, else false_fn(*operands); pred is read (torch.cond)."""
    return (true_fn if _decided(pred, "pred") else false_fn)(*operands)


def while_loop(cond_fn, body_fn, carried_inputs):
    """carried_inputs after body_fn has replaced them for as long as cond_fn of them is true, which is read each time (torch.while_loop)."""
    carried = tuple(carried_inputs)
    while _decided(cond_fn(*carried), "cond_fn"):
        carried = body_fn(*carried)
        carried = tuple(carried) if isinstance(carried, (tuple, list)) else (carried,)
    return carried
