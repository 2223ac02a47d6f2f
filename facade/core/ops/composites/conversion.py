"""A tensor as another type, or on another device: `to`, `type`, `float` and the like."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from facade.core import devices, dtypes, engine
from facade.core.layouts import checked_format, format_geometry, preserve_format, strided
from facade.core.ops.binding import as_dtype
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply
from facade.core.ops.mismatch import signature_mismatch, type_name
from facade.core.ops.outputs import apply_out, told
from facade.core.ops.promotion import PLAIN
from facade.core.ops.table import ARRAY, op
from facade.core.tensor.history import edge_of, node_class
from facade.core.tensor.modes import modes
from facade.core.tensor.node import Node
from facade.core.tensor.tensor import Tensor, method, typename
from facade.core.warn import warn_once


_CAST = op("to.dtype(Tensor self, ScalarType dtype) -> Tensor", lambda self, dtype: converted(self, dtype.numpy), PLAIN, node="ToCopyBackward0",
           doc="The elements as another dtype", at="")


def converted(array, dtype):
    """The elements as another NumPy dtype, converted as torch does it."""
    if array.dtype.kind == "c" and dtype.kind != "c":
        array = array.real
    if jnp.issubdtype(array.dtype, jnp.floating) and dtype.kind in "iu":
        wide = array.astype(np.int64)         # a number out of range wraps, as the processor's conversion does
        return wide.astype(dtype)
    return array.astype(dtype)


def _to_dtype(tensor, dtype, copy=False, memory_format=None):
    if memory_format in (None, preserve_format):
        memory_format = None
    if tensor._value.spec.dtype == dtype.numpy:
        same = not copy and (memory_format is None or tensor.is_contiguous(memory_format))
        return tensor if same else tensor.clone(memory_format=memory_format or preserve_format)
    if tensor._value.spec.dtype.kind == "c" and not dtype.is_complex and dtype.category:
        warn_once("Casting complex values to real discards the imaginary part")
    made = apply(_CAST, (ARRAY, dtype), (tensor,))
    if memory_format is not None:
        made._geometry = format_geometry(tensor._value.spec.shape, memory_format)
    elif tensor._geometry is not None:
        made._geometry = tensor.clone()._geometry
    return made


class Moved(Node):
    """The node of a copy to another device: the gradient goes back."""

    __slots__ = ("source",)

    def __init__(self, edges, value, source):
        Node.__init__(self, edges, (value.spec,))
        self.source = source

    def apply(self, cotangents, through=None):
        """The gradient, where the source is."""
        return [_placed(cotangents[0], self.source)]

    def apply_tracked(self, cotangents):
        """The same with a history of its own."""
        return [_move(cotangents[0], self.source)]


def _placed(value, device):
    """The value on this JAX device (None for the CPU); a copy is an evaluation."""
    if value.spec.device is device:
        return value
    array = engine.read(value)
    if device is None:
        return engine.constant(np.array(array))
    with jax.enable_x64(True):
        return engine.constant(jax.device_put(array, device))


def _move(tensor, device):
    value = _placed(tensor.value, device)
    edge = edge_of(tensor) if modes.grad else None
    return Tensor._of(value, edge and node_class("ToCopyBackward0", Moved)([edge], value, tensor._value.spec.device))


def moved(tensor, where):
    """The tensor on this device: itself where it is there already, else a copy through which gradients flow."""
    device = devices.jax_device(devices.checked(where))
    return tensor if tensor._value.spec.device is device else _move(tensor, device)


def placed(function, like=False, out=None):
    """A function that makes a tensor, with `device=` and `out=`: it is made on the CPU and put where it is wanted.

    like: whether the first argument says where, if nothing else does; out: whether there is an `out`, if not just where like is false.
    """
    fills = not like if out is None else out

    @functools.wraps(function)
    def create(*args, device=None, **options):
        if fills and options.get("out") is not None:
            return _filled_in(function, args, **options)
        where = args[0].device if device is None and like and args and isinstance(args[0], Tensor) else devices.checked(device)
        if where.type == "cpu":
            return function(*args, **options)
        requires_grad = options.pop("requires_grad", False)
        made = moved(function(*args, **options), where)
        return made.requires_grad_() if requires_grad else made
    return told(create) if fills else create


def _filled_in(function, args, out, dtype=None, requires_grad=False, **options):
    """What the function makes, in `out`, whose dtype it takes."""
    if dtype not in (None, out.dtype):
        raise RuntimeError(f"dtype {dtype.legacy} does not match dtype of out parameter ({out.dtype.legacy})")
    filled = apply_out(f"aten::{function.__name__}", lambda: moved(function(*args, dtype=out.dtype, **options), out.device), out, ())
    return filled.requires_grad_() if requires_grad else filled


@composite(at="Tensor")
def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None, other=None):
    """The tensor with another dtype, on another device, or as `other` has them; itself where nothing changes"""
    for each in (*args, other):
        if isinstance(each, dtypes.dtype) or isinstance(each, type) and each in dtypes.OF_TYPE:
            dtype = each
        elif isinstance(each, Tensor):
            dtype, device = each.dtype, each.device
        elif isinstance(each, (str, int, devices.device)) and not isinstance(each, bool):
            device = each
        elif each is not None and not isinstance(each, bool):
            raise TypeError(signature_mismatch("to", _TO, args, {}))
    flags = [each for each in args if isinstance(each, bool)]
    if device is not None:
        self = moved(self, device)
    if memory_format is not None:
        checked_format("to", memory_format)
    if dtype is not None and not isinstance(dtype, (dtypes.dtype, type)):
        raise TypeError(signature_mismatch("to", _TO, args, {"dtype": dtype}))
    return _to_dtype(self, as_dtype(dtype) or self.dtype, flags[1] if len(flags) > 1 else copy, memory_format)


_TO = ("(torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)",
       "(torch.dtype dtype, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)",
       "(Tensor tensor, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)")


@composite(at="Tensor", name="type")
def type_(self, dtype=None, non_blocking=False):
    """The name of the tensor's type, or the tensor as another one"""
    if dtype is None:
        return typename(self)
    if dtype is Tensor:
        return _to_dtype(self, dtypes.get_default_dtype())
    wanted = _BY_TYPE.get(dtype) if isinstance(dtype, str) else dtype if isinstance(dtype, dtypes.dtype) else getattr(dtype, "dtype", None)
    if not isinstance(wanted, dtypes.dtype):
        raise ValueError(f"invalid type: '{dtype.__name__ if isinstance(dtype, type) else dtype}'")
    return _to_dtype(self, wanted)


