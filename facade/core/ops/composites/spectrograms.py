"""Short-time Fourier transforms, and the windows that they look through."""

import math

import numpy as np

from facade.core import devices, dtypes
from facade.core.ops.composites import composite
from facade.core.ops.composites.combining import pad
from facade.core.ops.creation import from_array, ones
from facade.core.ops.dispatch import apply
from facade.core.ops.outputs import with_out
from facade.core.ops.rows import fourier as rows
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import typename
from facade.core.warn import warn

NO_WINDOW = "A window was not provided. A rectangular window will be applied{}" \
            "To suppress this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
OLD_FORMAT = ("stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex tensors for all inputs, and "
              "return_complex=False will raise an error.\nNote: you can still call torch.view_as_real on the complex output to recover the old "
              "return format.")


# ---------------------------------------------------------------- words that both share
def _sizes_text(tensor):
    return "[" + ", ".join(map(str, tensor.shape)) + "]"


def _shown(value):
    return "None" if value is None else str(int(value))


def _window_text(window):
    return "None" if window is None else f"{typename(window)}{{{_sizes_text(window)}}}"


def _padded_window(window, win_length, n_fft):
    """The window, zeros around it up to n_fft elements."""
    before = (n_fft - win_length) // 2
    return window if win_length == n_fft else pad(window, (before, n_fft - win_length - before))


