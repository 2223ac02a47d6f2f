"""What makes a tensor a Python object: numbers, arrays, conversion, copying, pickling, and the handles on memory."""

import copy
import warnings
from collections import OrderedDict

import jax.numpy as jnp
import numpy as np

from facade.core import devices, dtypes, engine, printing
from facade.core.errors import broadcast_shapes
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply, apply_inplace, assign
from facade.core.ops.promotion import PLAIN
from facade.core.ops.table import ARRAY, op
from facade.core.shapes import Size
from facade.core.tensor.history import AccumulateGrad, RemovableHandle, edge_of, set_requires_grad
from facade.core.tensor.modes import modes
from facade.core.tensor.storage import Counter, Storage
from facade.core.tensor.tensor import Tensor, method, typename
from facade.core.tensor.write import check_writable

_NO_GRAD_NUMPY = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."


# ---------------------------------------------------------------- printing
def _suffixes(tensor):
    """What is printed behind the numbers: where the tensor is and where it came from."""
    if tensor._node is not None or tensor._base is not None and tensor.grad_fn is not None:
        return [f"grad_fn=<{type(tensor.grad_fn).__name__}>"]
    return ["requires_grad=True"] if tensor._leaf else []


def _text(tensor):
    values = tensor.numpy_value()
    text = printing.tensor_text(values, tensor.dtype, default_dtype=dtypes.get_default_dtype(), suffixes=_suffixes(tensor))
    return "Parameter containing:\n" + text if tensor._is_param else text


@method
def __repr__(self, *, tensor_contents=None):
    return _text(self)


Tensor.__str__ = lambda self: _text(self)


@method
def __format__(self, format_spec):
    if self.ndim == 0 and not self._is_param:
        return self.item().__format__(format_spec)
    return object.__format__(self, format_spec)


# ---------------------------------------------------------------- numbers
@method
def item(self):
    """The one element as a Python number; RuntimeError where there are several."""
    if self._value.spec.size != 1:
        raise RuntimeError(f"a Tensor with {self._value.spec.size} elements cannot be converted to Scalar")
    return self.numpy_value().reshape(()).item()


@method
def tolist(self):
    """The elements as nested lists of Python numbers."""
    return self.numpy_value().tolist() if self._value.spec.dtype.kind != "V" else self.numpy_value().astype(np.float64).tolist()


def _number(self):
    if self._value.spec.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return self.numpy_value().reshape(()).item()


Tensor.__int__ = lambda self: int(_number(self))
Tensor.__float__ = lambda self: float(_number(self))
Tensor.__complex__ = lambda self: complex(_number(self))


@method
def __index__(self):
    if self._value.spec.size != 1 or self._value.spec.dtype.kind not in "iub":
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(_number(self))


@method
def __bool__(self):
    size = self._value.spec.size
    if size != 1:
        raise RuntimeError(f"Boolean value of Tensor with {'more than one value' if size else 'no values'} is ambiguous")
    return bool(_number(self))


Tensor.is_nonzero = __bool__


@method
def __len__(self):
    if not self.ndim:
        raise TypeError("len() of a 0-d tensor")
    return self._value.spec.shape[0]


@method
def __iter__(self):
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


@method
def __contains__(self, element):
    if not isinstance(element, (Tensor, bool, int, float, complex)):
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
    return bool((self == element).any())


Tensor.__hash__ = lambda self: id(self)


@method
def __reversed__(self):
    return self.flip(0) if self.ndim else self


@method
def __dir__(self):
    return sorted(set(dir(type(self))) | set(self.__dict__))


# ---------------------------------------------------------------- arrays
def _exported(tensor):
    """The elements as a NumPy array that shares memory with the tensor from now on."""
    storage = tensor.storage_cell
    tensor.value
    if storage.mirror is None:
        storage.share(np.array(engine.read(storage.value)))
    array = storage.mirror.array
    if tensor._chain:
        array = np.lib.stride_tricks.as_strided(array.reshape(-1)[_offset(tensor):], tensor._value.spec.shape,
                                                [step * array.itemsize for step in tensor.strides])
    return array


