"""Questions about tensors and types as functions of the namespace `torch`: `is_tensor`, `numel`, `result_type`."""

from facade.core import dtypes
from facade.core.ops import promotion
from facade.core.ops.binding import operand
from facade.core.ops.composites import composite
from facade.core.ops.composites.storages import TypedStorage, UntypedStorage
from facade.core.ops.mismatch import signature_mismatch, type_name
from facade.core.tensor.tensor import Tensor, typename

_RESULT_TYPE = "(Tensor tensor, Tensor other)", "(Number scalar, Tensor tensor)", "(Tensor tensor, Number other)", "(Number scalar1, Number scalar2)"


@composite(at="torch")
def is_tensor(obj):
    """Whether this is a tensor"""
    return isinstance(obj, Tensor)


@composite(at="torch")
def is_storage(obj):
    """Whether this is the memory of a tensor"""
    return isinstance(obj, (TypedStorage, UntypedStorage))


def _ask(name):
    """The method `name` as a function, which says in torch's words that it wants a tensor."""
    def ask(input, *arguments):
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
        return getattr(input, name)(*arguments)
    ask.__doc__ = getattr(Tensor, name).__doc__ or f"As the method `{name}`"
    composite(at="torch", name=name)(ask)


for _name in ("is_floating_point", "is_complex", "is_signed", "is_nonzero", "is_inference", "is_neg", "numel", "is_same_size", "get_device", "resolve_neg"):
    _ask(_name)


@composite(at="torch", name="typename")
def typename_of(obj):
    """The name of a value's type, with its module; for tensors with the dtype"""
    if isinstance(obj, Tensor):
        return typename(obj)
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ in ("builtins", None) else f"{kind.__module__}.{kind.__qualname__}"


@composite(at="torch")
def result_type(tensor, other):
    """The dtype that an operation on these two computes in"""
    operands = [operand(each) for each in (tensor, other)]
    if not all(isinstance(each, (Tensor, bool, int, float, complex)) for each in operands):
        raise TypeError(signature_mismatch("result_type", _RESULT_TYPE, (tensor, other), {}))
    return promotion.result_type([each._value.spec if isinstance(each, Tensor) else _kind(each) for each in operands])


def _kind(number):
    return next(kind for kind in (bool, int, float, complex) if isinstance(number, kind))


@composite(at="torch")
def can_cast(from_, to):
    """Whether a result of dtype `from_` may be written into a tensor of dtype `to`"""
    for name, place, each in (("from_", 1, from_), ("to", 2, to)):
        if not isinstance(each, dtypes.dtype):
            raise TypeError(f"can_cast(): argument '{name}' (position {place}) must be torch.dtype, not {type_name(each)}")
    return dtypes.can_cast(from_, to)
