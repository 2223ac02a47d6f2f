"""Whether a Python number fits into a dtype. Where torch stores a number in a tensor, one that does not fit is an error, not infinity."""

import cmath

import ml_dtypes
import numpy as np

from facade.core import dtypes

_NAMES = {dtypes.int32: "int", dtypes.float16: "c10::Half", dtypes.bfloat16: "c10::BFloat16", dtypes.float32: "float", dtypes.float64: "double",
          dtypes.complex64: "c10::complex<float>", dtypes.complex128: "c10::complex<double>"}


def check_fits(number, dtype):
    """Raise torch's errors where `number` cannot be stored as `dtype`."""
    if number.__class__ is int and not -2**63 <= number < 2**64:
        raise OverflowError("int too big to convert")
    if not _fits(number, dtype):
        raise RuntimeError(f"value cannot be converted to type {_NAMES.get(dtype, dtype.name + '_t')} without overflow")


def _fits(number, dtype):
    if dtype.category == dtypes.BOOL:
        return True
    if isinstance(number, complex) and not dtype.is_complex:
        return number.imag == 0 and _fits(number.real, dtype)
    if dtype.category == dtypes.INTEGER:
        limits = np.iinfo(dtype.numpy)
        return cmath.isfinite(number) and (limits.min or -limits.max) <= int(number) <= limits.max      # negative ones wrap in unsigned types
    most = float(ml_dtypes.finfo(dtype.to_real().numpy).max)
    return not cmath.isfinite(number) or max(abs(complex(number).real), abs(complex(number).imag)) <= most
