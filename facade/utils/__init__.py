"""Helpers around training (torch.utils)."""

import weakref

from facade.core.tensor.tensor import Tensor
from facade.utils import benchmark, checkpoint, data, dlpack, hooks

__all__ = ["benchmark", "checkpoint", "data", "dlpack", "hooks", "set_module", "swap_tensors"]

_SLOTS = "_value", "_clock", "_storage", "_node", "_index", "_leaf"


def swap_tensors(t1, t2):
    """Have two tensors change places: each becomes what the other was, class and attributes included, for all who hold it."""
    for name, tensor in (("t1", t1), ("t2", t2)):
        accumulates = tensor._accumulate is not None and tensor._accumulate() is not None
        if weakref.getweakrefcount(tensor):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
        if accumulates:
            raise RuntimeError("accumulate_grad was not nullptr")
    t1.__class__, t2.__class__ = t2.__class__, t1.__class__
    t1.__dict__, t2.__dict__ = t2.__dict__, t1.__dict__
    for name in _SLOTS:
        one, other = getattr(t1, name), getattr(t2, name)
        Tensor.__dict__[name].__set__(t1, other)
        Tensor.__dict__[name].__set__(t2, one)


def set_module(obj, mod):
    """Say that `obj` is of the module of this name."""
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod
