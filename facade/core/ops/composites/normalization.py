"""The layers of nn.functional that normalize, and the linear ones: their checks, and running statistics."""

import math

from facade.core import dtypes
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply, apply_inplace
from facade.core.ops.rows import normalization as table
from facade.core.ops.table import ARRAY
from facade.core.tensor.modes import modes


# ---------------------------------------------------------------- linear
@composite(at="nn.functional")
def linear(input, weight, bias=None):
    """input times the transpose of weight (out, in), and bias."""
    if not weight._value.spec.shape or not input._value.spec.shape:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {input.ndim}D and {weight.ndim}D")
    if len(weight._value.spec.shape) == 1:
        return input.matmul(weight) if bias is None else input.matmul(weight) + bias
    is_matrix = len(input._value.spec.shape) == 2
    if is_matrix and bias is not None:
        return apply(table.LINEAR_TO_BIAS, _THREE, (bias, input, weight))
    return apply(table.LINEAR[is_matrix, bias is not None], _THREE, (input, weight, bias))


_THREE = ARRAY, ARRAY, ARRAY


@composite(at="torch nn.functional")
def bilinear(input1, input2, weight, bias=None):
    """input1 times each of weight's matrices (out, in1, in2) times input2, and bias."""
    if input1.ndim != input2.ndim:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}")
    for dim in range(input1.ndim - 1):
        if input1.shape[dim] != input2.shape[dim]:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {dim}: got {input1.shape[dim]} and {input2.shape[dim]}")
    for place, each in ((1, input1), (2, input2)):
        if each.shape[-1] != weight.shape[place]:
            raise RuntimeError(f"bilinear(): input{place} size does not match weight size: got {each.shape[-1]} but expected {weight.shape[place]}")
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected {weight.shape[0]}")
    given = {"input1": input1, "input2": input2, "weight": weight} | ({} if bias is None else {"bias": bias})
    if len({each.dtype for each in given.values()}) > 1:
        raise RuntimeError("All tensors must have the same dtype, got " + ", ".join(f"{name}: {each.dtype.c_name}" for name, each in given.items()))
    return apply(table.BILINEAR, (ARRAY, ARRAY, ARRAY, ARRAY), (input1, input2, weight, bias))


# ---------------------------------------------------------------- dtypes
def _check_dtypes(kernel, input, *parameters):
    """Parameters have the input's dtype, or are single while the input is of half precision; torch's errors where they are neither."""
    own, given = input.dtype, [each.dtype for each in parameters if each is not None]
    if given and given[0] is not own:
        if any(each is not dtypes.float32 for each in given):
            raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
        if own not in (dtypes.float16, dtypes.bfloat16):
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
        return
    _check_floating(kernel, own)
    for each in given:
        if each is not own:
            raise RuntimeError(f"expected scalar type {own.legacy} but found {each.legacy}")


def _check_floating(kernel, dtype):
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype.legacy}'")


# ---------------------------------------------------------------- over the last dimensions
def _check_normalized(input, shape, weight, bias, star):
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape "
                           "= []")
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and tuple(each.shape) != shape:
            raise RuntimeError(f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(each.shape)} and "
                               f"normalized_shape = {list(shape)}")
    if tuple(input.shape[-len(shape):]) != shape:
        raise RuntimeError(f"Given normalized_shape={list(shape)}, expected input with shape [*{star}{', '.join(map(str, shape))}], "
                           f"but got input of size{list(input.shape)}")


@composite(at="torch nn.functional")
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True):
    """Mean 0 and variance 1 over the last dimensions, of normalized_shape, then weight and bias of that shape."""
    shape = tuple(int(each) for each in normalized_shape)
    _check_normalized(input, shape, weight, bias, ", ")
    _check_dtypes("LayerNormKernelImpl", input, weight, bias)
    return apply(table.LAYER_NORM, (ARRAY, shape, ARRAY, ARRAY, float(eps)), (input, weight, bias))


@composite(at="torch nn.functional")
def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Root mean square 1 over the last dimensions, of normalized_shape, then weight of that shape."""
    shape = tuple(int(each) for each in normalized_shape)
    _check_normalized(input, shape, weight, None, "")
    if not input.dtype.is_complex:
        _check_floating("rms_norm", input.dtype)
    return apply(table.RMS_NORM, (ARRAY, shape, ARRAY, eps if eps is None else float(eps)), (input, weight))


# ---------------------------------------------------------------- over groups of channels
@composite(at="torch nn.functional")
def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True):
    """Mean 0 and variance 1 over each of num_groups groups of channels, then each channel's weight and bias."""
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    channels = input.shape[1]
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise RuntimeError(f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(input.shape)} "
                           f"and num_groups={num_groups}")
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and tuple(each.shape) != (channels,):
            raise RuntimeError(f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape "
                               f"{list(each.shape)} and input of shape {list(input.shape)}")
    if input.shape[0] * math.prod(input.shape[2:]) * channels // num_groups == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {_group_size(input, num_groups)}")
    _check_dtypes("GroupNormKernelImpl", input, weight, bias)
    return apply(table.GROUP_NORM, (ARRAY, int(num_groups), ARRAY, ARRAY, float(eps)), (input, weight, bias))


