"""The state of a module as a flat dictionary of names: saving it, and loading it with a report of what does not fit.

The functions here are methods of `Module`: they take the module first.
"""

from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from itertools import chain

from facade.autograd.grad_mode import no_grad
from facade.core.tensor.node import RemovableHandle
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn
from facade.nn.parameter import Parameter, is_lazy

EXTRA = "_extra_state"


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """The names that a loaded dictionary lacked, and those that the module lacks."""

    __slots__ = ()

    def __repr__(self):
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"

    __str__ = __repr__


class _WithModule:
    """A hook that gets the module first; copying the module copies it along."""

    def __init__(self, hook, module):
        self.hook, self.module = hook, module

    def __call__(self, *args, **kwargs):
        return self.hook(self.module, *args, **kwargs)


# ---------------------------------------------------------------- saving
def get_extra_state(self):
    """What a module has to save beside parameters and buffers; for subclasses to define."""
    raise RuntimeError(_NEVER.format("get"))


def set_extra_state(self, state):
    """Take back what `get_extra_state` returned; for subclasses to define."""
    raise RuntimeError(_NEVER.format("set"))


_NEVER = ("Reached a code path in Module.{}_extra_state() that should never be called. Please file an issue at "
          "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug.")


def _save_to_state_dict(self, destination, prefix, keep_vars):
    """Put what this module itself holds into `destination`, each name after `prefix`."""
    for name, each in (*self._parameters.items(), *_persistent_buffers(self).items()):
        if each is not None:
            destination[prefix + name] = each if keep_vars or is_lazy(each) else each.detach()
    if type(self).get_extra_state is not get_extra_state:
        destination[prefix + EXTRA] = self.get_extra_state()


def _persistent_buffers(self):
    return {name: each for name, each in self._buffers.items() if name not in self._non_persistent_buffers_set}


