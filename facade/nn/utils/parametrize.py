"""Tensors of a module that are computed from others (torch.nn.utils.parametrize).

A parametrized tensor is a property of a class of its own that the module is given: reading it calls a list of modules on what is held
in its place, `original`, and setting it lets the modules' `right_inverse` find what to hold.
"""

import copyreg
from collections.abc import Sequence
from contextlib import contextmanager
from copy import deepcopy

from facade.autograd.grad_mode import no_grad
from facade.core.tensor.tensor import Tensor
from facade.nn.modules.container import ModuleDict, ModuleList
from facade.nn.parameter import Parameter

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
           "transfer_parametrizations_and_params", "type_before_parametrizations"]


# ---------------------------------------------------------------- the cache
class _Cache(dict):
    """What parametrized tensors were computed, by (module, name), while `depth` contexts want that kept."""

    depth = 0


_cache = _Cache()


@contextmanager
def cached():
    """Compute each parametrized tensor once in the block below, however often it is read."""
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.clear()


# ---------------------------------------------------------------- one tensor
def _register_parameter_or_buffer(module, name, tensor):
    register = module.register_parameter if isinstance(tensor, Parameter) else module.register_buffer
    register(name, tensor)


def _needs(condition, sentence, *facts):
    """Raise where the condition does not hold; facts: (what, value) for a line each."""
    if not condition:
        raise ValueError("\n".join([sentence, *(f"{what}: {value}" for what, value in facts)]))


_SEQUENCE = "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {}"


class ParametrizationList(ModuleList):
    """The modules that compute a tensor, the first from what is held: `original`, or `original0`, `original1`, ...

    unsafe: they may change the tensor's dtype and shape.
    """

    def __init__(self, modules, original, unsafe=False):
        if not len(modules):
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        kind = original.dtype, original.shape
        held = self._inverted(original)
        _needs(isinstance(held, (Tensor, Sequence)), _SEQUENCE.format(type(held).__name__))
        self.is_tensor = isinstance(held, Tensor)
        self.ntensors = 1 if self.is_tensor else len(held)
        self._hold_one(original, held) if self.is_tensor else self._hold_several(original, held)
        if not unsafe:
            self._check_result(*kind)

    @no_grad()
    def _inverted(self, value):
        for module in reversed(self):
            if hasattr(module, "right_inverse"):
                try:
                    value = module.right_inverse(value)
                except NotImplementedError:
                    pass
        return value

    def _hold_one(self, original, held):
        for what in ("dtype", "device"):
            before, after = getattr(original, what), getattr(held, what)
            _needs(before == after, f"When `right_inverse` outputs one tensor, it may not change the {what}.", (f"original.{what}", before),
                   (f"right_inverse(original).{what}", after))
        with no_grad():
            original.set_(held)
        _register_parameter_or_buffer(self, "original", original)

    def _hold_several(self, original, held):
        for place, each in enumerate(held):
            _needs(isinstance(each, Tensor), _SEQUENCE.format(f"element {place} of the sequence with type {type(each).__name__}."))
            each = Parameter(each, original.requires_grad) if isinstance(original, Parameter) else each
            _register_parameter_or_buffer(self, f"original{place}", each.requires_grad_(original.requires_grad))

    def _check_result(self, dtype, shape):
        made = self()
        _needs(isinstance(made, Tensor), f"A parametrization must return a tensor. Got {type(made).__name__}.")
        for what, before in (("dtype", dtype), ("shape", shape)):
            _needs(getattr(made, what) == before,
                   f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is enabled.",
                   (f"unparametrized {what}", before), (f"parametrized {what}", getattr(made, what)))

    @no_grad()
    def right_inverse(self, value):
        """Hold what gives this value."""
        for module in reversed(self):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
            value = module.right_inverse(value)
        if self.is_tensor:
            _needs(isinstance(value, Tensor), f"`right_inverse` should return a tensor. Got {type(value).__name__}")
            _needs(value.dtype is self.original.dtype,
                   f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype {self.original.dtype}")
            self.original.set_(value)
        else:
            self._set_several(value)

    def _set_several(self, values):
        _needs(isinstance(values, Sequence), f"'right_inverse' must return a sequence of tensors. Got {type(values).__name__}.")
        _needs(len(values) == self.ntensors, f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. "
               f"Got a sequence of length {len(values)}.")
        for place, each in enumerate(values):
            held = getattr(self, f"original{place}")
            _needs(isinstance(each, Tensor), "'right_inverse' must return a sequence of tensors or reference-type opaques. "
                   f"Got element {place} of type {type(each).__name__}.")
            _needs(each.dtype is held.dtype, f"Tensor {place} returned by `right_inverse` has dtype {each.dtype} while `original{place}` has dtype "
                   f"{held.dtype}")
            held.set_(each)

    def _originals(self):
        return ["original"] if self.is_tensor else [f"original{place}" for place in range(self.ntensors)]

    def forward(self):
        """The tensor."""
        first, *others = self
        tensor = first(*(getattr(self, name) for name in self._originals()))
        for module in others:
            tensor = module(tensor)
        return tensor


# ---------------------------------------------------------------- the class of a parametrized module
def _deepcopied(self, memo):
    """A copy of the same class, which the copied object's properties need."""
    if id(self) in memo:
        return memo[id(self)]
    replica = memo[id(self)] = self.__new__(type(self))
    replica.__dict__ = deepcopy(self.__dict__, memo)
    for slot in copyreg._slotnames(type(self)):
        if hasattr(self, slot):
            setattr(replica, slot, deepcopy(getattr(self, slot), memo))
    return replica


def _unpickleable(self):
    raise RuntimeError("Serialization of parametrized modules is only supported through state_dict(). See:\nhttps://pytorch.org/tutorials/beginner/"
                       "saving_loading_models.html#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training")


def _inject_new_class(module):
    """Give a module a class of its own."""
    cls = type(module)
    methods = {"__getstate__": _unpickleable} | ({} if hasattr(cls, "__deepcopy__") else {"__deepcopy__": _deepcopied})
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), methods)


