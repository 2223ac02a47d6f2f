"""What all optimizers have in common: groups of parameters, the state of each, saving both, and hooks (torch.optim.optimizer).

The state is a dictionary keyed by the parameter itself; a saved one has the parameter's number over all groups in its place.
"""

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain

from facade.core import dtypes
from facade.core.engine import settle
from facade.core.tensor.node import RemovableHandle
from facade.core.tensor.tensor import Tensor, typename
from facade.core.warn import warn
from facade.optim._counting import new_step, scalar_for, step_dtype

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

_every_step_pre_hooks = OrderedDict()
_every_step_post_hooks = OrderedDict()
_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks", "_optimizer_state_dict_pre_hooks", "_optimizer_state_dict_post_hooks",
          "_optimizer_load_state_dict_pre_hooks", "_optimizer_load_state_dict_post_hooks")


class _Required:
    """Stands among the defaults for an option that every group must give."""

    def __repr__(self):
        return "<required parameter>"


required = _Required()


def register_optimizer_step_pre_hook(hook):
    """Call `hook(optimizer, args, kwargs)` before every step of every optimizer."""
    return RemovableHandle(_every_step_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Call `hook(optimizer, args, kwargs)` after every step of every optimizer."""
    return RemovableHandle(_every_step_post_hooks, hook)


def _type_name(value):
    """The type as torch names it in errors: torch.FloatTensor, int, collections.OrderedDict."""
    if isinstance(value, Tensor):
        return typename(value)
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class Optimizer:
    """The base of all optimizers.

    params: tensors, (name, tensor) pairs, or dicts with "params" and options of their own; defaults: the options of every other group.
    """

    def __init__(self, params, defaults):
        self.defaults = defaults
        self._prepare()
        if isinstance(params, Tensor):
            raise TypeError(f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {_type_name(params)}")
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _prepare(self):
        """Make the tables of hooks that are not there yet, and have this class's `step` call them."""
        for name in _HOOKS:
            self.__dict__.setdefault(name, OrderedDict())
        cls = type(self)
        if not getattr(cls.step, "hooked", False):
            cls.step = _hooked(cls.step)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._prepare()
        self.defaults.setdefault("differentiable", False)

    def _complete(self, **defaults):
        """Give groups that were saved by an older version the options that it did not have, and counters that were numbers a tensor."""
        for group in self.param_groups:
            for name, default in defaults.items():
                group.setdefault(name, default)
            for param in group["params"]:
                state = self.state.get(param)
                if state and "step" in state and not isinstance(state["step"], Tensor):
                    state["step"] = new_step(step_dtype(group), float(state["step"]))

    def _to_tensors(self, *names):
        """Make tensors of numbers that an older version kept in the state."""
        for group in self.param_groups:
            for param in group["params"]:
                state = self.state.get(param)
                for name in names:
                    if state and not isinstance(state[name], Tensor):
                        state[name] = scalar_for(group, state[name])

    def __repr__(self):
        groups = ("".join(f"    {name}: {group[name]}\n" for name in sorted(group) if name != "params") for group in self.param_groups)
        return f"{type(self).__name__} (" + "".join(f"\nParameter Group {index}\n{text}" for index, text in enumerate(groups)) + ")"

    @staticmethod
    def _check_implementation(fused, foreach, differentiable):
        """Raise torch's error for implementations that exclude each other."""
        if fused and differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if fused and foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")

    # ------------------------------------------------------------ training
    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters, or make them zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                else:
                    grad.detach_() if grad.grad_fn is not None else grad.requires_grad_(False)
                    grad.zero_()

    def step(self, closure=None):
        """Take one step."""
        raise NotImplementedError

    # ------------------------------------------------------------ groups
    def add_param_group(self, param_group):
        """Optimize more parameters; param_group: a dict with "params", whose other entries go before the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        _separate_names(param_group)
        self._check_tensors(param_group["params"])
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        self._check_disjoint(param_group)
        self.param_groups.append(param_group)

    def _check_tensors(self, params):
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_type_name(param)}")
            if not self.defaults.get("differentiable", None) and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")

    def _check_disjoint(self, param_group):
        params = set(param_group["params"])
        if len(params) < len(param_group["params"]):
            warn("optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                 "see github.com/pytorch/pytorch/issues/40967 for more information")
        named = "param_names" in param_group
        if any(named != ("param_names" in group) for group in self.param_groups):
            raise ValueError("all optimizer param groups should be with/without names. "
                             f"cannot add param group {'with' if named else 'without'} names to the optimizer")
        if any(not params.isdisjoint(group["params"]) for group in self.param_groups):
            raise ValueError("some parameters appear in more than one parameter group")

    # ------------------------------------------------------------ saving
    def state_dict(self):
        """The state and the options as plain dicts, {"state", "param_groups"}, in which a parameter is its number."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers, start, groups = {}, 0, []
        for group in self.param_groups:
            for number, param in enumerate(group["params"], start):
                numbers.setdefault(param, number)
            start += len(group["params"])
            options = {name: value for name, value in group.items() if name != "params"}
            groups.append(options | {"params": [numbers[param] for param in group["params"]]})
        state = {numbers[key] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        return _through_hooks(self._optimizer_state_dict_post_hooks, self, {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict):
        """Take over the state and the options that `state_dict()` of an optimizer with the same groups returned."""
        state_dict = _through_hooks(self._optimizer_load_state_dict_pre_hooks, self, state_dict.copy())
        saved = deepcopy(state_dict["param_groups"])
        if len(self.param_groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(own["params"]) != len(other["params"]) for own, other in zip(self.param_groups, saved)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        owners = {number: (param, other) for own, other in zip(self.param_groups, saved)
                  for number, param in zip(other["params"], own["params"])}
        state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in owners:
                param, group = owners[key]
                state[param] = _suited(value, param, group)
            else:
                state[key] = value
        for own, other in zip(self.param_groups, saved):
            other["params"] = own["params"]
            if "param_names" in own:
                other.setdefault("param_names", own["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    # ------------------------------------------------------------ hooks
    def register_step_pre_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` before a step; it may return other (args, kwargs)."""
        return RemovableHandle(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` after a step."""
        return RemovableHandle(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` before the state is saved."""
        return RemovableHandle(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` when the state is saved; it may return another one."""
        return RemovableHandle(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` before a state is loaded; it may return another one."""
        return RemovableHandle(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` when a state was loaded."""
        return RemovableHandle(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _hooked(step):
    """A class's `step` with the hooks before and after it."""
    @functools.wraps(step)
    def wrapper(*args, **kwargs):
        self = args[0]
        for hook in chain(_every_step_pre_hooks.values(), self._optimizer_step_pre_hooks.values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}.")
                args, kwargs = changed
        result = step(*args, **kwargs)
        for hook in chain(self._optimizer_step_post_hooks.values(), _every_step_post_hooks.values()):
            hook(self, args, kwargs)
        settle()
        return result
    wrapper.hooked = True
    return wrapper


def _through_hooks(hooks, optimizer, state_dict):
    """The state after hooks that may replace it."""
    for hook in hooks.values():
        changed = hook(optimizer, state_dict)
        state_dict = state_dict if changed is None else changed
    return state_dict


def _separate_names(group):
    """Turn what stands under "params" into a list of tensors, and the names of (name, tensor) pairs into "param_names"."""
    params = group["params"]
    if isinstance(params, Tensor):
        params = [params]
    elif isinstance(params, set):
        raise TypeError("optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will change "
                        "between runs. Please use a list instead.")
    params = list(params)
    names = [each[0] for each in params if isinstance(each, tuple)]
    group["params"] = [each[1] if isinstance(each, tuple) else each for each in params]
    if names:
        if len(names) != len(params):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        group["param_names"] = names


def _suited(value, param, group, key=None):
    """A loaded value with its tensors in the parameter's dtype and on its device; the count of steps stays as it is."""
    if isinstance(value, Tensor):
        if key == "step":
            on_device = group.get("capturable", False) or group.get("fused", False)
            return value.to(dtype=dtypes.float32, device=param.device) if on_device else value
        return value.to(dtype=param.dtype, device=param.device) if param.is_floating_point() else value.to(device=param.device)
    if isinstance(value, dict):
        return {name: _suited(each, param, group, name) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_suited(each, param, group) for each in value)
    return value