def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
    """All parameters and persistent buffers by name, submodules' under `submodule.name`.

    keep_vars: the parameters themselves in place of tensors without history that share their memory.
    """
    if args:
        warn("Positional args are being deprecated, use kwargs instead. Refer to "
             "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details.",
             FutureWarning)
        destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args):])
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()
    metadata = {"version": self._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in self._state_dict_pre_hooks.values():
        hook(self, prefix, keep_vars)
    self._save_to_state_dict(destination, prefix, keep_vars)
    for name, module in self._modules.items():
        if module is not None:
            module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    return _after_saving(self, destination, prefix, metadata)


def _after_saving(self, destination, prefix, metadata):
    """The dictionary after the hooks, of which only those of the old interface may return another one."""
    for hook in self._state_dict_hooks.values():
        answer = hook(self, destination, prefix, metadata)
        if answer is not None and getattr(hook, "_from_public_api", False):
            raise RuntimeError("state_dict post-hook must return None")
        destination = destination if answer is None else answer
    return destination


def register_state_dict_pre_hook(self, hook):
    """Call `hook(module, prefix, keep_vars)` before the state is collected."""
    return RemovableHandle(self._state_dict_pre_hooks, hook)


def register_state_dict_post_hook(self, hook):
    """Call `hook(module, state_dict, prefix, local_metadata)` after the state is collected; it may change the dictionary in place."""
    hook._from_public_api = True
    return RemovableHandle(self._state_dict_hooks, hook)


def _register_state_dict_hook(self, hook):
    """As `register_state_dict_post_hook`, with a hook that may return another dictionary."""
    if getattr(hook, "_from_public_api", False):
        raise RuntimeError("Cannot register the same function as the state dict post hook that was previously registered via "
                           "register_state_dict_post_hook")
    return RemovableHandle(self._state_dict_hooks, hook)


# ---------------------------------------------------------------- loading
def _register_load_state_dict_pre_hook(self, hook, with_module=False):
    """Call `hook` with the arguments of `_load_from_state_dict` before this module's part is loaded."""
    return RemovableHandle(self._load_state_dict_pre_hooks, _WithModule(hook, self) if with_module else hook)


def register_load_state_dict_pre_hook(self, hook):
    """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)` before loading."""
    return _register_load_state_dict_pre_hook(self, hook, with_module=True)


def register_load_state_dict_post_hook(self, hook):
    """Call `hook(module, incompatible_keys)` after loading; it may change the two lists in place."""
    return RemovableHandle(self._load_state_dict_post_hooks, hook)


def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
    """Load what this module itself holds, and add to the three lists what does not fit."""
    for hook in self._load_state_dict_pre_hooks.values():
        hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
    held = {name: each for name, each in chain(self._parameters.items(), _persistent_buffers(self).items()) if each is not None}
    assign = local_metadata.get("assign_to_params_buffers", False)
    for name, each in held.items():
        if prefix + name in state_dict:
            _load_one(self, name, each, prefix + name, state_dict[prefix + name], assign, error_msgs)
        elif strict:
            missing_keys.append(prefix + name)
    _load_extra(self, state_dict, prefix + EXTRA, strict, missing_keys, unexpected_keys)
    if strict:
        unexpected_keys += [key for key in state_dict if key.startswith(prefix) and _is_unknown(self, key, prefix, held)]


def _load_one(self, name, held, key, given, assign, error_msgs):
    """Copy, or assign, one parameter or buffer."""
    if not isinstance(given, Tensor):
        error_msgs.append(f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint but '
                          f"received {type(given)}")
        return
    if is_lazy(held):           # neither has elements: what has some gave its shape to the held one before
        return
    if given.ndim == 1 and held.ndim == 0:          # checkpoints of before 0.4 have vectors of one element for scalars
        given = given[0]
    if given.shape != held.shape:
        error_msgs.append(f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in current model is "
                          f"{held.shape}.")
        return
    try:
        _assign(self, name, held, given) if assign else _copy(held, given)
    except Exception as failure:
        error_msgs.append(f'While copying the parameter named "{key}", whose dimensions in the model are '
                          f"{held.size()} and whose dimensions in the checkpoint are {given.size()}, an exception occurred : {failure.args}.")


def _copy(held, given):
    with no_grad():
        held.copy_(given)


def _assign(self, name, held, given):
    """Put the given tensor in the place of the held one, which says whether it requires grad."""
    if isinstance(held, Parameter):
        given = given.requires_grad_(held.requires_grad) if isinstance(given, Parameter) else Parameter(given, held.requires_grad)
    setattr(self, name, given)


def _load_extra(self, state_dict, key, strict, missing_keys, unexpected_keys):
    if type(self).set_extra_state is not set_extra_state:
        if key in state_dict:
            self.set_extra_state(state_dict[key])
        elif strict:
            missing_keys.append(key)
    elif strict and key in state_dict:
        unexpected_keys.append(key)


def _is_unknown(self, key, prefix, held):
    """Whether neither this module nor one of its submodules answers for a name."""
    name, *rest = key[len(prefix):].split(".", 1)
    return key != prefix + EXTRA and name not in (self._modules if rest else held)


def _load_tree(module, state_dict, assign, metadata, report, prefix=""):
    """Load a module and its submodules, each from the names under its prefix."""
    local = metadata.get(prefix[:-1], {}) if metadata is not None else {}
    if assign:
        local["assign_to_params_buffers"] = True
    missing, unexpected, errors = report
    module._load_from_state_dict(state_dict, prefix, local, True, missing, unexpected, errors)
    for name, child in module._modules.items():
        if child is not None:
            below = f"{prefix}{name}."
            _load_tree(child, {key: each for key, each in state_dict.items() if key.startswith(below)}, assign, metadata, report, below)
    keys = _IncompatibleKeys(missing, unexpected)
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, keys) is not None:
            raise AssertionError("Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new values, if "
                                 "incompatible_keys need to be modified, it should be done inplace.")


def load_state_dict(self, state_dict, strict=True, assign=False):
    """Load parameters and buffers by name; return the names that were missing and those that were not expected.

    strict: such names are an error; assign: take the tensors themselves in place of copying their elements.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    missing, unexpected, errors = [], [], []
    metadata = getattr(state_dict, "_metadata", None)
    state_dict = OrderedDict(state_dict)
    if metadata is not None:
        state_dict._metadata = metadata
    _load_tree(self, state_dict, assign, metadata, (missing, unexpected, errors))
    if strict:
        for kind, names in (("Unexpected", unexpected), ("Missing", missing)):
            if names:
                errors.insert(0, f"{kind} key(s) in state_dict: " + ", ".join(f'"{name}"' for name in names) + ". ")
    if errors:
        raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
    return _IncompatibleKeys(missing, unexpected)
