"""The base of all neural networks (torch.nn.Module).

A module is three tables, of parameters, buffers and submodules, that answer for attributes: what is assigned goes to the
table of its kind, and what no attribute answers for is looked up there.  Everything else walks these tables.
"""

import inspect
from collections import OrderedDict
from typing import TypeVar

from facade.autograd.grad_mode import no_grad
from facade.core import dtypes
from facade.core.ops import creation
from facade.core.ops.composites.questions import typename_of
from facade.core.tensor.node import RemovableHandle
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn
from facade.nn.modules import hooks, state, traversal
from facade.nn.modules.hooks import *  # noqa: F403  (found here in torch)
from facade.nn.modules.hooks import every_backward, every_backward_pre, every_forward, every_forward_pre
from facade.nn.modules.state import _IncompatibleKeys  # noqa: F401  (found here in torch)
from facade.nn.parameter import Buffer, Parameter

__all__ = ["Module", *hooks.__all__]

_OBJECT_SET = object.__setattr__
_HOOK_TABLES = ("_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
                "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_state_dict_hooks", "_state_dict_pre_hooks",
                "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks")


def _indented(text):
    """The text with all lines but the first moved in."""
    return text.replace("\n", "\n  ")


def _forward_unimplemented(self, *input):
    """Compute the output; every subclass defines it."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module:
    """A part of a model that has parameters: subclasses create them in `__init__` and compute with them in `forward`.

    training: whether the module is in training mode, which `train()` and `eval()` set for it and all below it.
    """

    dump_patches = False
    _version = 1
    training: bool
    call_super_init = False
    T_destination = TypeVar("T_destination", bound=dict)
    forward = _forward_unimplemented

    def __init__(self, *args, **kwargs):
        if not self.call_super_init and (args or kwargs):
            raise TypeError(f"{type(self).__name__}.__init__() " + (f"got an unexpected keyword argument '{next(iter(kwargs))}'" if kwargs else
                            f"takes 1 positional argument but {len(args) + 1} were given"))
        own = self.__dict__
        own["training"], own["_parameters"], own["_buffers"], own["_non_persistent_buffers_set"] = True, {}, {}, set()
        for name in _HOOK_TABLES:       # in torch's order, so that files of whole modules are equal
            own[name] = OrderedDict()
            if name == "_backward_hooks":
                own["_is_full_backward_hook"] = None
        own["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # ------------------------------------------------------------ attributes
    def __getattr__(self, name):
        own = self.__dict__
        if "_parameters" in own:                # not yet in a subclass's __init__ before super().__init__()
            for table in (own["_parameters"], own["_buffers"], own["_modules"]):
                if name in table:
                    return table[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        own = self.__dict__
        if isinstance(value, Parameter) or name in own.get("_parameters", ()):
            self._set_parameter(name, value)
        elif isinstance(value, Module) or name in own.get("_modules", ()):
            self._set_module(name, value)
        elif isinstance(value, Buffer) or name in own.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            _OBJECT_SET(self, name, value)

    def _forget(self, name, *kept):
        """Take a name out of every table but the one that it goes to."""
        for table in ("_parameters", "_buffers", "_modules"):
            if table not in kept:
                self.__dict__[table].pop(name, None)
        self.__dict__.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _set_parameter(self, name, value):
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameters before Module.__init__() call")
        if isinstance(value, Parameter):
            self._forget(name, "_parameters")
        elif value is not None:
            raise TypeError(f"cannot assign '{typename_of(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)")
        self.register_parameter(name, value)

    def _set_module(self, name, value):
        if "_modules" not in self.__dict__:
            raise AttributeError("cannot assign module before Module.__init__() call")
        if isinstance(value, Module):
            self._forget(name, "_modules")
        elif value is not None:
            raise TypeError(f"cannot assign '{typename_of(value)}' as child module '{name}' (torch.nn.Module or None expected)")
        self._modules[name] = hooks.registered(hooks.module_registration, self, name, value)

    def _set_buffer(self, name, value):
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"cannot assign '{typename_of(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None expected)")
        persistent = value.persistent if isinstance(value, Buffer) else name not in self._non_persistent_buffers_set
        if "_buffers" in self.__dict__:
            self._forget(name, "_buffers")
        if persistent or "persistent" in inspect.signature(self.register_buffer).parameters:
            self.register_buffer(name, value, *() if persistent else (False,))
        else:
            raise RuntimeError("Registering a non-persistent buffer on a Module subclass that implements register_buffer() without the persistent "
                               "argument is not allowed.")

    def __delattr__(self, name):
        table = next((table for table in ("_parameters", "_buffers", "_modules") if name in self.__dict__.get(table, ())), None)
        if table is None:
            return super().__delattr__(name)
        del self.__dict__[table][name]
        self._non_persistent_buffers_set.discard(name)

    def __dir__(self):
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[0].isdigit())

    def __getstate__(self):
        return self.__dict__.copy()

    def __setstate__(self, state):
        self.__dict__.update(state)
        for name in _HOOK_TABLES:
            self.__dict__.setdefault(name, OrderedDict())
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_is_full_backward_hook", None)

    # ------------------------------------------------------------ registering
    def register_parameter(self, name, param):
        """Add a parameter; None is one that state and iteration leave out."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign '{typename_of(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)")
        if param is not None and param.grad_fn is not None:
            raise ValueError(f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To express "
                             f"'{name}' as a function of another Tensor, compute the value in the forward() method.")
        self._parameters[name] = param if param is None else hooks.registered(hooks.parameter_registration, self, name, param)

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that is no parameter; persistent: whether `state_dict()` has it."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{typename_of(tensor)}' object to buffer '{name}' (torch Tensor or None required)")
        self._buffers[name] = hooks.registered(hooks.buffer_registration, self, name, tensor)
        self._non_persistent_buffers_set.discard(name) if persistent else self._non_persistent_buffers_set.add(name)

    def add_module(self, name, module):
        """Add a submodule, or None in the place of one."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{typename_of(module)} is not a Module subclass")
        self._check_name("module", name, "_modules", f", got: {name}")
        self._modules[name] = hooks.registered(hooks.module_registration, self, name, module)

    def register_module(self, name, module):
        """The same as `add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind, name, table, dotted=""):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename_of(name)}")
        problems = {f'{kind} name can\'t contain "."{dotted}': "." in name, f'{kind} name can\'t be empty string ""': name == "",
                    f"attribute '{name}' already exists": name not in self.__dict__[table] and hasattr(self, name)}
        order = sorted(problems, key=lambda text: not text.startswith("attribute")) if kind == "module" else problems
        for text in order:
            if problems[text]:
                raise KeyError(text)

    # ------------------------------------------------------------ one by its name
    def get_submodule(self, target):
        """The module at a path of names joined by dots; this one at the empty path."""
        module = self
        for name in target.split(".") if target else ():
            module = _step(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target, module, strict=False):
        """Put a module at a path; strict: only where one is already."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            parent.get_submodule(name)
        setattr(parent, name, module)

    def get_parameter(self, target):
        """The parameter at a path of names joined by dots."""
        path, _, name = target.rpartition(".")
        found = _step(self.get_submodule(path), name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target):
        """The buffer at a path of names joined by dots."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = _step(module, name)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    # ------------------------------------------------------------ calling
    def _call_impl(self, *args, **kwargs):
        if (self._backward_hooks or self._backward_pre_hooks or self._forward_hooks or self._forward_pre_hooks
                or every_backward or every_backward_pre or every_forward or every_forward_pre):
            return hooks.Call(self, args, kwargs).run()
        return self.forward(*args, **kwargs)

    __call__ = _wrapped_call_impl = _call_impl

    def compile(self, *args, **kwargs):
        """Nothing: what is recorded is always compiled."""

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call `hook(module, args)` before `forward`; it may return other arguments."""
        return hooks.add_forward_pre_hook(self, hook, prepend, with_kwargs)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call `hook(module, args, output)` after `forward`; it may return another output."""
        return hooks.add_forward_hook(self, hook, prepend, with_kwargs, always_call)

    def register_backward_hook(self, hook):
        """Call `hook(module, grad_input, grad_output)` after the last operation's backward: see `register_full_backward_hook`."""
        return hooks.add_backward_hook(self, hook, False, "on a single Module")

    def register_full_backward_hook(self, hook, prepend=False):
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known; it may return others."""
        return hooks.add_backward_hook(self, hook, True, "on a single Module", prepend)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call `hook(module, grad_output)` when the gradients of the outputs are known; it may return others."""
        return RemovableHandle(self._backward_pre_hooks, hook, prepend)

    # ------------------------------------------------------------ walking
    named_modules, modules, named_children, children = traversal.named_modules, traversal.modules, traversal.named_children, traversal.children
    _named_members, named_parameters, parameters = traversal._named_members, traversal.named_parameters, traversal.parameters
    named_buffers, buffers = traversal.named_buffers, traversal.buffers

    # ------------------------------------------------------------ state
    get_extra_state, set_extra_state = state.get_extra_state, state.set_extra_state
    _save_to_state_dict, state_dict = state._save_to_state_dict, state.state_dict
    register_state_dict_pre_hook, register_state_dict_post_hook = state.register_state_dict_pre_hook, state.register_state_dict_post_hook
    _register_state_dict_hook, _register_load_state_dict_pre_hook = state._register_state_dict_hook, state._register_load_state_dict_pre_hook
    register_load_state_dict_pre_hook = state.register_load_state_dict_pre_hook
    register_load_state_dict_post_hook = state.register_load_state_dict_post_hook
    _load_from_state_dict, load_state_dict = state._load_from_state_dict, state.load_state_dict

    # ------------------------------------------------------------ changing all
    def apply(self, fn):
        """Call `fn(module)` with every module below this one, then with this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn, recurse=True):
        """Replace every parameter's and buffer's elements by what `fn` makes of them; parameters stay the same objects."""
        for module in self.children() if recurse else ():
            module._apply(fn)
        for parameter in filter(_exists, self._parameters.values()):
            with no_grad():
                _replace_data(parameter, fn(parameter))
                if parameter.grad is not None:
                    _replace_gradient(parameter, fn(parameter.grad))
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args, **kwargs):
        """Move parameters and buffers to a device or to a floating-point dtype; the module itself is returned."""
        device, dtype, non_blocking, memory_format = _parsed_to(*args, **kwargs)

        def move(tensor):
            wanted = dtype if tensor.is_floating_point() or tensor.is_complex() else None
            order = {"memory_format": memory_format} if memory_format is not None and tensor.dim() in (4, 5) else {}
            return tensor.to(device=device, dtype=tensor.dtype if wanted is None else wanted, non_blocking=non_blocking, **order)
        return self._apply(move)

    def to_empty(self, *, device, recurse=True):
        """Move to a device without the elements."""
        return self._apply(lambda tensor: creation.FUNCTIONS["empty_like"](tensor, device=device), recurse)

    def cpu(self):
        """Move to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device=None):
        """Move to a GPU."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def xpu(self, device=None):
        """Not possible: JAX has no such device."""
        raise AssertionError("Torch not compiled with XPU enabled")

    def type(self, dst_type):
        """Convert every parameter and buffer, whatever its type."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self):
        """Convert what is floating-point to float32."""
        return self._convert(dtypes.float32)

    def double(self):
        """Convert what is floating-point to float64."""
        return self._convert(dtypes.float64)

    def half(self):
        """Convert what is floating-point to float16."""
        return self._convert(dtypes.float16)

    def bfloat16(self):
        """Convert what is floating-point to bfloat16."""
        return self._convert(dtypes.bfloat16)

    def _convert(self, dtype):
        return self._apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor)

    def train(self, mode=True):
        """Set training mode for this module and all below it."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Set evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Set whether the parameters are trained."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters, or make them zeros."""
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach() if parameter.grad.grad_fn is not None else parameter.grad.requires_grad_(False)
                parameter.grad.zero_()

    def share_memory(self):
        """Let other processes see the parameters and buffers."""
        return self._apply(lambda tensor: tensor.share_memory_())

    # ------------------------------------------------------------ text
    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What stands between the brackets of `repr`, for subclasses to define."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        first = extra.split("\n") if extra else []
        children = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        if len(first) == 1 and not children:
            inside = first[0]
        else:
            inside = "\n  " + "\n  ".join(first + children) + "\n" if first + children else ""
        return f"{self._get_name()}({inside})"


for _name, _method in vars(Module).items():      # <bound method Module.state_dict of ...>, wherever it is written
    if inspect.isfunction(_method) and _method.__qualname__ == _name:
        _method.__qualname__ = f"Module.{_name}"


def _exists(value):
    return value is not None


def _step(module, name):
    """An attribute on a path, with an error that names the module."""
    if not hasattr(module, name):
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    return getattr(module, name)


def _replace_data(parameter, made):
    if made is not parameter:
        parameter.data = made


def _replace_gradient(parameter, made):
    if made is not parameter.grad:
        parameter.grad = made.requires_grad_(parameter.grad.requires_grad)


def _parsed_to(*args, device=None, dtype=None, tensor=None, non_blocking=False, memory_format=None):
    """(device, dtype, non_blocking, memory_format) that `to` asks for, None where it does not."""
    for each in args:
        if isinstance(each, dtypes.dtype):
            dtype = each
        elif isinstance(each, Tensor):
            tensor = each
        elif isinstance(each, bool):
            non_blocking = each
        else:
            device = each
    if tensor is not None:
        device, dtype = tensor.device, tensor.dtype
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}")
    if dtype is not None and dtype.is_complex:
        warn("Complex modules are a new feature under active development whose design may change, and some modules might not work as "
             "expected when using complex tensors as parameters or buffers. Please file an issue at "
             "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml if a complex module does not work as expected.")
    return device, dtype, non_blocking, memory_format
