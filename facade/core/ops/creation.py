"""Making tensors: from data, filled, ranges, and like others.

Small ones are made by NumPy at once; large filled ones are recorded, so that no memory moves to the device.
"""

import math

import jax.numpy as jnp
import numpy as np

from facade.core import dtypes, engine
from facade.core.engine import constant
from facade.core.engine.policy import settings
from facade.core.layouts import format_geometry, preserve_format
from facade.core.ops.advice import COPY_CONSTRUCT, READ_ONLY_ARRAY, warned
from facade.core.ops.binding import as_ints
from facade.core.ops.composites.conversion import placed
from facade.core.ops.explaining import explained, shape_reason
from facade.core.ops.from_data import array_of
from facade.core.ops.mismatch import kind_name, signature_mismatch
from facade.core.ops.numbers import check_fits
from facade.core.shapes import contiguous_strides, kept_strides
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn, warn_once


def finish(tensor, requires_grad=False):
    """Set the flags of a new tensor."""
    if modes.inference:
        tensor._inference = True
    if requires_grad:
        require_grad(tensor)
    return tensor


def require_grad(tensor):
    """Have a new tensor tracked; torch's words for those that cannot be have a capital here."""
    if tensor._value.spec.dtype.kind not in "fcV":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    set_requires_grad(tensor, True)


def from_array(array, requires_grad=False):
    """A tensor that holds this NumPy array, which nobody may write to afterwards."""
    return finish(Tensor._of(constant(array)), requires_grad)


# ---------------------------------------------------------------- from data
def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A new tensor that copies `data`: numbers, nested sequences, NumPy arrays or tensors (torch.tensor)."""
    if isinstance(data, Tensor):
        warn(COPY_CONSTRUCT.format("torch.tensor"))
    return from_array(array_of(data, _checked_dtype("tensor", dtype)), requires_grad)


def _checked_dtype(name, dtype):
    """`dtype` as one of ours: Python's types stand for some."""
    if dtype is None or isinstance(dtype, dtypes.dtype):
        return dtype
    if dtype not in dtypes.OF_TYPE:
        raise TypeError(f"{name}(): argument 'dtype' must be torch.dtype, not {kind_name(dtype)}")
    return dtypes.OF_TYPE[dtype]


def as_tensor(data, dtype=None, device=None):
    """`data` as a tensor, sharing memory where that can be: tensors and NumPy arrays (torch.as_tensor)."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtype is dtypes.of_array(data)):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def from_numpy(ndarray):
    """A tensor that shares the memory of a NumPy array: what is written to one is seen in the other (torch.from_numpy)."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {'numpy.' * isinstance(ndarray, np.generic)}{type(ndarray).__name__})")
    dtypes.of_array(ndarray)
    if not ndarray.flags.writeable:
        warn_once(READ_ONLY_ARRAY)
    if not ndarray.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. "
                         "Conversion between byte orders is currently not supported.")
    if any(stride < 0 for stride in ndarray.strides):
        raise ValueError("At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
                         "supported. (You can probably work around this by making a copy of your array  with array.copy().) ")
    made = from_array(ndarray.copy())
    made.storage_cell.share(ndarray)
    strides = tuple(stride // ndarray.itemsize for stride in ndarray.strides)
    if strides != contiguous_strides(ndarray.shape) and ndarray.size:
        made._geometry = strides, 0
    return made


def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False):
    """A zero-dimensional tensor of a number."""
    return tensor(_number("scalar_tensor", "s", 1, s), dtype=dtype or dtypes.get_default_dtype(), device=device, requires_grad=requires_grad)


# ---------------------------------------------------------------- filled
class _Full:
    """The operator that fills a shape with a number."""

    def specialize(self, specs, statics):
        shape, dtype = statics
        return lambda number: jnp.full(shape, number.astype(dtype))


_FULL = _Full()