def _group_size(input, num_groups):
    return [input.shape[0] * input.shape[1] // num_groups, num_groups, *input.shape[2:]]


@composite(at="nn.functional")
def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Each element over (k + alpha * the mean square of `size` neighbours in the channels) ^ beta."""
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {input.ndim} dimensions)")
    if input.numel() == 0:
        return input
    return apply(table.LOCAL_RESPONSE, (ARRAY, int(size), float(alpha), float(beta), float(k)), (input,))


# ---------------------------------------------------------------- over the batch
def _move(running, value, momentum):
    """Move running statistics, in place and without history."""
    before, modes.grad = modes.grad, False
    try:
        apply_inplace(table.RUNNING, (ARRAY, ARRAY, float(momentum)), (running, value.detach()))
    finally:
        modes.grad = before


def _check_channels(input, **tensors):
    for name, each in tensors.items():
        if each is not None and each.numel() != input.shape[1]:
            raise RuntimeError(f"{name} should contain {input.shape[1]} elements not {each.numel()}")


@composite(at="nn.functional", name="batch_norm")
def functional_batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05):
    """Mean 0 and variance 1 of each channel, then its weight and bias.

    training: over the batch, and the running statistics are moved towards the batch's; else by the running statistics.
    """
    if training and math.prod(input.shape) // max(input.shape[1], 1) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.size()}")
    if eps < 0 or training and eps == 0:
        raise ValueError(f"batch_norm eps must be {'positive during training' if training else 'non-negative'}, but got {eps}")
    return batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


@composite(at="torch", name="batch_norm")
def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=True):
    """Mean 0 and variance 1 of each channel, then its weight and bias."""
    if not training:
        for name, each in (("running_mean", running_mean), ("running_var", running_var)):
            if each is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    _check_channels(input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not input.numel():               # no batch, so no statistics
        scaled = input.clone() if weight is None else input * weight[0]
        return scaled if bias is None else scaled + bias[0]
    _check_floating("batch_norm", input.dtype)
    _check_dtypes("batch_norm", input, weight, bias, running_mean, running_var)
    if not training:
        return apply(table.BATCH_NORM, (ARRAY, ARRAY, ARRAY, ARRAY, ARRAY, float(eps)), (input, running_mean, running_var, weight, bias))
    result, mean, variance = apply(table.BATCH_NORM_TRAINING, (ARRAY, ARRAY, ARRAY, float(eps)), (input, weight, bias))
    if running_mean is not None:
        _move(running_mean, mean, momentum)
    if running_var is not None:
        _move(running_var, variance, momentum)
    return result


@composite(at="nn.functional")
def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-05):
    """Mean 0 and variance 1 of each channel of each element of the batch, then the channel's weight and bias."""
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.size()}")
    batch, channels = input.shape[:2]
    as_one = input.reshape(1, batch * channels, *input.shape[2:])
    statistics = [None if each is None else each.repeat(batch) for each in (running_mean, running_var)]
    factors = [None if each is None else each.repeat(batch) for each in (weight, bias)]
    result = batch_norm(as_one, *factors, *statistics, use_input_stats, momentum, eps)
    for running, moved in zip((running_mean, running_var), statistics):
        if running is not None and use_input_stats:
            _move(running, moved.reshape(batch, channels).mean(0), 1.0)
    return result.reshape(input.shape)


# ---------------------------------------------------------------- weights
@composite(at="torch")
def norm_except_dim(v, pow=2, dim=0):
    """The norm of order `pow` of each part of v along dim, of all of v where dim is -1; the other dimensions have size 1."""
    if dim == -1:
        return v.norm(pow)
    if dim == 0:
        return v.reshape(v.shape[0], -1).norm(pow, 1).view(v.shape[0], *(1,) * (v.ndim - 1))
    if dim == v.ndim - 1:
        return v.reshape(-1, v.shape[-1]).norm(pow, 0).view(*(1,) * (v.ndim - 1), v.shape[-1])
    return norm_except_dim(v.transpose(0, dim), pow, 0).transpose(0, dim)


@composite(at="torch")
def _weight_norm(v, g, dim=0):
    """v, each of its parts along dim brought to the norm g."""
    if v.device != g.device:
        raise RuntimeError("weight_norm: expected v_in and g_in to be on the same device, but v_in is on "
                           f"{v.device} and g_in is on {g.device}")
    if dim in (0, v.ndim - 1) and v.dtype not in (dtypes.float16, dtypes.bfloat16):
        return apply(table.WEIGHT_NORM, (ARRAY, ARRAY, dim), (v, g))
    return v * (g / norm_except_dim(v, 2, dim))
