"""Element types: torch's dtype objects on top of NumPy's.

A dtype here is a singleton with a name, the NumPy dtype that stores it and torch's
questions (`is_floating_point`, `itemsize`, ...). Everything else about types, such as
the lattice of promotion, is derived from these few facts.
"""

import ml_dtypes
import numpy as np

from facade.core.singletons import Singleton

BOOL, INTEGER, FLOAT, COMPLEX = range(4)     # categories, in the order in which promotion prefers them


class dtype(Singleton):
    """The type of a tensor's elements (torch.dtype); compare with `is` or `==`."""

    __module__ = __name__.partition(".")[0]      # where users find it, and what its repr says
    __slots__ = ("name", "numpy", "category", "itemsize", "is_floating_point", "is_complex", "is_signed", "legacy")

    def __init__(self, name, numpy_type, legacy=None):
        self.name, self.numpy = name, np.dtype(numpy_type)
        self.itemsize = self.numpy.itemsize
        self.is_complex = name.startswith("complex")
        self.is_floating_point = name.startswith(("float", "bfloat"))
        self.is_signed = name != "bool" and not name.startswith("uint")
        self.category = (BOOL if name == "bool" else COMPLEX if self.is_complex
                         else FLOAT if self.is_floating_point else INTEGER)
        self.legacy = legacy

    def __reduce__(self):
        return by_name, (self.name,)

    @property
    def c_name(self):
        """Its name in C++, which some of torch's messages say."""
        return _IN_C.get(self.name, self.name)

    def to_complex(self):
        """The complex dtype whose parts have this precision."""
        return _TO_COMPLEX.get(self, self)

    def to_real(self):
        """The dtype of the real part of this complex dtype."""
        return _TO_REAL.get(self, self)


float64 = double = dtype("float64", np.float64, "Double")
float32 = float = dtype("float32", np.float32, "Float")
float16 = half = dtype("float16", np.float16, "Half")
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, "BFloat16")
float8_e4m3fn = dtype("float8_e4m3fn", ml_dtypes.float8_e4m3fn, "Float8_e4m3fn")
float8_e5m2 = dtype("float8_e5m2", ml_dtypes.float8_e5m2, "Float8_e5m2")
float8_e4m3fnuz = dtype("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz, "Float8_e4m3fnuz")
float8_e5m2fnuz = dtype("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz, "Float8_e5m2fnuz")
float8_e8m0fnu = dtype("float8_e8m0fnu", ml_dtypes.float8_e8m0fnu, "Float8_e8m0fnu")
int64 = long = dtype("int64", np.int64, "Long")
int32 = int = dtype("int32", np.int32, "Int")
int16 = short = dtype("int16", np.int16, "Short")
int8 = dtype("int8", np.int8, "Char")
uint8 = dtype("uint8", np.uint8, "Byte")
uint16 = dtype("uint16", np.uint16, "UInt16")
uint32 = dtype("uint32", np.uint32, "UInt32")
uint64 = dtype("uint64", np.uint64, "UInt64")
bool = dtype("bool", np.bool_, "Bool")
complex64 = cfloat = dtype("complex64", np.complex64, "ComplexFloat")
complex128 = cdouble = dtype("complex128", np.complex128, "ComplexDouble")

_IN_C = {"float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double", "complex64": "c10::complex<float>",
         "complex128": "c10::complex<double>", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int",
         "int64": "long int"}
ALL = tuple(dict.fromkeys(value for value in list(globals().values()) if isinstance(value, dtype)))
ALIASES = {name: value for name, value in list(globals().items()) if isinstance(value, dtype)}
BY_NUMPY = {each.numpy: each for each in ALL}
FLOAT8 = tuple(each for each in ALL if each.name.startswith("float8"))
_TO_COMPLEX = {float64: complex128, float32: complex64, float16: complex64, bfloat16: complex64}
_TO_REAL = {complex128: float64, complex64: float32}


def by_name(name):
    """The dtype called `name`, such as 'float32'."""
    return ALIASES[name]


def of_array(array):
    """The dtype of a NumPy or JAX array; TypeError in torch's words for what it cannot hold."""
    found = BY_NUMPY.get(array.dtype) or BY_NUMPY.get(array.dtype.newbyteorder("="))
    if found is None:
        raise TypeError(f"can't convert np.ndarray of type {array.dtype.type.__module__}.{array.dtype.type.__name__}. The only supported types "
                        "are: float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.")
    return found


_default = [float32]


def get_default_dtype():
    """The dtype of new floating-point tensors (torch.get_default_dtype)."""
    return _default[0]


def set_default_dtype(d):
    """Make `d` the dtype of new floating-point tensors (torch.set_default_dtype)."""
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default[0] = d


def of_number(value):
    """The dtype torch gives a tensor made of this Python number."""
    kind = type(value)
    if kind is _bool:
        return bool
    if issubclass(kind, (_int, np.integer)):
        return int64
    return get_default_dtype().to_complex() if issubclass(kind, complex) else get_default_dtype()


_bool, _int = type(True), type(1)
OF_TYPE = {_bool: bool, _int: int64, type(1.0): float64, complex: complex128}      # Python's types, where a dtype is asked for

# ---------------------------------------------------------------- promotion between dtypes
_ORDER = {each: rank for rank, each in enumerate(
    (bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, *FLOAT8, float16, bfloat16, float32, float64, complex64, complex128))}
_UNSIGNED_WITH_SIGNED = {int8: int16}


def promote_types(type1, type2):
    """The smallest dtype that holds both (torch.promote_types)."""
    for place, each in enumerate((type1, type2), 1):
        if not isinstance(each, dtype):
            raise TypeError(f"promote_types(): argument 'type{place}' (position {place}) must be torch.dtype, not {type(each).__name__}")
    if type1 is type2:
        return type1
    low, high = sorted((type1, type2), key=_ORDER.__getitem__)
    if low in FLOAT8 or high in FLOAT8:
        raise RuntimeError("Promotion for Float8 Types is not supported, attempted to promote "
                           f"{type1.legacy} and {type2.legacy}")
    if {low, high} == {float16, bfloat16}:
        return float32
    if high is complex64 and low is float64:
        return complex128
    if low is uint8 and high is int8:
        return int16
    if low.name in ("uint16", "uint32", "uint64") and high.category == INTEGER or high.name in ("uint16", "uint32", "uint64") and low.category == INTEGER:
        raise RuntimeError("Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                           f"{type1.legacy} and {type2.legacy}")
    return high


def can_cast(from_, to):
    """Whether a value of `from_` may be written into a tensor of `to` (torch.can_cast)."""
    return from_.category <= to.category