def _inject_property(module, tensor_name):
    """Have a module's class compute a tensor when it is read."""
    def get(self):
        compute = self.parametrizations[tensor_name]
        if not _cache.depth:
            return compute()
        key = id(self), tensor_name
        if key not in _cache:
            _cache[key] = compute()
        return _cache[key]

    def put(self, value):
        self.parametrizations[tensor_name].right_inverse(value)
    setattr(type(module), tensor_name, property(get, put))


# ---------------------------------------------------------------- adding and removing
def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """Have a module compute its parameter or buffer of this name by a module, from what it was; return the module.

    What is parametrized already gets one more. parametrization: its `right_inverse`, if it has one, finds what to hold for a value;
    unsafe: it may change dtype and shape, and is not tried.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(getattr(module, tensor_name), tensor_name, parametrization)
        module.parametrizations[tensor_name].append(parametrization)
        module.parametrizations[tensor_name].unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'")
    parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _inject_new_class(module)
        module.parametrizations = ModuleDict()
    _inject_property(module, tensor_name)
    module.parametrizations[tensor_name] = parametrizations
    return module


def _check_next(before, name, parametrization):
    """Try a further parametrization on the tensor, and its inverse."""
    after = parametrization(before)
    _needs(isinstance(after, Tensor), f"A parametrization must return a tensor. Got {type(after).__name__}.")
    for what in ("dtype", "shape"):
        _needs(getattr(after, what) == getattr(before, what),
               f"Registering a parametrization may not change the {what} of the tensor, unless the `unsafe` flag is enabled.",
               (f"module.{name}.{what}", getattr(before, what)), (f"parametrization(module.{name}).{what}", getattr(after, what)))
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        held = parametrization.right_inverse(after)
    except NotImplementedError:
        return
    _needs(isinstance(held, Tensor), f"parametrization.right_inverse must return a tensor. Got: {type(held).__name__}")
    for what in ("dtype", "shape"):
        _needs(getattr(held, what) == getattr(before, what),
               f"The tensor returned by parametrization.right_inverse must have the same {what} as module.{name}, unless the `unsafe` flag is "
               "enabled.",
               (f"module.{name}.{what}", getattr(before, what)), (f"returned {what}", getattr(held, what)))


def is_parametrized(module, tensor_name=None):
    """Whether a module has a parametrized tensor, or whether this one is."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Have a module hold a tensor again: what it was computed to be, or `original`; return the module."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    held = _left(module, tensor_name, module.parametrizations[tensor_name], leave_parametrized)
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register_parameter_or_buffer(module, tensor_name, held)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def _left(module, tensor_name, parametrizations, leave_parametrized):
    """What a module holds when its parametrizations go."""
    if not parametrizations.is_tensor:
        if not leave_parametrized:
            raise ValueError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
                             "tensors.")
        value = getattr(module, tensor_name)
        return Parameter(value) if value.requires_grad else value
    if leave_parametrized:
        with no_grad():
            parametrizations.original.set_(getattr(module, tensor_name))
    return parametrizations.original


def type_before_parametrizations(module):
    """The class that a module had before any of its tensors was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module, to_module, tensor_name=None):
    """Parametrize a module's tensors, or one of them, by the modules of another, and hold what that holds; return the module."""
    if not is_parametrized(from_module):
        return to_module
    for name in from_module.parametrizations if tensor_name is None else [tensor_name]:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for each in source:
            register_parametrization(to_module, name, each)
        for original in source._originals():
            setattr(to_module.parametrizations[name], original, getattr(source, original))
    return to_module
