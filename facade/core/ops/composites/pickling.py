"""How tensors are pickled: as PyTorch does, by the function that rebuilds one on its storage.

A file that either wrote can so be read by both. What users set on a tensor goes along, what facade keeps there does not.
"""

from collections import OrderedDict

from facade.core import dtypes
from facade.core.ops.composites.storages import NAME_OF, tensor_on
from facade.core.ops.rows.shape import CONJ
from facade.core.tensor.tensor import Tensor, method
from facade.core.warn import warn

_UTILS, _TENSOR = "facade._utils", "facade._tensor"        # where torch has the functions that files name


def at_home(module):
    """Have pickle find the function below under the path that it has in torch."""
    def move(function):
        function.__module__ = module
        return function
    return move


# ---------------------------------------------------------------- attributes
def _is_ours(name):
    """Whether facade itself keeps something under this name."""
    return name != "_is_param" and (name.startswith("_") and hasattr(Tensor, name) or name == "__class__")


def user_state(tensor):
    """What was set on a tensor from outside; what its class says where that defines `__getstate__`."""
    if type(tensor).__getstate__ is not object.__getstate__:
        return tensor.__getstate__()
    return {name: value for name, value in tensor.__dict__.items() if not _is_ours(name)}


def restore_state(tensor, state):
    """Set on a tensor what `user_state` found."""
    if hasattr(type(tensor), "__setstate__"):
        tensor.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    for name, value in {**(state or {}), **(slots or {})}.items():
        if _is_ours(name):
            raise ValueError(f"the attribute '{name}' of a saved tensor is one that facade keeps itself")
        setattr(tensor, name, value)


# ---------------------------------------------------------------- writing
@method
def __reduce_ex__(self, protocol):
    state = user_state(self)
    rebuild, arguments = _reduced(self)
    if type(self) is Tensor and not state:
        return rebuild, arguments
    return _rebuild_from_type_v2, (rebuild, type(self), arguments, state)


def _reduced(tensor):
    for hook in (() if tensor._hooks is None else tensor._hooks.arriving(0).values()):
        if not getattr(hook, "__torch_unserializable__", False):
            warn(f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the function with "
                 "@torch.utils.hooks.unserializable_hook to suppress this warning")
    conjugate = sum(row is CONJ for row, _, _ in tensor._chain) % 2 == 1
    if conjugate and not tensor.dtype.is_complex:       # the imaginary part of a conjugate: no strides show it
        tensor, conjugate = tensor.detach().clone().requires_grad_(tensor.requires_grad), False
    offset = tensor._geometry[1] if tensor._geometry is not None else 0
    strides = (*tensor.strides,)        # a tuple of its own: pickle names equal objects anew and the same one by number
    place = offset, tuple(tensor.shape), strides, tensor.requires_grad, OrderedDict()
    metadata = ({"conj": True},) if conjugate else ()
    if tensor.dtype in NAME_OF:
        return _rebuild_tensor_v2, (tensor._typed_storage(), *place, *metadata)
    return _rebuild_tensor_v3, (tensor.untyped_storage(), *place, tensor.dtype, *metadata)


# ---------------------------------------------------------------- reading
def _rebuilt(storage, dtype, offset, size, stride, requires_grad, backward_hooks, metadata):
    if not isinstance(dtype, dtypes.dtype):
        raise TypeError(f"the dtype of a saved tensor must be a torch.dtype, not {type(dtype).__name__}")
    tensor = tensor_on(storage, dtype, offset, size, stride)
    for flag in metadata or ():
        if flag == "conj" and metadata[flag]:
            tensor = tensor.conj().detach()
        elif flag == "neg" and metadata[flag]:
            tensor = tensor.neg()
    tensor.requires_grad = requires_grad
    for hook in (backward_hooks or {}).values():
        tensor.register_hook(hook)
    return tensor


@at_home(_UTILS)
def _rebuild_tensor(storage, storage_offset, size, stride):
    """A tensor on a typed storage, as files before PyTorch 0.4 name it."""
    return tensor_on(storage, storage.dtype, storage_offset, size, stride)


@at_home(_UTILS)
def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    """A tensor on a typed storage."""
    return _rebuilt(storage, storage.dtype, storage_offset, size, stride, requires_grad, backward_hooks, metadata)


@at_home(_UTILS)
def _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
    """A tensor of a dtype that has no class of storages."""
    return _rebuilt(storage, dtype, storage_offset, size, stride, requires_grad, backward_hooks, metadata)


@at_home(_TENSOR)
def _rebuild_from_type_v2(func, new_type, args, state):
    """A tensor of a subclass, or with attributes."""
    made = func(*args)
    if type(made) is not new_type:
        made = made.as_subclass(new_type)
    restore_state(made, state)
    return made