_BY_TYPE = {f"torch.{each.legacy}Tensor": each for each in dtypes.ALL}


@composite(at="Tensor")
def type_as(self, other):
    """The tensor with the dtype of `other`"""
    if not isinstance(other, Tensor):
        raise TypeError(f"type_as(): argument 'other' (position 1) must be Tensor, not {type_name(other)}")
    return _to_dtype(self, other.dtype)


def _conversion(dtype):
    def convert(self, memory_format=None):
        return _to_dtype(self, dtype, memory_format=memory_format)
    convert.__doc__ = f"The tensor as {dtype!r}"
    return convert


for _name, _dtype in {"float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "bfloat16": dtypes.bfloat16, "int": dtypes.int32,
                      "long": dtypes.int64, "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool,
                      "cfloat": dtypes.complex64, "cdouble": dtypes.complex128}.items():
    composite(at="Tensor", name=_name)(_conversion(_dtype))


@method
@property
def device(self):
    """Where the elements are."""
    where = self._value.spec.device
    return devices.CPU if where is None else devices.device(engine.device_name(where))


@method
def cpu(self, memory_format=None):
    """The tensor on the CPU."""
    return moved(self, "cpu")


@method
def cuda(self, device=None, non_blocking=False, memory_format=None):
    """The tensor on a GPU; AssertionError where JAX has none."""
    return self.to("cuda" if device is None else device)


for _name in ("is_cuda", "is_sparse", "is_quantized", "is_mkldnn", "is_meta", "is_nested", "is_mps", "is_xla", "is_xpu", "is_sparse_csr", "is_ipu",
              "is_vulkan", "is_maia", "is_mtia", "volatile"):
    setattr(Tensor, _name, False)
Tensor.is_cpu = True
Tensor.layout = property(lambda self: strided)
