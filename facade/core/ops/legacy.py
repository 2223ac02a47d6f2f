"""The constructors from before `torch.tensor`: `torch.Tensor(2, 3)`, `torch.FloatTensor([1, 2])`, `x.new(3)`.

All read their arguments in one way: integers are sizes, a sequence is data, a tensor is shared.
"""

import numpy as np

from facade.core import devices, dtypes
from facade.core.layouts import strided
from facade.core.ops import creation
from facade.core.ops.binding import PLAIN
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply_view, derived
from facade.core.ops.mismatch import signature_mismatch, type_name
from facade.core.ops.overriding import no_torch_function, take_operators
from facade.core.ops.promotion import set_default_dtype
from facade.core.ops.rows.shape import ALIAS
from facade.core.ops.table import ARRAY
from facade.core.shapes import Size
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once

_OPTIONS = "(*, torch.device device = None)", "(torch.Storage storage)", "(Tensor other)", "(tuple of ints size, *, torch.device device = None)", \
    "(object data, *, torch.device device = None)"


def construct(dtype, args, names, checks_dtype=True):
    """The tensor that torch's old constructors make of these arguments.

    checks_dtype: whether a tensor that is given must be of `dtype`.
    """
    devices.checked(names.pop("device", None))
    given = (*args, *(names.pop(name) for name in ("data", "size", "other") if name in names and not args))
    if names or len(given) > 1 and not _is_int(given[0]):
        raise TypeError(signature_mismatch("new", _OPTIONS, args, names))
    if not given:
        return creation.FUNCTIONS["empty"](0, dtype=dtype)
    first = given[0]
    if isinstance(first, Tensor):
        return _shared(first, dtype if checks_dtype else first.dtype)
    if isinstance(first, Size) or _is_int(first):
        return creation.FUNCTIONS["empty"](*_sizes(given), dtype=dtype)
    return _of_data(first, dtype)


def _is_int(value):
    return hasattr(value, "__index__") and not isinstance(value, (bool, Tensor, np.ndarray))


def _sizes(given):
    if isinstance(given[0], Size):
        return given[0]
    for place, extent in enumerate(given, 1):
        if not _is_int(extent):
            raise TypeError(f"new(): argument 'size' failed to unpack the object at pos {place} with error \"type must be tuple of ints,but got "
                            f"{type(extent).__name__}\"")
    return given


def _shared(tensor, dtype):
    if tensor.dtype is not dtype:
        wanted, got = (f"TensorOptions(dtype={each.c_name}, device=cpu, layout=Strided, requires_grad=false (default), pinned_memory=false "
                       "(default), memory_format=(nullopt))" for each in (dtype, tensor.dtype))
        raise TypeError(f"expected {wanted} (got {got})")
    return apply_view(ALIAS, (ARRAY,), tensor)


def _of_data(data, dtype):
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__") or isinstance(data, (dict, np.generic)):
        raise TypeError(f"new(): data must be a sequence (got {type_name(data)})")
    return creation.FUNCTIONS["as_tensor"](data, dtype=dtype)


def _new_tensor(cls, *args, **names):
    made = construct(dtypes.get_default_dtype(), args, names, checks_dtype=False)
    return made if cls is Tensor else _as_class(made, cls)


Tensor.__new__ = _new_tensor


# ---------------------------------------------------------------- one class for each dtype
class tensortype(type):
    """The type of torch.FloatTensor and its like: what they make, and whom they call theirs."""

    def __call__(cls, *args, **names):
        return construct(cls.dtype, args, names)

    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


def _typed(dtype):
    return tensortype(f"{dtype.legacy}Tensor", (), {
        "dtype": dtype, "layout": strided, "is_cuda": False, "is_sparse": False, "__module__": "torch",
        "__doc__": f"Makes tensors of {dtype!r} in the old way; isinstance() asks for the dtype."})


TYPES = {f"{dtype.legacy}Tensor": _typed(dtype) for dtype in (
    dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.int64, dtypes.int32, dtypes.int16, dtypes.int8, dtypes.uint8, dtypes.bool)}


def set_default_tensor_type(t):
    """Make the dtype of a type such as torch.DoubleTensor, or of its name, the default (torch.set_default_tensor_type)."""
    if isinstance(t, str):
        t = TYPES.get(t.removeprefix("torch.")) or _no_module(t)
    if not isinstance(t, tensortype):
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    if not t.dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    warn_once("torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
              "torch.set_default_device() as alternatives.")
    set_default_dtype(t.dtype)


def _no_module(name):
    raise ModuleNotFoundError(f"No module named '{name}'")


@composite(at="Tensor")
def new(self, *args, **names):
    """A tensor with the dtype of this one, of a size or of data"""
    return construct(self.dtype, args, names)


# ---------------------------------------------------------------- subclasses of Tensor
def _as_class(tensor, cls):
    """`tensor`, which nobody else holds, as an instance of a subclass."""
    tensor.__class__ = cls
    return tensor


@composite(at="Tensor")
def as_subclass(self, cls):
    """The same memory as an instance of a subclass of Tensor, with its history"""
    if not isinstance(cls, type) or not issubclass(cls, Tensor):
        raise TypeError("Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. "
                        "Make sure your class inherits from Tensor.")
    return _as_class(apply_view(ALIAS, (ARRAY,), self), cls)


def _make_subclass(cls, data, require_grad=False):
    made = _as_class(data.detach(), cls)
    if require_grad:
        creation.require_grad(made)
    return made


Tensor._make_subclass = staticmethod(_make_subclass)


@classmethod
def _join(cls, **options):
    """Have subclasses of Tensor taken as operands, and results of theirs be of their class unless the class keeps its name to itself."""
    super(Tensor, cls).__init_subclass__(**options)
    PLAIN.add(cls)
    take_operators(cls)
    if cls._spreads and getattr(cls, "__torch_function__", None) is not no_torch_function:
        derived.add(cls)


Tensor._spreads = True      # whether what is computed from instances of a subclass is of that subclass too
Tensor.__init_subclass__ = _join