def _offset(tensor):
    return tensor._geometry[1] if tensor._geometry is not None else 0


@method
def numpy(self, *, force=False):
    """The elements as a NumPy array that shares the tensor's memory; RuntimeError if the tensor requires grad."""
    if force:
        return np.array(self.numpy_value())
    if modes.grad and self.requires_grad:
        raise RuntimeError(_NO_GRAD_NUMPY)
    if self._value.spec.dtype.kind == "V":
        raise TypeError(f"Got unsupported ScalarType {self.dtype.legacy}")
    if any(row.differentiable is False or row.name in ("real", "imag", "view_as_real", "view_as_complex") for row, _, _ in self._chain):
        return np.array(self.numpy_value())
    return _exported(self)


@method
def __array__(self, dtype=None, copy=None):
    if modes.grad and self.requires_grad:
        raise RuntimeError(_NO_GRAD_NUMPY)
    array = self.numpy_value()
    return np.array(array, dtype) if copy or not array.flags.writeable or dtype not in (None, array.dtype) else array.copy()


@method
def __jax_array__(self):
    return engine.computed(self.value).array


@method
def __dlpack__(self, **options):
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return _exported(self).__dlpack__(**options)


@method
def __dlpack_device__(self):
    return (1, 0)


@composite(at="torch")
def from_dlpack(ext_tensor):
    """A tensor of what another library exports through DLPack"""
    array = np.from_dlpack(ext_tensor)
    return Tensor._of(engine.constant(array.copy()))


# ---------------------------------------------------------------- type and device
_CAST = op("to.dtype(Tensor self, ScalarType dtype) -> Tensor", lambda self, dtype: _converted(self, dtype.numpy), PLAIN, node="ToCopyBackward0",
           doc="The elements as another dtype", at="")


def _converted(array, dtype):
    if array.dtype.kind == "c" and dtype.kind != "c":
        array = array.real
    if array.dtype.kind == "f" and dtype.kind in "iu":
        wide = array.astype(np.int64)         # a number out of range wraps, as the processor's conversion does
        return wide.astype(dtype)
    return array.astype(dtype)


def _to_dtype(tensor, dtype, copy=False):
    if tensor._value.spec.dtype == dtype.numpy:
        return tensor.clone() if copy else tensor
    made = apply(_CAST, (ARRAY, dtype), (tensor,))
    made._geometry = tensor._geometry and tensor.clone()._geometry
    return made


@composite(at="Tensor")
def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None, other=None):
    """The tensor with another dtype, on another device, or as `other` has them; itself where nothing changes"""
    for each in (*args, other):
        if isinstance(each, dtypes.dtype):
            dtype = each
        elif isinstance(each, Tensor):
            dtype, device = each.dtype, each.device
        elif isinstance(each, (str, int, devices.device)) and not isinstance(each, bool):
            device = each
    if device is not None:
        devices.checked(device)
    return _to_dtype(self, dtype or self.dtype, copy)


@composite(at="Tensor", name="type")
def type_(self, dtype=None, non_blocking=False):
    """The name of the tensor's type, or the tensor as another one"""
    if dtype is None:
        return typename(self)
    if isinstance(dtype, str):
        found = _BY_LEGACY.get(dtype.removeprefix("torch.").removesuffix("Tensor"))
        if found is None or not dtype.startswith("torch."):
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = found
    return _to_dtype(self, getattr(dtype, "dtype", dtype) if not isinstance(dtype, dtypes.dtype) else dtype)


_BY_LEGACY = {each.legacy: each for each in dtypes.ALL}


@composite(at="Tensor")
def type_as(self, other):
    """The tensor with the dtype of `other`"""
    return _to_dtype(self, other.dtype)


def _conversion(dtype):
    def convert(self, memory_format=None):
        return _to_dtype(self, dtype)
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
    return devices.CPU


@method
def cpu(self, memory_format=None):
    """The tensor on the CPU."""
    return self


@method
def cuda(self, device=None, non_blocking=False, memory_format=None):
    """The tensor on a GPU; AssertionError where JAX has none."""
    return self.to("cuda" if device is None else device)


