"""conv1d to conv3d and their transposes: arguments as one number or several, string padding, inputs without a batch, torch's checks."""

import functools
import math

from facade.core import dtypes
from facade.core.ops.advice import SAME_EVEN
from facade.core.ops.composites import composite
from facade.core.ops.outputs import with_out
from facade.core.ops.dispatch import apply
from facade.core.ops.rows.convolution import CONV_TBC, CONVOLUTION, has_no_kernel
from facade.core.ops.table import ARRAY
from facade.core.warn import warn_once


def numbers(value, rank, name, what="convolution"):
    """One int for each spatial dimension."""
    if isinstance(value, int):
        return (value,) * rank
    value = tuple(int(each) for each in value)
    if len(value) not in (1, rank):
        raise RuntimeError(f"expected {name} to be a single integer value or a list of {rank} values to match the {what} dimensions, "
                           f"but got {name}={list(value)}")
    return value * (rank // len(value))


def _same(weight, stride, dilation):
    """The padding that keeps the size, the odd element behind."""
    if any(each != 1 for each in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    if any(kernel % 2 == 0 and step % 2 for kernel, step in zip(weight.shape[2:], dilation)):
        warn_once(SAME_EVEN)
    totals = [step * (kernel - 1) for kernel, step in zip(weight.shape[2:], dilation)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _padding(padding, input, weight, stride, dilation, rank):
    if not isinstance(padding, str):
        return numbers(padding, rank, "padding")
    if input.ndim - 2 != rank and input.ndim - 1 != rank or weight.ndim != rank + 2:
        shape = list(input.shape) if input.ndim != rank + 1 else [1, *input.shape]
        raise RuntimeError(f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight{list(weight.shape)}, "
                           f"but got {len(shape)}-dimensional input of size {shape} instead")
    if padding not in ("same", "valid"):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    return _same(weight, stride, dilation) if padding == "same" else (0,) * rank


@functools.lru_cache(4096)
def _check(name, input, weight, bias, stride, padding, dilation, transposed, groups, rank, extra):
    """Raise torch's error for these specs; what passed once is not looked at again."""
    if len(input.shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input of size: {list(input.shape)}")
    shape = list(input.shape) if len(input.shape) == rank + 2 else [1, *input.shape]
    if not transposed:
        _check_bias_type(input, bias)
    _check_weight_rank(shape, list(weight.shape), stride, rank)
    for values, what, bad in ((padding, "negative padding", lambda each: isinstance(each, int) and each < 0),
                              (extra, "negative output_padding", lambda each: each < 0), (stride, "non-positive stride", lambda each: each <= 0)):
        if any(map(bad, values)):
            raise RuntimeError(f"{what} is not supported")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero{_dilation_shown(dilation, transposed)}")
    _check_channels(shape, list(weight.shape), bias, padding, dilation, transposed, groups, rank)
    _check_weight_type(shape, input, weight, transposed, groups)
    _check_some(shape, list(weight.shape), transposed, rank)


def _check_weight_rank(shape, kernel, stride, rank):
    if len(kernel) == rank + 2:
        return
    if rank == 1 and len(kernel) > 2:
        raise RuntimeError(f"Expected {len(kernel)}-dimensional input for {len(kernel)}-dimensional weight {kernel}, "
                           f"but got {len(shape)}-dimensional input of size {shape} instead")
    raise RuntimeError(f"expected stride to be a single integer value or a list of {len(kernel) - 2} values to match the convolution "
                       f"dimensions, but got stride={list(stride)}" if len(kernel) > 2 else "weight should have at least three dimensions")


def _dilation_shown(dilation, transposed):
    flat = (1, *dilation) if len(dilation) == 1 else dilation
    if min(flat) < 0:
        return ""
    if not transposed:
        return f", but got {list(flat)}"
    names = ("depth", "height", "width")[-len(flat):]
    return ", but got " + ", ".join(f"dilation_{name}: {value}" for name, value in zip(names, flat))


# ---------------------------------------------------------------- dtypes
def _check_bias_type(input, bias):
    if bias is not None and bias.dtype != input.dtype:
        names = [dtypes.BY_NUMPY[each.dtype].c_name for each in (input, bias)]
        raise RuntimeError(f"Input type ({names[0]}) and bias type ({names[1]}) should be the same")


def _check_weight_type(shape, input, weight, transposed, groups):
    """Raise where the weight is not of the input's dtype: each of torch's kernels has its own words."""
    own, other = (dtypes.BY_NUMPY[each.dtype] for each in (input, weight))
    if own is other or has_no_kernel(own, transposed):
        return
    if own.is_complex:
        raise RuntimeError(f"Input type (CPU{own.legacy}Type) and weight type (torch.{other.legacy}Tensor) should be the same")
    if own is dtypes.bfloat16 or own is dtypes.float32 and _takes_onednn(shape, weight.shape, groups):
        shown = "CPUBFloat16Type" if own is dtypes.bfloat16 else "torch.FloatTensor"
        raise RuntimeError(f"Input type ({shown}) and weight type (torch.{other.legacy}Tensor) should be the same "
                           "or input should be a MKLDNN tensor and weight is a dense tensor")
    raise RuntimeError(f"expected scalar type {own.legacy} but found {other.legacy}")


def _takes_onednn(shape, kernel, groups):
    """Whether torch leaves a convolution of float32 to oneDNN, which it does where there is enough to do."""
    flat = [*shape[:2], 1, *shape[2:]] if len(shape) == 3 else shape
    window = kernel[-2:] if len(kernel) > 3 else (1, kernel[-1])
    return groups > 1 or min(window) > 3 or shape[0] > 1 or math.prod(flat[:4]) > 20480


def _fitting_bias(input, bias, rank):
    """The bias of a transposed convolution, which torch adds to the result in place."""
    if bias is None or bias.dtype is input.dtype or has_no_kernel(input.dtype, transposed=True):
        return bias
    common = dtypes.promote_types(input.dtype, bias.dtype)
    if input.is_complex():
        raise RuntimeError(f"Input type (CPU{input.dtype.legacy}Type) and bias type (torch.{bias.dtype.legacy}Tensor) should be the same")
    if rank == 3:
        raise RuntimeError(f"expected scalar type {input.dtype.legacy} but found {bias.dtype.legacy}")
    if not dtypes.can_cast(common, input.dtype):
        raise RuntimeError(f"result type {common.legacy} can't be cast to the desired output type {input.dtype.legacy}")
    return bias.to(input.dtype)


# ---------------------------------------------------------------- shapes
def _check_channels(shape, kernel, bias, padding, dilation, transposed, groups, rank):
    channels = shape[-rank - 1]
    wanted = kernel[0] if transposed else kernel[1] * groups
    if kernel[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size {kernel} instead")
    if kernel[0] % groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size [{kernel}] "
                           f"instead")
    if channels != wanted:
        raise RuntimeError(f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {kernel}, expected input{shape} to have "
                           f"{wanted} channels, but got {channels} channels instead")
    out = kernel[1] * groups if transposed else kernel[0]
    if bias is not None and tuple(bias.shape) != (out,):
        raise RuntimeError(f"Given {'transposed=1' if transposed else 'weight of size'}{', weight of size' if transposed else ''} {kernel}, "
                           f"expected bias "
                           f"to be 1-dimensional with {out} elements, but got bias of size {list(bias.shape)} instead")
    if not transposed:
        _check_kernel(shape[-rank:], kernel[2:], padding, dilation)


def _check_some(shape, kernel, transposed, rank):
    """Raise where a window, or what a transposed convolution spreads, has no elements."""
    flat, window = ([*each[:2], 1, *each[2:]] if rank == 1 else each for each in (shape, kernel))
    if 0 in window[2:] and not (transposed and rank == 3):
        sizes = window[2:]
        shown = f": {' x '.join(map(str, sizes))} (TxHxW)" if rank == 3 else f" kernel_height: {sizes[0]} kernel_width: {sizes[1]}"
        raise RuntimeError(f"kernel size should be greater than zero, but got{shown}")
    if not transposed or 0 in flat[:2]:
        return
    if 0 in flat[2:]:
        raise RuntimeError(f"Only zero batch or zero channel inputs are supported, but got input shape: {flat}")
    if 0 in window:
        what = "non-empty 2D or 4D weight tensor expected, but got:" if rank < 3 else (
            "non-empty 5D (n_output_plane x n_input_plane x kernel_depth x kernel_height x kernel_width) tensor expected for weight, but got:")
        raise RuntimeError(f"{what} {window}")


def _check_kernel(spatial, kernel, padding, dilation):
    padded = [extent + (2 * pad if isinstance(pad, int) else sum(pad)) for extent, pad in zip(spatial, padding)]
    reach = [step * (size - 1) + 1 for size, step in zip(kernel, dilation)]
    if any(have < need for have, need in zip(padded, reach)):
        raise RuntimeError(f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
                           f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size")


def _run(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, rank):
    statics = (ARRAY, ARRAY, ARRAY, stride, padding, dilation, transposed, output_padding, groups)
    if input.ndim == rank + 2:
        return apply(CONVOLUTION, statics, (input, weight, bias))
    return apply(CONVOLUTION, statics, (input.unsqueeze(0), weight, bias)).squeeze(0)


def _spec(tensor):
    return None if tensor is None else tensor._value.spec


def _expose(rank):
    """conv{rank}d and conv_transpose{rank}d."""
    name, transposed_name = f"conv{rank}d", f"conv_transpose{rank}d"

    def conv(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        stride, dilation = numbers(stride, rank, "stride"), numbers(dilation, rank, "dilation")
        padding = _padding(padding, input, weight, stride, dilation, rank)
        _check(name, _spec(input), _spec(weight), _spec(bias), stride, padding, dilation, False, groups, rank, ())
        return _run(input, weight, bias, stride, padding, dilation, False, (0,) * rank, groups, rank)

    def conv_transpose(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
        stride, dilation, padding = numbers(stride, rank, "stride"), numbers(dilation, rank, "dilation"), numbers(padding, rank, "padding")
        extra = numbers(output_padding, rank, "output_padding")
        _check(transposed_name, _spec(input), _spec(weight), _spec(bias), stride, padding, dilation, True, groups, rank, extra)
        _check_extra(extra, stride, dilation)
        _check_room(input.shape[-rank:], weight.shape[2:], stride, padding, dilation, extra)
        bias = _fitting_bias(input, bias, rank)
        return _run(input, weight, bias, stride, padding, dilation, True, extra, groups, rank)
    conv.__name__, conv_transpose.__name__ = name, transposed_name
    conv.__doc__ = f"A weighted sum over the window at each place of the {rank} last dimensions, for each of the weight's filters."
    conv_transpose.__doc__ = f"The transpose of conv{rank}d: each element spreads its filter over the result."
    for function in (conv, conv_transpose):
        composite(at="torch nn.functional")(function)


def _check_extra(extra, stride, dilation):
    if len(extra) == 1:     # one dimension is computed as two
        extra, stride, dilation = (0, *extra), (1, *stride), (1, *dilation)
    if any(more >= max(step, spacing) for more, step, spacing in zip(extra, stride, dilation)):
        letters = ("depth", "height", "width")[-len(extra):]
        shown = " ".join(f"{title}_{letter}: {value}" for title, values in (("output_padding", extra), ("stride", stride), ("dilation", dilation))
                         for letter, value in zip(letters, values))
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {shown}")


def _check_room(sizes, kernel, stride, padding, dilation, extra):
    made = [(size - 1) * step - 2 * pad + spread * (window - 1) + more + 1
            for size, window, step, pad, spread, more in zip(sizes, kernel, stride, padding, dilation, extra)]
    if made and min(made) < 1:
        shown = [" x ".join(map(str, [1] * (len(made) == 1) + list(each))) for each in (sizes, made)]
        raise RuntimeError(f"Given input size per channel: ({shown[0]}). Calculated output size per channel: ({shown[1]}). "
                           "Output size is too small")


for _rank in (1, 2, 3):
    _expose(_rank)


@composite(at="torch nn.functional")
@with_out
def conv_tbc(input, weight, bias, pad=0):
    """A convolution over time of (time, batch, channels) by a weight of (window, channels, results)"""
    return apply(CONV_TBC, (ARRAY, ARRAY, ARRAY, int(pad)), (input, weight, bias))
