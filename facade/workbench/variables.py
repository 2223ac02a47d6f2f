"""The variables of whoever asks: which tensors they lead to, and by what names."""

from facade.core.tensor.tensor import Tensor
from facade.nn.modules.module import Module

_FRAMES = 6         # how many dictionaries of variables are looked through for names: two for each function


def variables(frame):
    """(name, thing) for the variables of the function that asks, and of those that called it; the nearest last."""
    found = []
    while frame is not None and len(found) < _FRAMES:
        found.insert(0, list(frame.f_locals.items()))
        found.insert(0, list(frame.f_globals.items()))
        frame = frame.f_back
    return [pair for variables in found for pair in variables]


def named_tensors(frame):
    """(name, tensor, module that holds it or None) for all tensors that the variables lead to."""
    for name, thing in variables(frame):
        if isinstance(thing, Tensor) and not name.startswith("_"):
            yield name, thing, None
        elif isinstance(thing, Module):
            for path, module in thing.named_modules(prefix=name):
                held = module._parameters | module._buffers | {key: each for key, each in vars(module).items() if isinstance(each, Tensor)}
                yield from ((f"{path}.{key}", each, module) for key, each in held.items() if each is not None)


def names_of(frame):
    """id of a tensor -> the name of a variable, or of a module's attribute, that holds it."""
    return {id(tensor): name for name, tensor, _ in named_tensors(frame)}