for _name in ("is_cuda", "is_sparse", "is_quantized", "is_mkldnn", "is_meta", "is_nested", "is_mps", "is_xla", "is_xpu", "is_sparse_csr"):
    setattr(Tensor, _name, False)
Tensor.is_cpu = True
Tensor.layout = property(lambda self: "torch.strided")
Tensor.names = property(lambda self: (None,) * self.ndim)


# ---------------------------------------------------------------- shape, memory
@method
def size(self, dim=None):
    """The shape, or one extent of it."""
    shape = self._value.spec.shape
    if dim is None:
        return Size(shape)
    from_front = dim if dim >= 0 else dim + len(shape)
    if not 0 <= from_front < len(shape):
        span = len(shape) or 1
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})" if shape else
                         "Dimension specified as 0 but tensor has no dimensions" if dim == 0 else
                         f"Dimension out of range (expected to be in range of [-1, 0], but got {dim})")
    return shape[from_front]


@method
def stride(self, dim=None):
    """The step in memory along each dimension, or along one."""
    strides = self.strides
    if dim is None:
        return strides
    span = len(strides) or 1
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return strides[dim]


@method
def dim(self):
    """The number of dimensions."""
    return len(self._value.spec.shape)


Tensor.ndimension = dim


@method
def numel(self):
    """The number of elements."""
    return self._value.spec.size


Tensor.nelement = numel
Tensor.itemsize = property(lambda self: self.dtype.itemsize)
Tensor.nbytes = property(lambda self: self.dtype.itemsize * self._value.spec.size)
Tensor.element_size = lambda self: self.dtype.itemsize
Tensor.storage_offset = _offset
Tensor.is_contiguous = lambda self, memory_format=None: self._is_contiguous()
Tensor.data_ptr = lambda self: id(self.storage_cell) + _offset(self) * self.dtype.itemsize
Tensor.is_floating_point = lambda self: self.dtype.is_floating_point
Tensor.is_complex = lambda self: self.dtype.is_complex
Tensor.is_signed = lambda self: self.dtype.is_signed
Tensor.is_inference = lambda self: self._inference
Tensor.is_conj = lambda self: False
Tensor.is_neg = lambda self: False
Tensor.resolve_conj = lambda self: self
Tensor.resolve_neg = lambda self: self
Tensor.get_device = lambda self: -1
Tensor.pin_memory = lambda self, device=None: self
Tensor.is_pinned = lambda self, device=None: False
Tensor.is_shared = lambda self: False
Tensor.share_memory_ = lambda self: self
Tensor._is_view = lambda self: self._base is not None
Tensor.has_names = lambda self: False
Tensor.is_same_size = lambda self, other: self.shape == other.shape


class UntypedStorage:
    """The memory of a tensor, as far as it can be asked about (torch.UntypedStorage)."""

    def __init__(self, cell):
        self._cell = cell

    def data_ptr(self):
        """A number that is equal for tensors that share memory."""
        return id(self._cell)

    def nbytes(self):
        """The size in bytes."""
        spec = self._cell.value.spec
        return spec.size * spec.dtype.itemsize

    def __len__(self):
        return self._cell.value.spec.size

    size = __len__

    def tolist(self):
        """The elements in the order of memory."""
        return engine.read(self._cell.current()[0]).reshape(-1).tolist()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        return self.tolist()[index]


Tensor.untyped_storage = lambda self: UntypedStorage(self.storage_cell)
Tensor.storage = Tensor.untyped_storage
Tensor._typed_storage = Tensor.untyped_storage


@method
def _whole(self):
    """A tensor of all the memory that this one looks at, without history."""
    whole = self._alias()
    whole.__dict__.pop("_chain", None)
    whole.__dict__.pop("_geometry", None)
    whole._value = self.storage_cell.value
    return whole


# ---------------------------------------------------------------- writing whole tensors
_COPY = op("copy(Tensor self, Tensor src) -> Tensor", lambda self, src: _broadcast_like(_converted(src, self.dtype), self), node="CopyBackwards",
           inplace=True, doc="self with the elements of src", at="")


