"""torch.fft: sizes, dims and norms are settled here, then one of three transforms is recorded.

A function of one dim is its sibling of several with other words in its errors. The Hermitian ones are the real ones turned around:
conjugated, with the scale on the other side.
"""

import numpy as np

from facade.core import devices, dtypes
from facade.core.errors import dim_range
from facade.core.ops.composites import composite
from facade.core.ops.creation import from_array
from facade.core.ops.dispatch import apply
from facade.core.ops.outputs import with_out
from facade.core.ops.rows import fourier as rows
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import Tensor

TURNED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


# ---------------------------------------------------------------- what is asked
def _promoted(input, to_complex=False):
    """Integers as the default dtype; what has no transform is refused."""
    dtype = input.dtype if input.dtype.category >= dtypes.FLOAT else dtypes.get_default_dtype()
    if dtype in (dtypes.float16, dtypes.bfloat16):
        raise RuntimeError(f"Unsupported dtype {dtype.legacy}")
    return input.to(dtype.to_complex() if to_complex and not dtype.is_complex else dtype)


def _norm(norm):
    if norm not in (None, *TURNED):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm or "backward"


def _points(n):
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


def _one_dim(input, dim):
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return dim_range(dim, input.ndim)


def _as_tuple(value):
    return value if value is None else (value,) if isinstance(value, int) else tuple(value)


def _dims_and_sizes(input, s, dim):
    """The dims, counted from the front, and the number of points along each."""
    dims, sizes = _as_tuple(dim), _as_tuple(s)
    if dims and not input.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    if dims is not None:
        dims = tuple(dim_range(each, input.ndim) for each in dims)
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
    if sizes is not None:
        if dims is not None and len(dims) != len(sizes):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
        if len(sizes) > input.ndim:
            raise RuntimeError(f"Got shape with {len(sizes)} values but input tensor only has {input.ndim} dimensions.")
    if dims is None:
        dims = tuple(range(input.ndim - len(sizes) if sizes is not None else 0, input.ndim))
    sizes = (-1,) * len(dims) if sizes is None else sizes
    return dims, tuple(_points(input.shape[each] if extent == -1 else extent) for each, extent in zip(dims, sizes))


def _real_sizes(input, s, dim, name):
    """As _dims_and_sizes, for a result that is real: of its last dim the input has half the points."""
    dims, sizes = _dims_and_sizes(input, s, dim)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    last = None if s is None else _as_tuple(s)[-1]
    return dims, (*sizes[:-1], _points(2 * (input.shape[dims[-1]] - 1)) if last in (None, -1) else last)


def _check_real(input, name, kind):
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} expects a {kind} input tensor, but got {input.dtype.legacy}")


# ---------------------------------------------------------------- the three transforms
def _c2c(input, dims, sizes, norm, forward):
    return apply(rows.C2C, (ARRAY, dims, sizes, norm, forward), (input,)) if dims else input


def _r2c(input, dims, sizes, norm, onesided=True):
    return apply(rows.R2C, (ARRAY, dims, sizes, norm, onesided), (input,))


def _c2r(input, dims, sizes, norm):
    return apply(rows.C2R, (ARRAY, dims, sizes, norm), (input,))


# ---------------------------------------------------------------- one dim
def _along_one(input, n, dim, norm, forward):
    input, norm = _promoted(input), _norm(norm)
    dims = (_one_dim(input, dim),)
    sizes = (_points(input.shape[dims[0]] if n is None else n),)
    if input.dtype.is_complex:
        return _c2c(input, dims, sizes, norm, forward)
    return _r2c(input, dims, sizes, norm, onesided=False) if forward else _r2c(input, dims, sizes, TURNED[norm], onesided=False).conj()


def _real_along_one(name, input, n, dim):
    _check_real(input, name, "real")
    input = _promoted(input)
    dims = (_one_dim(input, dim),)
    return input, dims, (_points(input.shape[dims[0]] if n is None else n),)


def _half_along_one(input, n, dim):
    input = _promoted(input, to_complex=True)
    dims = (_one_dim(input, dim),)
    return input, dims, (_points(2 * (input.shape[dims[0]] - 1) if n is None else n),)


def _fft(input, n=None, dim=-1, norm=None):
    """The discrete Fourier transform along one dim"""
    return _along_one(input, n, dim, norm, True)


def _ifft(input, n=None, dim=-1, norm=None):
    """The inverse of fft"""
    return _along_one(input, n, dim, norm, False)


def _rfft(input, n=None, dim=-1, norm=None):
    """fft of real numbers, without the half that the other half repeats, conjugated"""
    input, dims, sizes = _real_along_one("rfft", input, n, dim)
    return _r2c(input, dims, sizes, _norm(norm))


def _ihfft(input, n=None, dim=-1, norm=None):
    """The inverse of hfft"""
    input, dims, sizes = _real_along_one("ihfft", input, n, dim)
    return _r2c(input, dims, sizes, TURNED[_norm(norm)]).conj()


def _irfft(input, n=None, dim=-1, norm=None):
    """The inverse of rfft: n real numbers, an even count if n is left out"""
    input, dims, sizes = _half_along_one(input, n, dim)
    return _c2r(input, dims, sizes, _norm(norm))


