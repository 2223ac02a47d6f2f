"""Modules that find the shapes of their parameters from their first input (torch.nn.modules.lazy).

A lazy module is a module of another class whose open parameters are uninitialized. A hook before its first call has
`initialize_parameters` give them their shapes; then the hook goes, and the module is of that other class.
"""

from itertools import chain

from facade.autograd.grad_mode import no_grad
from facade.nn.parameter import UninitializedParameter, is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """What lazy modules have before the class of modules they are of; cls_to_become: what they are once their shapes are known."""

    cls_to_become = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _lazy_load_hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        """Take the shapes of what is loaded."""
        for name, each in self._open():
            given = state_dict.get(prefix + name)
            if given is not None and not is_lazy(given):
                with no_grad():
                    each.materialize(given.shape)

    def _open(self):
        return [(name, each) for name, each in chain(self._parameters.items(), self._buffers.items()) if is_lazy(each)]

    def initialize_parameters(self, *args, **kwargs):
        """Give the parameters their shapes, from what `forward` is called with; every lazy class defines it."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self):
        """Whether any parameter or buffer has no shape yet."""
        return bool(self._open())

    def _infer_parameters(self, module, args, kwargs=None):
        """Before the first call: find the shapes, and be lazy no more."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        for hook in ("_initialize_hook", "_load_hook"):
            getattr(module, hook).remove()
            delattr(module, hook)
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _replicate_for_data_parallel(self):
        raise RuntimeError("Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy forward pass to correctly "
                           "initialize the modules")


def leave_open(module, bias, device, dtype):
    """Register a weight and, where it is wanted, a bias without shapes."""
    for name in ("weight", "bias")[:1 + bool(bias)]:
        setattr(module, name, UninitializedParameter(device=device, dtype=dtype))
