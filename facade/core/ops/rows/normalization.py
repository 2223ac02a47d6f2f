"""Linear layers and normalizations. Statistics of half precision are computed in float32, as torch does."""

import math

import jax.numpy as jnp
from jax import lax

from facade.core.dtypes import BY_NUMPY
from facade.core.ops.kernels.reduction import wide
from facade.core.ops.promotion import FLOATING
from facade.core.ops.rows.requirements import takes
from facade.core.ops.supported import EXACT, NOT_FLOAT, legacy_name
from facade.core.ops.table import op


# ---------------------------------------------------------------- linear
def _linear(input, weight, bias):
    exact = None if bias is None else wide(input).dtype         # rounded once, after the sum with the bias
    result = lax.dot_general(input, weight, (((input.ndim - 1,), (1,)), ((), ())), preferred_element_type=exact)
    return result if bias is None else (result + bias).astype(input.dtype)


def _check_linear(input, weight, bias):
    one, other = BY_NUMPY[input.dtype], BY_NUMPY[weight.dtype]
    if bias is not None and bias.dtype != weight.dtype:
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {BY_NUMPY[bias.dtype].legacy} and {other.legacy}")
    if one is not other:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {one.c_name} != {other.c_name}" if bias is None else
                           f"mat1 and mat2 must have the same dtype, but got {one.legacy} and {other.legacy}")
    if not input.shape:
        raise RuntimeError("both arguments to linear need to be at least 1D, but they are 0D and 2D")
    rows, (outs, ins) = math.prod(input.shape[:-1]), weight.shape
    if input.shape[-1] != ins:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and {ins}x{outs})")
    if bias is not None and bias.shape and bias.shape[-1] not in (1, outs):
        raise RuntimeError(f"The expanded size of the tensor ({outs}) must match the existing size ({bias.shape[-1]}) at non-singleton "
                           f"dimension 1.  Target sizes: {[rows, outs]}.  Tensor sizes: {list(bias.shape)}")


def _linear_row(node):
    return op("linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", _linear, at="", node=node, check=_check_linear,
              doc="input times the transpose of weight, and bias")


def _bias_first(function):
    return lambda bias, input, weight: function(input, weight, bias)


# (a matrix, has a bias): the row. torch adds a matrix's product to the bias, which `next_functions` shows first.
LINEAR = {(False, False): _linear_row("UnsafeViewBackward0"), (False, True): _linear_row("ViewBackward0"), (True, False): _linear_row("MmBackward0")}
LINEAR_TO_BIAS = op("linear(Tensor bias, Tensor input, Tensor weight) -> Tensor", _bias_first(_linear), at="", node="AddmmBackward0",
                    check=_bias_first(_check_linear), doc="bias, and input times the transpose of weight")


def _bilinear(input1, input2, weight, bias):
    result = jnp.einsum("...i,oij,...j->...o", input1, weight, input2)
    return result if bias is None else result + bias


BILINEAR = op("bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor", _bilinear, at="", node="ViewBackward0",
              doc="input1 times each of weight's matrices times input2, and bias")


# ---------------------------------------------------------------- normalization
def _wide(array):
    """In the dtype that sums are computed in."""
    return array.astype(jnp.float32) if array.dtype in (jnp.float16, jnp.bfloat16) else array


def _standardized(array, dims, eps):
    """(array less its mean over dims, over its standard deviation; the mean; the variance)."""
    mean = jnp.mean(array, dims, keepdims=True)
    centred = array - mean
    variance = jnp.mean(jnp.square(centred), dims, keepdims=True)
    return centred * lax.rsqrt(variance + eps), mean, variance


def _scaled(array, weight, bias, shape=None):
    if weight is not None:
        array = array * (weight if shape is None else weight.reshape(shape))
    return array if bias is None else array + (bias if shape is None else bias.reshape(shape))


def _layer_norm(input, normalized_shape, weight, bias, eps):
    dims = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    return _scaled(_standardized(_wide(input), dims, eps)[0], weight, bias).astype(input.dtype)