def _size(name, size):
    """The arguments of zeros(2, 3), zeros((2, 3)) or zeros(torch.Size([2, 3])) as a tuple."""
    reason = shape_reason(name, "size", size)
    if reason is not None:
        raise TypeError(reason)
    size = size[0] if len(size) == 1 and isinstance(size[0], (list, tuple)) else size
    shape = as_ints(tuple(size))
    for extent in shape:
        if extent < 0:
            raise RuntimeError(f"{name}: Dimension size must be non-negative." if name == "zeros" else
                               f"Trying to create tensor with negative dimension {extent}: {list(shape)}")
    return shape


def filled(shape, number, dtype, requires_grad=False):
    """A tensor of this shape, every element `number`."""
    check_fits(number, dtype)
    if math.prod(shape) * dtype.itemsize <= settings.inline_bytes:
        return from_array(np.full(shape, number, dtype.numpy), requires_grad)
    (value,), _ = engine.record(_FULL, (shape, dtype.numpy), [number])
    return finish(Tensor._of(value), requires_grad)


def _filler(name, number):
    def create(*size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, memory_format=None, **names):
        if "size" in names:
            size = (names.pop("size"),)
        for unknown in names:
            raise TypeError(f"{name}() got an unexpected keyword argument '{unknown}'")
        if not size:
            raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
        dtype = _checked_dtype(name, dtype)
        _check_flag(name, requires_grad)
        shape = _size(name, size)
        made = filled(shape, number, dtype or dtypes.get_default_dtype(), requires_grad)
        if memory_format is not None:
            made._geometry = format_geometry(shape, memory_format)
        return made

    def create_like(input, *, dtype=None, device=None, requires_grad=False, layout=None, memory_format=None, pin_memory=False):
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}_like(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        made = filled(input._value.spec.shape, number, _checked_dtype(f"{name}_like", dtype) or input.dtype, requires_grad)
        if memory_format not in (None, preserve_format):
            made._geometry = format_geometry(input._value.spec.shape, memory_format)
        elif input._geometry is not None:
            made._geometry = _dense_like(input)
        return made

    def create_new(self, *sizes, size=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        return filled(_size(f"new_{name}", sizes if size is None else (size,)), number, dtype or self.dtype, requires_grad)
    create.__name__, create_like.__name__, create_new.__name__ = name, f"{name}_like", f"new_{name}"
    create.__doc__ = f"A tensor of this size, filled with {number} (torch.{name})."
    create_like.__doc__ = f"A tensor with the size and dtype of `input`, filled with {number}."
    create_new.__doc__ = f"A tensor of this size with the dtype of `self`, filled with {number}."
    return create, create_like, create_new


def _dense_like(source):
    """The geometry of a new tensor in the memory order of another, or None."""
    strides = kept_strides(source._value.spec.shape, [(source._value.spec.shape, source.strides)])
    return None if strides is None else (strides, 0)


zeros, zeros_like, new_zeros = _filler("zeros", 0)
ones, ones_like, new_ones = _filler("ones", 1)
# What is in fresh memory cannot be known; zeros are as good as anything.
empty, empty_like, new_empty = _filler("empty", 0)


def _check_flag(name, requires_grad):
    if not isinstance(requires_grad, bool):
        raise TypeError(f"{name}(): argument 'requires_grad' must be bool, not {type(requires_grad).__name__}")


def _number_dtype(value, dtype):
    if dtype is not None:
        return dtype
    return value.dtype if isinstance(value, Tensor) else dtypes.of_number(value)


def _number(name, parameter, position, value):
    """The number that `value` is, or that a tensor without dimensions and history holds."""
    if isinstance(value, Tensor) and not value.requires_grad or isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, (bool, int, float, complex)):
        raise TypeError(f"{name}(): argument '{parameter}' (position {position}) must be Number, not {type(value).__name__}")
    return value


def full(size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """A tensor of this size, filled with `fill_value`, whose type decides the dtype (torch.full)."""
    if not isinstance(size, (list, tuple)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    number = _number("full", "fill_value", 2, fill_value)
    return filled(_size("full", (size,)), number, _number_dtype(number, dtype), requires_grad)


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, memory_format=None):
    """A tensor with the size and dtype of `input`, filled with `fill_value`."""
    number = _number("full_like", "fill_value", 2, fill_value)
    return filled(input._value.spec.shape, number, dtype or input.dtype, requires_grad)


def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor of this size with the dtype of `self`, filled with `fill_value`."""
    return full_like(self, fill_value, dtype=dtype, requires_grad=requires_grad) if size == self.shape else \
        filled(_size("new_full", (size,)), fill_value, dtype or self.dtype, requires_grad)


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    """A new tensor that copies `data`, with the dtype of `self`."""
    if isinstance(data, Tensor):
        warn(COPY_CONSTRUCT.format("tensor.new_tensor"))
    return from_array(array_of(data, dtype or self.dtype), requires_grad)


def empty_strided(size, stride, *, dtype=None, device=None, requires_grad=False):
    """A tensor of this size whose elements lie at these strides."""
    if len(size) != len(stride):
        raise RuntimeError(f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})")
    made = empty(size, dtype=dtype, device=device, requires_grad=requires_grad)
    if tuple(stride) != contiguous_strides(tuple(size)):
        made._geometry = tuple(stride), 0
    return made


def new_empty_strided(self, size, stride, *, dtype=None, device=None, requires_grad=False):
    """A tensor of this size whose elements lie at these strides, of the dtype of `self` unless another is given."""
    return empty_strided(size, stride, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


def empty_permuted(size, physical_layout, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """A tensor of this size whose dimensions lie in memory in the order physical_layout, the outermost first."""
    rank = len(size)
    if len(physical_layout) != rank:
        raise RuntimeError("Number of dimensions in size does not match the length of the physical_layout; i.e. "
                           f"len(size) = {rank} is not equal to len(physical_layout) = {len(physical_layout)}")
    for index, dim in enumerate(physical_layout):
        if not 0 <= dim < rank:
            raise RuntimeError(f"Dimension out of range (expected to be between 0 and {rank - 1}, but got {dim} at index {index}).  "
                               "NB: negative dims not currently supported; file an issue if you want it.")
        if dim in physical_layout[:index]:
            raise RuntimeError("Duplicate dim not allowed")
    inner = contiguous_strides(tuple(size[dim] for dim in physical_layout))
    strides = [inner[physical_layout.index(dim)] for dim in range(rank)]
    return empty_strided(size, strides, dtype=dtype, device=device, requires_grad=requires_grad)


def eye(n, m=None, *, dtype=None, device=None, requires_grad=False, layout=None):
    """The identity, n rows and m (or n) columns (torch.eye)."""
    if n < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got {n}")
    if m is not None and m < 0:
        raise RuntimeError(f"m must be greater or equal to 0, got {m}")
    return from_array(np.eye(n, m, dtype=(dtype or dtypes.get_default_dtype()).numpy), requires_grad)


# ---------------------------------------------------------------- ranges
_OPTIONS = "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, bool requires_grad = False)"
_ARANGE = (f"(Number end, *, Tensor out = None, {_OPTIONS}", f"(Number start, Number end, *, {_OPTIONS}",
           f"(Number start, Number end, Number step = 1, *, Tensor out = None, {_OPTIONS}")


def arange(*args, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **names):
    """start, start + step, ... up to `end`, which is left out (torch.arange)."""
    given = [each.item() if isinstance(each, np.generic) or isinstance(each, Tensor) and not each.requires_grad else each for each in args]
    start, end, step = (0, given[0], 1) if len(given) == 1 else (*given, 1)[:3] if given else (0, None, 1)
    start, end, step = names.get("start", start), names.get("end", end), names.get("step", step)
    if end is None:
        raise TypeError(signature_mismatch("arange", _ARANGE, args, {}))
    for name, each in (("start", start), ("end", end), ("step", step)):
        if isinstance(each, complex) or each.__class__ is int and not -2**63 <= each < 2**63:
            raise RuntimeError(f"value cannot be converted to type {'double' if isinstance(each, complex) else 'int64_t'} without overflow")
        if not isinstance(each, (bool, int, float)):
            raise TypeError(f"arange(): argument '{name}' (position {max(1, args.index(each) + 1)}) must be Number, not {kind_name(each)}")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0 or step != step:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(each, int) for each in (start, end, step)) else dtypes.get_default_dtype()
    if dtype.category in (dtypes.BOOL, dtypes.COMPLEX):
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dtype.legacy}'")
    if dtype.category == dtypes.INTEGER:
        if math.isinf(step):
            raise RuntimeError("value cannot be converted to type int64_t without overflow")
        if int(step) == 0:
            raise ValueError("step must be nonzero")
        step = int(step)
    count = math.ceil((end - start) / step) if dtype.category == dtypes.FLOAT else len(range(int(start), int(end), step))
    wide = np.int64 if dtype.category != dtypes.FLOAT else np.float64
    array = (wide(start) + np.arange(count, dtype=wide) * wide(step)).astype(dtype.numpy)
    return from_array(array, requires_grad)


def range_(start=0, end=None, step=1, *, dtype=None, **options):
    """As arange, with `end` in it (torch.range, which torch has deprecated)."""
    return arange(start, end + step / 2, step, dtype=dtype or dtypes.get_default_dtype(), **options)


def _steps(steps):
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return steps


def _spaced(start, end, steps, dtype):
    """`steps` numbers from start to end, counted from the nearer end as torch does."""
    if dtype.category == dtypes.BOOL:
        raise NotImplementedError("\"linspace_cpu\" not implemented for 'Bool'")
    compute = np.float32 if dtype in (dtypes.float32, dtypes.float16, dtypes.bfloat16) else np.complex128 if dtype.is_complex else np.float64
    if steps == 1:
        return np.asarray([start], compute)
    start, end = compute(start), compute(end)
    if dtype.category == dtypes.INTEGER:
        step = (end - start) / max(steps - 1, 1)
    else:
        step = compute((end - start) / compute(max(steps - 1, 1)))
    index = np.arange(steps)
    return np.where(index < steps // 2, start + step * index.astype(compute), end - step * (steps - 1 - index).astype(compute)).astype(compute)


def _ends(name, start, end, steps):
    """The numbers from and to which steps lead, which may be given as tensors."""
    if not hasattr(steps, "__index__"):
        raise TypeError(f"{name}(): argument 'steps' must be int, not {kind_name(steps)}")
    wrong = [f"{which} with {each.ndim} dimension(s)" for which, each in (("start", start), ("end", end)) if isinstance(each, Tensor) and each.ndim]
    if wrong:
        raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {' and '.join(wrong)}.")
    return (each.item() if isinstance(each, Tensor) else each for each in (start, end))


def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False, layout=None):
    """`steps` evenly spaced numbers from start to end, both in (torch.linspace)."""
    start, end = _ends("linspace", start, end, steps)
    dtype = dtype or (dtypes.get_default_dtype().to_complex() if complex in (type(start), type(end)) else dtypes.get_default_dtype())
    return from_array(_spaced(start, end, _steps(steps), dtype).astype(dtype.numpy), requires_grad)


def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False, layout=None):
    """base to the power of `steps` evenly spaced numbers from start to end (torch.logspace)."""
    start, end = _ends("logspace", start, end, steps)
    dtype = dtype or dtypes.get_default_dtype()
    if dtype.category == dtypes.INTEGER:
        start, end = int(start), int(end)
    exponents = _spaced(start, end, _steps(steps), dtype)
    return from_array(np.power(exponents.dtype.type(base), exponents).astype(dtype.numpy), requires_grad)


_FILLING = (zeros, ones, empty, full, eye, arange, linspace, logspace)
_LIKE = (zeros_like, ones_like, empty_like, full_like)
_OTHER = (tensor, as_tensor, scalar_tensor, empty_strided, empty_permuted)
FUNCTIONS = {each.__name__: explained(each.__name__, placed(each, like=each in _LIKE, out=each in _FILLING)) for each in (*_FILLING, *_LIKE, *_OTHER)} | {
    "range": warned("range", placed(range_)), "from_numpy": from_numpy}
METHODS = (new_zeros, new_ones, new_empty, new_full, new_tensor, new_empty_strided)
for _each in METHODS:
    setattr(Tensor, _each.__name__, explained(_each.__name__, placed(_each, like=True), method=True))
