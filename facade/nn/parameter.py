"""The tensors of a module: parameters, which are trained, and buffers, which are not (torch.nn.parameter)."""

from collections import OrderedDict

from facade.core.ops import creation, expose
from facade.core.ops.composites.pickling import at_home, restore_state, user_state
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "UninitializedTensorMixin", "is_lazy"]


class _ParameterMeta(type):
    """Makes a tensor of any class that is marked as a parameter an instance of Parameter."""

    def __instancecheck__(cls, instance):
        return super().__instancecheck__(instance) or cls is Parameter and isinstance(instance, Tensor) and instance._is_param


class Parameter(Tensor, metaclass=_ParameterMeta):
    """A tensor that counts as a parameter of the module it is assigned to. It has the memory of `data`, and no history.

    >>> Parameter(torch.zeros(3))
    Parameter containing:
    tensor([0., 0., 0.], requires_grad=True)
    """

    __slots__ = ()
    _is_param = True
    _spreads = False

    def __new__(cls, data=None, requires_grad=True):
        data = creation.FUNCTIONS["empty"](0) if data is None else data
        if type(data) is not Tensor and type(data) is not Parameter:
            return _marked(data, requires_grad)
        if not isinstance(requires_grad, bool):
            raise TypeError(f"_make_subclass(): argument 'require_grad' (position 3) must be bool, not {type(requires_grad).__name__}")
        if requires_grad and data._value.spec.dtype.kind not in "fcV":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made = data._alias(cls)
        if data._inference:
            made._inference = True
        set_requires_grad(made, requires_grad)
        return made

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol):
        state, arguments = user_state(self), (self.data, self.requires_grad, OrderedDict())
        return (_rebuild_parameter_with_state, (*arguments, state)) if state else (_rebuild_parameter, arguments)


def _marked(data, requires_grad):
    """A tensor of another class, which keeps its class and becomes a parameter by its mark."""
    if isinstance(data, Parameter):
        raise RuntimeError(f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns an instance of the "
                           f"same type, but return type {Tensor.__name__} was found instead. To use the type as a Parameter, please correct the "
                           "detach() semantics defined by its __torch_dispatch__() implementation.")
    made = data.detach()._alias(type(data)).requires_grad_(requires_grad)
    made._is_param = True
    return made


@at_home("facade._utils")
def _rebuild_parameter(data, requires_grad, backward_hooks):
    """A parameter from a file."""
    made = Parameter(data, requires_grad)
    for hook in backward_hooks.values():
        made.register_hook(hook)
    return made


@at_home("facade._utils")
def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    """A parameter with attributes from a file."""
    made = _rebuild_parameter(data, requires_grad, backward_hooks)
    restore_state(made, state)
    return made


class _BufferMeta(type):
    """Makes a tensor that is marked as a buffer an instance of Buffer."""

    def __instancecheck__(cls, instance):
        return super().__instancecheck__(instance) or cls is Buffer and isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that counts as a buffer of the module it is assigned to; persistent: whether `state_dict()` has it."""

    __slots__ = ()
    _spreads = False

    def __new__(cls, data=None, *, persistent=True):
        data = creation.FUNCTIONS["empty"](0) if data is None else data
        made = data.detach().requires_grad_(data.requires_grad)
        made.persistent, made._is_buffer = persistent, True
        return made


# ---------------------------------------------------------------- tensors whose shape is not known yet
_USED = ("Attempted to use an uninitialized parameter in {}. This error happens when you are using a `LazyModule` or explicitly manipulating "
         "`torch.nn.parameter.{}` objects. When using LazyModules Call `forward` with a dummy batch to initialize the parameters before calling "
         "torch functions")


class UninitializedTensorMixin:
    """What tensors have in common that get their shape later: until then they know their dtype and device, and refuse to be used."""

    __slots__ = ()

    @classmethod
    def _empty(cls, requires_grad, device, dtype):
        made = creation.FUNCTIONS["empty"](0, device=device, dtype=dtype)._alias(cls)
        set_requires_grad(made, requires_grad)
        made._clock = _STALE
        return made

    def materialize(self, shape, device=None, dtype=None):
        """Become a tensor of this shape, uninitialised, of the class `cls_to_become`."""
        held = self.data
        self.__class__ = self.cls_to_become
        self.data = creation.FUNCTIONS["empty"](shape, device=held.device if device is None else device, dtype=held.dtype if dtype is None else dtype)

    @property
    def data(self):
        """An empty tensor of the dtype and on the device."""
        return Tensor._of(self._value)

    @data.setter
    def data(self, source):
        Tensor.data.__set__(self, source)
        self._clock = _STALE

    @property
    def shape(self):
        """Not known."""
        raise RuntimeError("Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` when "
                           "trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters before "
                           "accessing their attributes.")

    def share_memory_(self):
        """Not possible."""
        raise RuntimeError("Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters before calling "
                           "`module.share_memory()`.")

    def _refresh(self):
        raise ValueError(_USED.format("a function", type(self).__name__))

    def __repr__(self):
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __reduce_ex__(self, protocol):
        return type(self), (self.requires_grad,)


_STALE = -1         # a clock that no storage shows: whoever wants the value is sent to `_refresh`
_ALLOWED = ("size", "is_complex", "is_floating_point", "half", "float", "double", "char", "short", "int", "long", "cuda", "cpu", "to", "get_device",
            "copy_")


def _delegated(name):
    def method(self, *args, **kwargs):
        return getattr(self.data, name)(*args, **kwargs)
    return method


def _refused(name):
    def method(self, *args, **kwargs):
        raise ValueError(_USED.format(f"<method '{name}' of 'torch._C.TensorBase' objects>", type(self).__name__))
    return method


def _restrict():
    """Give the mixin the methods of Tensor: those that are allowed go to the empty tensor, the others are refused."""
    operators = {name: name if "eq ne lt le gt ge".count(row) else row for name, (row, _, _) in expose.OPERATORS.items()}
    operators |= {name: name.strip("_") for name in expose.CALLS}
    public = {name: name for name, each in vars(Tensor).items() if callable(each) and not name.startswith("_")}
    for name, shown in (public | operators).items():
        if name not in vars(UninitializedTensorMixin):
            setattr(UninitializedTensorMixin, name, _delegated(name) if name in _ALLOWED else _refused(shown))


_restrict()


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter that gets its shape later, by `materialize`."""

    __slots__ = ()
    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        return cls._empty(requires_grad, device, dtype)

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        return memo[id(self)]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer that gets its shape later, by `materialize`."""

    __slots__ = ()
    cls_to_become = Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        made = cls._empty(requires_grad, device, dtype)
        made.persistent, made._is_buffer = persistent, True
        return made


def is_lazy(param):
    """Whether a tensor's shape is not known yet."""
    return isinstance(param, UninitializedTensorMixin)
