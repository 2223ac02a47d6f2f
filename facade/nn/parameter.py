"""The tensors of a module: parameters, which are trained, and buffers, which are not (torch.nn.parameter)."""

from facade.core.ops import creation
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


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


def _marked(data, requires_grad):
    """A tensor of another class, which keeps its class and becomes a parameter by its mark."""
    if isinstance(data, Parameter):
        raise RuntimeError(f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns an instance of the "
                           f"same type, but return type {Tensor.__name__} was found instead. To use the type as a Parameter, please correct the "
                           "detach() semantics defined by its __torch_dispatch__() implementation.")
    made = data.detach()._alias(type(data)).requires_grad_(requires_grad)
    made._is_param = True
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
