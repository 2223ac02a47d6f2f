"""What numbers a dtype can hold: torch.finfo and torch.iinfo.

Both are records of a few figures, found once for each dtype from what NumPy and ml_dtypes
know of the formats. A complex dtype has the limits of its parts.
"""

import math

import ml_dtypes
import numpy as np

from facade.core import dtypes

_ABSENT = object()
_OF_PYTHON_TYPE = {float: dtypes.float64, complex: dtypes.complex128, int: dtypes.int64, bool: dtypes.bool}
_known = {}     # (class, dtype) -> its one instance, since masks ask for `finfo(x.dtype).min` in every step


class _Limits:
    """Figures of one dtype, which cannot be changed; `_printed` names those in its text."""

    __slots__ = ("bits", "dtype", "max", "min")
    _printed = ("min", "max")

    def __new__(cls, type=_ABSENT):
        requested = cls._without_argument() if type is _ABSENT else _as_dtype(cls.__name__, type)
        found = _known.get((cls, requested))
        if found is None:
            found = object.__new__(cls)
            for name, figure in cls._figures(requested).items():
                object.__setattr__(found, name, figure)
            _known[cls, requested] = found
        return found

    def __repr__(self):
        figures = "".join(f"{name}={getattr(self, name):g}, " for name in self._printed)
        return f"{type(self).__name__}({figures}dtype={self.dtype})"

    def __eq__(self, other):
        return type(self) is type(other) and self.dtype == other.dtype

    __hash__ = None

    def __setattr__(self, name, value):
        owner = f"torch.{type(self).__name__}"
        if hasattr(self, name):
            raise AttributeError(f"attribute '{name}' of '{owner}' objects is not writable")
        raise AttributeError(f"'{owner}' object has no attribute '{name}'")

    def __reduce__(self):
        raise TypeError(f"cannot pickle 'torch.{type(self).__name__}' object")


class finfo(_Limits):
    """The limits of a floating-point dtype (torch.finfo); without an argument, of the default dtype.

    bits: the size of a number.
    min, max: the lowest and the largest finite number.
    eps: the distance from 1 to the next larger number.
    tiny, smallest_normal: the smallest positive number that keeps all its digits.
    resolution: the power of ten that the format resolves in every number.
    """

    __module__ = __name__.partition(".")[0]

    __slots__ = ("eps", "resolution", "smallest_normal", "tiny")
    _printed = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
    _without_argument = staticmethod(dtypes.get_default_dtype)

    @staticmethod
    def _figures(requested):
        if not requested.is_floating_point and not requested.is_complex:
            raise TypeError("torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'")
        real = requested.to_real() if requested.is_complex else requested
        known = ml_dtypes.finfo(real.numpy)
        figures = {name: float(getattr(known, name)) for name in ("min", "max", "eps", "smallest_normal", "tiny")}
        if real is dtypes.float8_e5m2fnuz:
            figures["eps"] = 0.125     # what torch says; with two bits of mantissa the distance is 0.25
        resolution = float(f"1e-{math.floor(known.nmant * math.log10(2))}")
        return {**figures, "resolution": resolution, "bits": 8 * real.itemsize, "dtype": real.name}


class iinfo(_Limits):
    """The limits of an integer dtype (torch.iinfo).

    bits: the size of a number.
    min, max: the lowest and the largest number.
    """

    __module__ = __name__.partition(".")[0]

    __slots__ = ()

    @staticmethod
    def _without_argument():
        raise TypeError('iinfo() missing 1 required positional arguments: "type"')

    @staticmethod
    def _figures(requested):
        if requested.is_floating_point or requested.is_complex:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        if requested is dtypes.bool:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        known = np.iinfo(requested.numpy)
        return {"bits": known.bits, "min": int(known.min), "max": int(known.max), "dtype": requested.name}


def _as_dtype(caller, given):
    """The dtype that `given` means: itself, or what torch makes of a Python number type."""
    if isinstance(given, dtypes.dtype):
        return given
    if isinstance(given, type) and given in _OF_PYTHON_TYPE:
        return _OF_PYTHON_TYPE[given]
    raise TypeError(f"{caller}(): argument 'type' (position 1) must be torch.dtype, not {type(given).__name__}")