# ---------------------------------------------------------------- forward
@composite()
def stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect", normalized=False, onesided=None,
         return_complex=None, align_to_window=None):
    """Fourier transforms of frames of the signal, hop_length apart: (batch, frequencies, frames)"""
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        signal = input.view((1,) * (3 - input.ndim) + tuple(input.shape))
        padded = pad(signal, (n_fft // 2, n_fft // 2), pad_mode)
        input = padded.view(padded.shape[-input.ndim:])
    hop_length, win_length = n_fft // 4 if hop_length is None else hop_length, n_fft if win_length is None else win_length
    if window is None:
        warn(NO_WINDOW.format(",which is known to cause spectral leakage. Other windows such as torch.hann_window or torch.hamming_window "
                              "are recommended to reduce spectral leakage."))
    is_complex = input.dtype.is_complex or window is not None and window.dtype.is_complex
    if return_complex is None and not is_complex:
        raise RuntimeError("stft requires the return_complex parameter be given for real inputs, and will further require that "
                           "return_complex=True in a future PyTorch release.")
    _check_stft(input, n_fft, hop_length, win_length, window, normalized, onesided, return_complex, align_to_window)
    onesided = not is_complex if onesided is None else onesided
    if return_complex is False:
        warn(OLD_FORMAT)
    if onesided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    result = _transformed(input, n_fft, hop_length, win_length, window, normalized, onesided, align_to_window)
    return result.view_as_real() if return_complex is False else result


def _check_stft(input, n_fft, hop_length, win_length, window, normalized, onesided, return_complex, align_to_window):
    start = (f"stft({typename(input)}{_sizes_text(input)}, n_fft={n_fft}, hop_length={hop_length}, win_length={win_length}, "
             f"window={_window_text(window)}, normalized={int(normalized)}, onesided={_shown(onesided)}, "
             f"return_complex={_shown(return_complex)}, align_to_window={_shown(align_to_window)}) : ")
    extent = input.shape[-1] if input.ndim else 0
    for holds, text in (
            (input.dtype.category >= dtypes.FLOAT, "expected a tensor of floating point or complex values"),
            (input.ndim in (1, 2), "expected a 1D or 2D tensor"),
            (0 < n_fft <= extent, f"expected 0 < n_fft < {extent}, but got n_fft={n_fft}"),
            (hop_length > 0, f"expected hop_length > 0, but got hop_length={hop_length}"),
            (0 < win_length <= n_fft, f"expected 0 < win_length <= n_fft, but got win_length={win_length}"),
            (window is None or tuple(window.shape) == (win_length,), "expected a 1D window tensor of size equal to "
             f"win_length={win_length}, but got window with size {window is not None and _sizes_text(window)}")):
        if not holds:
            raise RuntimeError(start + text)


def _transformed(input, n_fft, hop_length, win_length, window, normalized, onesided, align_to_window):
    """Frames times the window, transformed, frequencies first."""
    signal = input.unsqueeze(0) if input.ndim == 1 else input
    if align_to_window:
        before = (n_fft - win_length) // 2
        signal = pad(signal, (before, n_fft - win_length - before))
    frames = signal.unfold(-1, n_fft, hop_length)
    if window is not None or win_length < n_fft:
        frames = frames * _padded_window(ones(win_length, dtype=input.dtype) if window is None else window, win_length, n_fft)
    norm = "ortho" if normalized else "backward"
    if frames.dtype.is_complex:
        spectra = apply(rows.C2C, (ARRAY, (2,), (n_fft,), norm, True), (frames,))
    else:
        spectra = apply(rows.R2C, (ARRAY, (2,), (n_fft,), norm, onesided), (frames,))
    spectra = spectra.transpose(1, 2)
    return spectra.squeeze(0) if input.ndim == 1 else spectra


# ---------------------------------------------------------------- inverse
@composite()
def istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
          return_complex=False):
    """The signal whose stft comes nearest to the input: frames transformed back and laid over each other"""
    if window is None:
        warn(NO_WINDOW.format(".Please provide the same window used by stft to make the inversion lossless."))
    hop_length, win_length = n_fft // 4 if hop_length is None else hop_length, n_fft if win_length is None else win_length
    if not input.dtype.is_complex:
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from stft with return_complex=True.")
    start = (f"istft(CPU{input.dtype.legacy}Type{_sizes_text(input)}, n_fft={n_fft}, hop_length={hop_length}, win_length={win_length}, "
             f"window={_window_text(window)}, center={int(center)}, normalized={int(normalized)}, onesided={_shown(onesided)}, "
             f"length={length}, return_complex={int(return_complex)}) ")
    _check_istft(start + ": ", input, n_fft, hop_length, win_length, window, onesided)
    onesided = input.shape[-2] != n_fft if onesided is None else onesided
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if not return_complex and window is not None and window.dtype.is_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    window = _padded_window(ones(win_length, dtype=input.dtype.to_real()) if window is None else window, win_length, n_fft)
    spectra = (input if input.ndim == 3 else input.unsqueeze(0)).transpose(1, 2)
    norm = "ortho" if normalized else "backward"
    frames = apply(rows.C2C, (ARRAY, (2,), (n_fft,), norm, False), (spectra,)) if return_complex else \
        apply(rows.C2R, (ARRAY, (2,), (n_fft,), norm), (spectra,))
    signal = _without_window(start, frames * window, window, hop_length, n_fft // 2 if center else 0, length)
    return signal.squeeze(0) if input.ndim == 2 else signal


def _check_istft(start, input, n_fft, hop_length, win_length, window, onesided):
    frequencies = input.shape[-2] if input.ndim > 1 else 0
    mismatch = "expected the frequency dimension (3rd to the last) of the input tensor to match {} when onesided={}, but got {}"
    if input.ndim < 2:
        raise IndexError("Dimension out of range (expected to be in range of [-2, 1], but got -3)")
    for holds, text in (
            (input.numel(), "input tensor cannot be empty."),
            (input.ndim in (2, 3), f"expected a tensor with 3 or 4 dimensions, but got {input.ndim + 1}"),
            (onesided is not True or n_fft // 2 + 1 == frequencies, mismatch.format("n_fft / 2 + 1", "True", frequencies)),
            (onesided is not False or n_fft == frequencies, mismatch.format("n_fft", "False", frequencies)),
            (0 < hop_length <= win_length, "expected 0 < hop_length <= win_length"),
            (0 < win_length <= n_fft, "expected 0 < win_length <= n_fft"),
            (window is None or tuple(window.shape) == (win_length,), "Invalid window shape. window has to be 1D and length of `win_length`")):
        if not holds:
            raise RuntimeError(start + text)


def _without_window(start, frames, window, hop, cut, length):
    """Frames laid over each other, divided by what their windows sum up to; cut elements are taken off at both ends."""
    count, n_fft = frames.shape[1:]
    whole = n_fft + hop * (count - 1)
    end = whole - cut if length is None else cut + length
    squares = (window * window).expand(1, count, n_fft)
    signal, envelope = (apply(rows.OVERLAP_ADD, (ARRAY, hop), (each,))[:, cut:end] for each in (frames, squares))
    if not np.abs(envelope.detach().numpy_value()).min(initial=np.inf) > 1e-11:
        raise RuntimeError(start + "window overlap add min: 1\n[ CPUBoolType{} ]")
    signal = signal / envelope
    if end <= whole:
        return signal
    warn("The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
         "Please check your center and hop_length settings.")
    return pad(signal, (0, end - whole))


# ---------------------------------------------------------------- windows
def _window(name, formula, extent, periodic, dtype, device, requires_grad):
    """formula(positions, extent, cast) of a window; a periodic one is the longer symmetric one without its last element."""
    devices.checked(device)
    dtype = dtype or dtypes.get_default_dtype()
    if not hasattr(extent, "__index__"):
        raise TypeError(f"{name}(): argument 'window_length' (position 1) must be int, not {type(extent).__name__}")
    if dtype.category < dtypes.FLOAT:
        kind = {"int64": "long int", "int32": "int", "uint8": "unsigned char", "int8": "signed char", "int16": "short int"}.get(dtype.name, dtype.name)
        raise RuntimeError(f"{name} expects floating point dtypes, got: TensorOptions(dtype={kind}, device=cpu, layout=Strided (default), "
                           "requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))")
    if extent < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={extent}")
    if dtype.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dtype.legacy}'")
    if extent < 2:
        return from_array(np.ones(extent, dtype.numpy), requires_grad)
    wide = np.float64 if dtype is dtypes.float64 else np.float32
    made = formula(np.arange(extent + periodic), extent + periodic, lambda array: np.asarray(array, wide).astype(dtype.numpy).astype(wide))
    return from_array(made.astype(dtype.numpy)[:extent], requires_grad)


def _cosines(alpha, beta):
    """alpha - beta * cos: each step is rounded to the dtype, as torch's are."""
    def formula(positions, extent, cast):
        return cast(cast(cast(np.cos(cast(positions * (2 * math.pi / (extent - 1))))) * -beta) + alpha)
    return formula


def _blackman(positions, extent, cast):
    angle = cast(positions * (math.pi / (extent - 1)))
    wide, narrow = (cast(cast(np.cos(cast(angle * times))) * share) for times, share in ((4, 0.08), (2, 0.5)))
    return cast(cast(wide - narrow) + 0.42)


def _bartlett(positions, extent, cast):
    rising = cast(positions * (2 / (extent - 1)))
    return np.where(positions <= (extent - 1) // 2, rising, cast(2 - rising))


def _kaiser(beta):
    def formula(positions, extent, cast):
        half = (extent - 1) / 2
        return np.i0(beta * np.sqrt(np.maximum(1 - ((positions - half) / half) ** 2, 0))) / np.i0(beta)
    return formula


@composite(at="torch")
@with_out
def hann_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """(1 - cos) / 2: one wave, from zero to zero"""
    return _window("hann_window", _cosines(0.5, 0.5), window_length, periodic, dtype, device, requires_grad)


@composite(at="torch")
@with_out
def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, layout=None, device=None, pin_memory=False,
                   requires_grad=False):
    """alpha - beta * cos: one wave that does not fall to zero"""
    return _window("hamming_window", _cosines(alpha, beta), window_length, periodic, dtype, device, requires_grad)


@composite(at="torch")
@with_out
def blackman_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """0.42 - 0.5 cos + 0.08 cos of twice the angle"""
    return _window("blackman_window", _blackman, window_length, periodic, dtype, device, requires_grad)


@composite(at="torch")
@with_out
def bartlett_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """A triangle, from zero to zero"""
    return _window("bartlett_window", _bartlett, window_length, periodic, dtype, device, requires_grad)


@composite(at="torch")
@with_out
def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """A Bessel function of a half circle: the larger beta, the narrower"""
    return _window("kaiser_window", _kaiser(beta), window_length, periodic, dtype, device, requires_grad)