def _broadcast_like(array, target):
    return array if array.shape == target.shape else jnp.broadcast_to(array, target.shape)


@composite(at="Tensor")
def copy_(self, src, non_blocking=False):
    """Write the elements of `src`, broadcast and converted, into this tensor"""
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    check_writable(self)
    shape, given = self._value.spec.shape, src._value.spec.shape
    if shape != given:
        _check_expands(given, shape)
    return apply_inplace(_COPY, (ARRAY, ARRAY), (self, src))


def _check_expands(given, shape):
    common = broadcast_shapes(shape, given)
    if common != shape:
        raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(common)}")


_FILL, FILL_TENSOR = (op(line, lambda self, value: _filled(self, value), inplace=True, node=node, doc="Every element replaced by value", at="")
                       for line, node in (("fill.Scalar(Tensor self, Scalar value) -> Tensor", "FillBackward2"),
                                          ("fill.Tensor(Tensor self, Tensor value) -> Tensor", "FillBackward3")))


def _filled(array, value):
    return jnp.broadcast_to(_converted(value, array.dtype), array.shape)


@composite(at="Tensor")
def fill_(self, value):
    """Make every element `value`, a number or a zero-dimensional tensor"""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    if not isinstance(value, (Tensor, bool, int, float, complex, np.generic)):
        shown = type(value).__name__
        raise TypeError(f"fill_() received an invalid combination of arguments - got ({shown}), but expected one of:\n * (Tensor value)\n"
                        f"      didn't match because some of the arguments have invalid types: (!{shown}!)\n * (Number value)\n"
                        f"      didn't match because some of the arguments have invalid types: (!{shown}!)\n")
    value = value.item() if isinstance(value, np.generic) else value
    return apply_inplace(FILL_TENSOR if isinstance(value, Tensor) else _FILL, (ARRAY, ARRAY), (self, value))


_ZERO = op("zero(Tensor self) -> Tensor", lambda self: jnp.zeros_like(self), inplace=True,
           doc="Every element replaced by zero", at="")


@composite(at="Tensor")
def zero_(self):
    """Make every element zero"""
    return apply_inplace(_ZERO, (ARRAY,), (self,))


@composite(at="Tensor")
def set_(self, source=None):
    """Share the memory of `source` from now on"""
    if source is None:
        source = self.new_empty(0)
    _adopt(self, source)
    return self


def _adopt(target, source):
    """Make `target` another handle on the memory of `source`."""
    value = source.value
    storage = source.storage_cell
    for name in ("_chain", "_geometry"):
        target.__dict__.pop(name, None)
    if source._chain:
        target._chain = source._chain
    if source._geometry is not None:
        target._geometry = source._geometry
    target._value, target._storage, target._clock = value, storage, source._clock


@composite(at="Tensor")
def resize_(self, *sizes, memory_format=None):
    """Change the shape in place; what is new is zero"""
    shape = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else tuple(sizes)
    flat = self.numpy_value().reshape(-1)
    count = int(np.prod(shape, dtype=np.int64))
    made = np.zeros(count, flat.dtype)
    made[:min(count, flat.size)] = flat[:count]
    assign(self, Tensor._of(engine.constant(made.reshape(shape))))
    return self


# ---------------------------------------------------------------- history
@method
@property
def data(self):
    """The same memory without history, whose writes the version counter does not see."""
    alias = self._alias()
    alias._counter = Counter()
    return alias


def _set_data(self, source):
    if not isinstance(source, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(source).__name__}")
    if self.requires_grad and source._value.spec.dtype.kind not in "fcV":
        raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
    version = self._version
    _adopt(self, source)
    self._counter = Counter()
    self._counter.version = version


Tensor.data = Tensor.data.setter(_set_data)


@method
def requires_grad_(self, requires_grad=True):
    """Start or stop tracking a leaf; the tensor itself is returned."""
    if requires_grad and self._value.spec.dtype.kind not in "fcV":
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    set_requires_grad(self, requires_grad)
    return self


