"""Where a program needs 64-bit numbers, which JAX has with its switch on alone; without it integers are of 32 bits.

PyTorch's integers are of 64 bits, but hardly a program needs them: a person would leave them at JAX's 32.
"""

import jax
import numpy as np

from facade.workbench.emitting.flat import Name

_NARROWER = {"int64": "int32", "uint64": "uint32"}


def needs_wide(flat, arrays=()):
    """Whether a program that was flattened with 64-bit numbers needs them: it has floating point numbers of these, or integers too large
    for 32 bits.

    arrays: what goes in. All other integers a person would leave at JAX's 32 bits.
    """
    results = [*flat.inputs, *(each for equation in flat.equations for each in equation.results)]
    constants = [getattr(each, "val", each) for equation in flat.equations for each in equation.sources if not isinstance(each, Name)]
    return any(is_wide(each.aval, "fc") for each in results) or any(map(_is_large, [*constants, *arrays]))


def is_wide(aval, kinds="iufc"):
    """Whether an abstract value is of 64 bits, or a complex number of two of these, and of these kinds."""
    if not jax.dtypes.issubdtype(aval.dtype, np.generic):
        return False
    dtype = np.dtype(aval.dtype)
    return dtype.kind in kinds and dtype.itemsize >= (16 if dtype.kind == "c" else 8)


def _is_large(array):
    """Whether an array has integers that need more than 32 bits."""
    array = np.asarray(array)
    return array.dtype.kind in "iu" and array.dtype.itemsize >= 8 and array.size > 0 and (array.max() >= 2 ** 31 or array.min() < -2 ** 31)


# ---------------------------------------------------------------- without the switch
def narrowed(dtype, wide):
    """A dtype as it is where JAX has 64-bit numbers, or has not."""
    return dtype if wide or dtype.name not in _NARROWER else np.dtype(_NARROWER[dtype.name])


def narrow(aval, wide):
    """An abstract value, likewise."""
    return aval.update(dtype=narrowed(aval.dtype, wide))


def narrow_params(params, wide):
    """The parameters of an equation, likewise."""
    return {key: narrowed(value, wide) if isinstance(value, np.dtype) else value for key, value in params.items()}
