"""conv1d to conv3d and their transposes: arguments as one number or several, string padding, inputs without a batch, torch's checks."""

import functools
import math

from facade.core import dtypes
from facade.core.ops.advice import SAME_EVEN
from facade.core.ops.composites import composite
from facade.core.ops.outputs import with_out
from facade.core.ops.dispatch import apply
from facade.core.ops.rows.convolution import CONV_TBC, CONVOLUTION
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import type_text
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


def _padding(padding, weight, stride, dilation, rank):
    if not isinstance(padding, str):
        return numbers(padding, rank, "padding")
    if padding not in ("same", "valid"):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    return _same(weight, stride, dilation) if padding == "same" else (0,) * rank


def _mixed(input, weight, groups):
    """What torch says of an input and a weight of two dtypes: it depends on the library that would convolve them."""
    own, other = (dtypes.BY_NUMPY[each.dtype] for each in (input, weight))
    batch, kernel = input.shape[0] if len(input.shape) == len(weight.shape) else 1, weight.shape[2:]
    large = groups > 1 or batch > 1 or len(kernel) > 1 and min(kernel[-2:]) > 3 or math.prod(input.shape) > 20480
    if own is dtypes.bfloat16 or own.is_complex or own is dtypes.float32 and large:
        return (f"Input type ({type_text(own)}) and weight type ({type_text(other)}) should be the same"
                + " or input should be a MKLDNN tensor and weight is a dense tensor" * (not own.is_complex))
    return f"expected scalar type {own.legacy} but found {other.legacy}"


@functools.lru_cache(4096)
def _check(name, input, weight, bias, stride, padding, dilation, transposed, groups, rank):
    """Raise torch's error for these specs; what passed once is not looked at again."""
    if len(input.shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input of size: {list(input.shape)}")
    if len(weight.shape) != rank + 2:
        raise RuntimeError(f"expected stride to be a single integer value or a list of {len(weight.shape) - 2} values to match the convolution "
                           f"dimensions, "
                           f"but got stride={list(stride)}" if len(weight.shape) > 2 else "weight should have at least three dimensions")
    if bias is not None and bias.dtype != input.dtype and not transposed:
        raise RuntimeError(f"Input type ({_long(input)}) and bias type ({_long(bias)}) should be the same")
    if input.dtype != weight.dtype:
        raise RuntimeError(_mixed(input, weight, groups))
    if bias is not None and bias.dtype != input.dtype:
        raise RuntimeError(f"Input type ({_long(input)}) and bias type ({_long(bias)}) should be the same")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    for values, what, bad in ((padding, "negative padding", lambda each: isinstance(each, int) and each < 0),
                              (stride, "non-positive stride", lambda each: each <= 0),
                              (dilation, "dilation should be greater than zero", lambda each: each <= 0)):
        if any(map(bad, values)):
            raise RuntimeError(what if what.startswith("dilation") else f"{what} is not supported")
    _check_channels(input, weight, bias, padding, dilation, transposed, groups, rank)


def _legacy(spec):
    return dtypes.BY_NUMPY[spec.dtype].legacy


def _long(spec):
    return {"Half": "c10::Half", "BFloat16": "c10::BFloat16", "ComplexFloat": "c10::complex<float>", "ComplexDouble": "c10::complex<double>",
            "Long": "long int", "Short": "short int", "Byte": "unsigned char", "Char": "signed char"}.get(_legacy(spec), _legacy(spec).lower())


def _check_channels(input, weight, bias, padding, dilation, transposed, groups, rank):
    shape, kernel = list(input.shape), list(weight.shape)
    channels = shape[-rank - 1]
    wanted = kernel[0] if transposed else kernel[1] * groups
    if kernel[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size {kernel} instead")
    if kernel[0] % groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size {kernel} "
                           f"instead")
    if channels != wanted:
        batched = shape if len(shape) == rank + 2 else [1, *shape]
        raise RuntimeError(f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {kernel}, expected input{batched} to have "
                           f"{wanted} channels, but got {channels} channels instead")
    out = kernel[1] * groups if transposed else kernel[0]
    if bias is not None and tuple(bias.shape) != (out,):
        raise RuntimeError(f"Given {'transposed=1' if transposed else 'weight of size'}{', weight of size' if transposed else ''} {kernel}, "
                           f"expected bias "
                           f"to be 1-dimensional with {out} elements, but got bias of size {list(bias.shape)} instead")
    if not transposed:
        _check_kernel(shape[-rank:], kernel[2:], padding, dilation)


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
        padding = _padding(padding, weight, stride, dilation, rank)
        _check(name, _spec(input), _spec(weight), _spec(bias), stride, padding, dilation, False, groups, rank)
        return _run(input, weight, bias, stride, padding, dilation, False, (0,) * rank, groups, rank)

    def conv_transpose(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
        stride, dilation, padding = numbers(stride, rank, "stride"), numbers(dilation, rank, "dilation"), numbers(padding, rank, "padding")
        extra = numbers(output_padding, rank, "output_padding")
        _check(transposed_name, _spec(input), _spec(weight), _spec(bias), stride, padding, dilation, True, groups, rank)
        _check_extra(extra, stride, dilation)
        return _run(input, weight, bias, stride, padding, dilation, True, extra, groups, rank)
    conv.__name__, conv_transpose.__name__ = name, transposed_name
    conv.__doc__ = f"A weighted sum over the window at each place of the {rank} last dimensions, for each of the weight's filters."
    conv_transpose.__doc__ = f"The transpose of conv{rank}d: each element spreads its filter over the result."
    for function in (conv, conv_transpose):
        composite(at="torch nn.functional")(function)


def _check_extra(extra, stride, dilation):
    if any(more >= max(step, spacing) for more, step, spacing in zip(extra, stride, dilation)):
        letters = {1: ("width",), 2: ("height", "width"), 3: ("depth", "height", "width")}[len(extra)]
        shown = " ".join(f"{title}_{letter}: {value}" for title, values in (("output_padding", extra), ("stride", stride), ("dilation", dilation))
                         for letter, value in zip(letters, values))
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {shown}")


for _rank in (1, 2, 3):
    _expose(_rank)


@composite(at="torch nn.functional")
@with_out
def conv_tbc(input, weight, bias, pad=0):
    """A convolution over time of (time, batch, channels) by a weight of (window, channels, results)"""
    return apply(CONV_TBC, (ARRAY, ARRAY, ARRAY, int(pad)), (input, weight, bias))