@method
def detach_(self):
    """Forget the history of this tensor."""
    if self._base is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
                           "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be "
                           "called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
                           "torch/optim/optimizer.py as a solution.")
    self._node, self._index, self._leaf = None, 0, False
    return self


@method
@property
def grad(self):
    """The gradient that `backward` has added up, or None."""
    if self._grad is None and not self._retains_grad and self._node is not None:
        warnings.warn("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated "
                      "during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use "
                      ".retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
                      "Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more informations.", UserWarning, stacklevel=2)
    return self._grad


def _set_grad(self, value):
    if value is not None:
        _check_grad(self, value)
    self._grad = value


def _check_grad(self, value):
    if not isinstance(value, Tensor):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
    if value is self:
        raise RuntimeError("can't assign Variable as its own grad")
    if value.shape != self.shape:
        raise RuntimeError(f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size '{list(self.shape)}'. "
                           "Please ensure that the gradient and the tensor are the same size")
    if value.dtype is not self.dtype:
        raise RuntimeError(f"attempting to assign a gradient with dtype '{_C_TYPE.get(value.dtype, value.dtype.name)}' to a tensor with grad_dtype "
                           f"'{self.dtype.legacy}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set "
                           "the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. "
                           "Diverging the dtypes of a tensor and its gradient may break downstream systems that assume they match.")


_C_TYPE = {dtypes.float64: "double", dtypes.float32: "float", dtypes.int64: "long int", dtypes.int32: "int"}
Tensor.grad = Tensor.grad.setter(_set_grad)


def _delete_grad(self):
    self._grad = None


Tensor.grad = Tensor.grad.deleter(_delete_grad)


@method
def register_hook(self, hook):
    """Call `hook(grad)` when the gradient of this tensor is known; it may return another one."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    node, index = edge_of(self)
    if isinstance(node, AccumulateGrad):
        self._hooks = node          # the node must live as long as its hooks
    return RemovableHandle(node.arriving(index), hook)


@method
def register_post_accumulate_grad_hook(self, hook):
    """Call `hook(tensor)` after a gradient was added to `.grad` of this leaf."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if self._node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if self._post_accumulate is None:
        self._post_accumulate = OrderedDict()
    return RemovableHandle(self._post_accumulate, hook)


@method
def retain_grad(self):
    """Keep the gradient of this non-leaf tensor in `.grad`."""
    if not self.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if self._node is None or self._retains_grad:
        return
    self._retains_grad = True
    self._node.retain(self)


Tensor.retains_grad = property(lambda self: self._retains_grad)


# ---------------------------------------------------------------- copying and pickling
@method
def __copy__(self):
    made = self._alias(type(self))
    made._leaf, made._node, made._index, made._grad = self._leaf, self._node, self._index, self._grad
    made.__dict__.update(self.__dict__)
    return made


@method
def __deepcopy__(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    if self._node is not None or self._base is not None and not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you were "
                           "attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
                           "see https://github.com/pytorch/pytorch/pull/103001")
    storage = self.storage_cell
    fresh = memo.get(id(storage))
    self.value
    if fresh is None:
        fresh = memo[id(storage)] = Storage(storage.value)
    made = object.__new__(type(self))
    made._value, made._clock, made._storage = self._value, 0, fresh
    made._node, made._index, made._leaf = None, 0, self._leaf
    memo[id(self)] = made
    for name, value in self.__dict__.items():
        if name not in ("_base", "_base_node", "_accumulate", "_hooks", "_counter"):
            made.__dict__[name] = value if name in ("_chain", "_geometry") else copy.deepcopy(value, memo)
    return made


@method
def __reduce_ex__(self, protocol):
    state = {name: value for name, value in self.__dict__.items() if not name.startswith("_")}
    return _rebuild, (type(self), np.array(self.numpy_value()), self._leaf, self._geometry, self._is_param), state or None


def _rebuild(cls, array, leaf, geometry, is_param):
    made = cls._of(engine.constant(array))
    made._leaf = leaf
    if geometry is not None:
        made._geometry = geometry
    if is_param:
        made._is_param = True
    return made

