"""Rounding to a grid of integers and back, with the gradient of doing nothing: what training for quantization sees (torch.fake_quantize_...)."""

import jax
import jax.numpy as jnp

from facade.core.dtypes import BOOL, INTEGER
from facade.core.ops.rows.requirements import dtype_of, reject
from facade.core.ops.table import op


@jax.custom_jvp
def _rounded(array, scale, zero_point, least, most):
    places = jnp.clip(jnp.nan_to_num(_places(array, scale, zero_point), nan=least), least, most)
    return ((places - zero_point.astype(jnp.float32)) * scale).astype(array.dtype)


def _places(array, scale, zero_point):
    steps = array.astype(jnp.float32) * (1 / scale.astype(jnp.float32))
    return jnp.round(steps + zero_point) if zero_point.dtype.kind == "f" else jnp.round(steps) + zero_point.astype(jnp.float32)


@_rounded.defjvp
def _rounded_jvp(primals, tangents):
    array, scale, zero_point, least, most = primals
    places = _places(array, scale, zero_point)
    return _rounded(*primals), jnp.where((places >= least) & (places <= most), tangents[0], 0).astype(array.dtype)


def _check_limits(least, most):
    if least > most:
        raise RuntimeError("`quant_min` should be less than or         equal to `quant_max`.")


def _fake_quantize(array, scale, zero_point, least, most):
    _check_limits(least, most)
    if isinstance(zero_point, int) and not least <= zero_point <= most:
        raise RuntimeError("`zero_point` must be between `quant_min` and `quant_max`.")
    reject(array, "fake_quantize_tensor_cachemask_kernel_type_handling", (BOOL, INTEGER))
    return _rounded(array, jnp.asarray(scale, jnp.float32), jnp.asarray(zero_point), float(least), float(most))


def _fake_quantize_channels(array, scale, zero_point, axis, least, most):
    if zero_point.dtype not in (jnp.int32, jnp.float32, jnp.float16):
        raise RuntimeError(f"Zero-point must be Int32, Float or Half, found {dtype_of(zero_point).legacy}")
    if scale.dtype not in (jnp.float32, jnp.bfloat16):
        raise RuntimeError(f"Scale must be Float or BFloat16, found {dtype_of(scale).legacy}")
    if scale.shape != zero_point.shape:
        raise RuntimeError("scale and zero-point should have the same dimensions")
    if scale.shape != (array.shape[axis],):
        raise RuntimeError("dimensions of scale and zero-point are not consistent with input tensor")
    _check_limits(least, most)
    reject(array, "fake_quantize_channel_cachemask_cpu_type_handling", (BOOL, INTEGER))
    along = tuple(extent if dim == axis % array.ndim else 1 for dim, extent in enumerate(array.shape))
    return _rounded(array, scale.astype(jnp.float32).reshape(along), zero_point.reshape(along), float(least), float(most))


op("fake_quantize_per_tensor_affine(Tensor self, float scale, int zero_point, int quant_min, int quant_max) -> Tensor", _fake_quantize, at="torch",
   node="FakeQuantizePerTensorAffineCachemaskBackward0",
   saves="", doc="Rounded to whole steps of scale within the limits; the gradient is that of doing nothing")
op("fake_quantize_per_channel_affine(Tensor self, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> Tensor",
   _fake_quantize_channels, at="torch", node="FakeQuantizePerChannelAffineCachemaskBackward0",
   out=False, saves="", doc="The same with a scale and a zero point for each place along axis")