def _group_norm(input, num_groups, weight, bias, eps):
    grouped = _wide(input).reshape(input.shape[0], num_groups, math.prod(input.shape[1:]) // num_groups)
    normal = _standardized(grouped, 2, eps)[0].reshape(input.shape)
    return _scaled(normal, weight, bias, (-1,) + (1,) * (input.ndim - 2)).astype(input.dtype)


def _rms_norm(input, normalized_shape, weight, eps):
    dims = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    wide = _wide(input)
    eps = float(jnp.finfo(input.dtype).eps) if eps is None else eps
    square = jnp.mean(wide * wide, dims, keepdims=True)
    return _scaled(wide * lax.rsqrt(square + eps), weight, None).astype(input.dtype)


def _per_channel(array, ndim):
    return array.reshape((-1,) + (1,) * (ndim - 2))


def _batch_norm_training(input, weight, bias, eps):
    """The result, and each channel's mean and unbiased variance for the running statistics.

    Means over space, then over the batch, and the weight in the factor: forward and backward 0.74 ms of 32 x 16 x 32 x 32 on one processor,
    1.16 with one mean over all dimensions (torch 1.29).
    """
    wide, count = _wide(input), math.prod(input.shape) // max(input.shape[1], 1)

    def means(array):
        return jnp.mean(jnp.mean(array, tuple(range(2, array.ndim))), 0)
    mean = means(wide)
    centred = wide - _per_channel(mean, input.ndim)
    variance = means(jnp.square(centred))
    factor = lax.rsqrt(variance + eps) if eps else jnp.where(variance == 0, 0, lax.rsqrt(jnp.where(variance == 0, 1, variance)))
    factor = factor if weight is None else factor * weight
    result = _scaled(centred * _per_channel(factor, input.ndim), None, bias, (-1,) + (1,) * (input.ndim - 2)).astype(input.dtype)
    return result, lax.stop_gradient(mean), lax.stop_gradient(variance) * (count / max(count - 1, 1))


def _batch_norm(input, running_mean, running_var, weight, bias, eps):
    mean, variance = (_per_channel(each, input.ndim) for each in (running_mean, running_var))
    normal = (_wide(input) - mean) * lax.rsqrt(variance + eps)
    return _scaled(normal, weight, bias, (-1,) + (1,) * (input.ndim - 2)).astype(input.dtype)


def _local_response(input, size, alpha, beta, k):
    padded = jnp.pad(jnp.square(input), [(0, 0), (size // 2, (size - 1) // 2)] + [(0, 0)] * (input.ndim - 2))
    total = sum(lax.slice_in_dim(padded, at, at + input.shape[1], axis=1) for at in range(size))
    return input / (total / size * alpha + k) ** beta


def _normalizing(kernel):
    """The check of the input's dtype, and of the parameters': the input's own, or float32 beside half precision."""
    known = takes(kernel, *NOT_FLOAT)

    def check(input, *rest):
        given = [legacy_name(each) for each in _in_order(kernel, rest) if hasattr(each, "dtype")]
        if given and given[0] != legacy_name(input):
            if given[0] != "Float":
                raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
            if input.dtype.itemsize != 2:
                raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
        known(input)
        other = next((each for each in given if each != given[0]), None)
        if other is not None:
            raise RuntimeError(f"expected scalar type {legacy_name(input)} but found {other}")
    return check


def _in_order(kernel, parameters):
    """Weight and bias before the running statistics."""
    return (*parameters[2:], *parameters[:2]) if kernel == "batch_norm" and len(parameters) == 5 else parameters


LAYER_NORM = op("layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor", _layer_norm,
                at="",
                node="NativeLayerNormBackward0", check=_normalizing("LayerNormKernelImpl"), doc="Mean 0 and variance 1 over the last dimensions")
GROUP_NORM = op("group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor", _group_norm, at="",
                node="NativeGroupNormBackward0", check=_normalizing("GroupNormKernelImpl"), doc="Mean 0 and variance 1 over groups of channels")
RMS_NORM = op("rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor", _rms_norm, at="", node="MulBackward0",
              check=takes("rms_norm", *EXACT), doc="Root mean square 1 over the last dimensions")
BATCH_NORM_TRAINING = op("native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)",
                         _batch_norm_training, at="", check=_normalizing("batch_norm"),
                         doc="Mean 0 and variance 1 of each channel over the batch")
BATCH_NORM = op("batch_norm(Tensor input, Tensor running_mean, Tensor running_var, Tensor? weight, Tensor? bias, float eps) -> Tensor", _batch_norm,
                at="",
                node="NativeBatchNormBackward0", check=_normalizing("batch_norm"),
                doc="Each channel less its running mean, over its running standard deviation")
LOCAL_RESPONSE = op("local_response_norm(Tensor input, int size, float alpha, float beta, float k) -> Tensor", _local_response, FLOATING, at="",
                    node="DivBackward0",
                    doc="Each element over the mean square of its neighbours in the channels")
RUNNING = op("_running(Tensor self, Tensor other, float momentum) -> Tensor", at="", inplace=True, doc="A running mean moved towards a new value",
             function=lambda self, other, momentum: self * (1 - momentum) + other.astype(self.dtype) * momentum)


# ---------------------------------------------------------------- weights
def _weight_norm(v, g, dim):
    size = jnp.sqrt(jnp.sum(jnp.square(v), tuple(each for each in range(v.ndim) if each != dim), keepdims=True))
    return v * (g / size)


WEIGHT_NORM = op("_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> Tensor", _weight_norm, at="", node="WeightNormInterfaceBackward0",
                 doc="v, each of its parts along dim brought to the norm g")