def _hfft(input, n=None, dim=-1, norm=None):
    """fft of half a Hermitian signal, which is real"""
    input, dims, sizes = _half_along_one(input, n, dim)
    return _c2r(input.conj(), dims, sizes, TURNED[_norm(norm)])


# ---------------------------------------------------------------- several dims
def _fftn(input, s=None, dim=None, norm=None):
    """The discrete Fourier transform along several dims"""
    input = _promoted(input, to_complex=True)
    return _c2c(input, *_dims_and_sizes(input, s, dim), _norm(norm), True)


def _ifftn(input, s=None, dim=None, norm=None):
    """The inverse of fftn"""
    input = _promoted(input, to_complex=True)
    return _c2c(input, *_dims_and_sizes(input, s, dim), _norm(norm), False)


def _rfftn(input, s=None, dim=None, norm=None):
    """fftn of real numbers, without the half along the last dim that the other half repeats, conjugated"""
    _check_real(input, "rfftn", "real-valued")
    input = _promoted(input)
    dims, sizes = _dims_and_sizes(input, s, dim)
    if not dims:
        raise RuntimeError("rfftn must transform at least one axis")
    return _r2c(input, dims, sizes, _norm(norm))


def _irfftn(input, s=None, dim=None, norm=None):
    """The inverse of rfftn"""
    input = _promoted(input, to_complex=True)
    return _c2r(input, *_real_sizes(input, s, dim, "irfftn"), _norm(norm))


def _hfftn(input, s=None, dim=None, norm=None):
    """fftn of a signal that is Hermitian along the last dim and given by half of it; the result is real"""
    input, norm = _promoted(input, to_complex=True), _norm(norm)
    dims, sizes = _real_sizes(input, s, dim, "hfftn")
    input = _c2c(input, dims[:-1], sizes[:-1], norm, True)
    return _c2r(input.conj(), dims[-1:], sizes[-1:], TURNED[norm])


def _ihfftn(input, s=None, dim=None, norm=None):
    """The inverse of hfftn"""
    if input.dtype.is_complex:
        raise RuntimeError(f"Only supports floating-point dtypes, but found: {input.dtype.legacy}")
    input, norm = _promoted(input), _norm(norm)
    dims, sizes = _dims_and_sizes(input, s, dim)
    if not dims:
        raise RuntimeError("ihfftn must transform at least one axis")
    half = _r2c(input, dims[-1:], sizes[-1:], TURNED[norm])
    return half.conj() if len(dims) == 1 else _c2c(half.conj_physical(), dims[:-1], sizes[:-1], norm, False)


# ---------------------------------------------------------------- into the namespace
def _expose(name, transform, doc):
    """torch.fft.name: the transform with torch's check of the argument, and `out`."""
    def run(input, *arguments, **options):
        if not isinstance(input, Tensor):
            raise TypeError(f"fft_{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        return transform(input, *arguments, **options)
    run.__name__ = run.__qualname__ = name
    run.__doc__ = doc
    composite(at="fft")(with_out(run))


def _of_two_dims(transform):
    return lambda input, s=None, dim=(-2, -1), norm=None: transform(input, s, dim, norm)


for _one in (_fft, _ifft, _rfft, _irfft, _hfft, _ihfft):
    _expose(_one.__name__[1:], _one, _one.__doc__)
for _several in (_fftn, _ifftn, _rfftn, _irfftn, _hfftn, _ihfftn):
    _expose(_several.__name__[1:], _several, _several.__doc__)
    _expose(_several.__name__[1:-1] + "2", _of_two_dims(_several), _several.__doc__ + "; the last two dims unless others are named")


# ---------------------------------------------------------------- frequencies and their order
def _frequencies(name, places, n, d, dtype, requires_grad):
    dtype = dtype or dtypes.get_default_dtype()
    if dtype.category < dtypes.FLOAT:
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    with np.errstate(all="ignore"):
        step = np.float64(1) / np.float64(n * d)
        return from_array((places.astype(dtype.numpy) * np.asarray(step, dtype.numpy)).astype(dtype.numpy), requires_grad)


@composite(at="fft")
@with_out
def fftfreq(n, d=1.0, *, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequencies that fft of n points, d apart, has at its places"""
    devices.checked(device)
    return _frequencies("fftfreq", np.concatenate([np.arange((n + 1) // 2), np.arange(-(n // 2), 0)]), n, d, dtype, requires_grad)


@composite(at="fft")
@with_out
def rfftfreq(n, d=1.0, *, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequencies that rfft of n points, d apart, has at its places"""
    devices.checked(device)
    return _frequencies("rfftfreq", np.arange(n // 2 + 1), n, d, dtype, requires_grad)


def _rolled(input, dim, amount):
    dims = tuple(range(input.ndim)) if dim is None else _as_tuple(dim)
    dims = tuple(dim_range(each, input.ndim) for each in dims)
    return input.roll(tuple(amount(input.shape[each]) for each in dims), dims)


@composite(at="fft")
def fftshift(input, dim=None):
    """The frequencies in rising order, zero in the middle"""
    return _rolled(input, dim, lambda extent: extent // 2)


@composite(at="fft")
def ifftshift(input, dim=None):
    """The inverse of fftshift"""
    return _rolled(input, dim, lambda extent: (extent + 1) // 2)
