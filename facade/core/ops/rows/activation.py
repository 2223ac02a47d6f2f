"""Activations: the bends between a network's layers.

F's functions with an `inplace` flag are composites over these rows; what F has as it stands is exposed from here.
"""

import jax.numpy as jnp

from facade.core.dtypes import BOOL, COMPLEX, INTEGER
from facade.core.errors import dim_range
from facade.core.ops.kernels import activation as kernels
from facade.core.ops.kernels.pointwise import in_float32
from facade.core.ops.promotion import COMMON, PLAIN, PROMOTE, SELF
from facade.core.ops.supported import EXACT, NOT_FLOAT, common_dtype, every, legacy_name, refuse, unimplemented
from facade.core.ops.table import op

_no_complex = refuse((COMPLEX,), "clamp is not supported for complex types", NotImplementedError)


def _self_only(check):
    """A check of the first operand: numbers after it are cast to its dtype."""
    return lambda self, *rest: check(self)


def _floats(kernel):
    return _self_only(unimplemented(kernel, *NOT_FLOAT))


# ---------------------------------------------------------------- pieces of lines
RELU = op("relu(Tensor self) -> Tensor", kernels.relu, PROMOTE, saves="result", at="torch Tensor nn.functional", out=False,
          doc="Simply `max(self, 0)`",
          check=every(refuse((BOOL,), "Boolean inputs not supported for relu"), _no_complex))
LEAKY_RELU = op("leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", in_float32(kernels.leaky_relu), SELF, at="nn.functional",
                check=_floats("leaky_relu_cpu"), out=False, doc="self where it is positive, negative_slope * self elsewhere")


def _check_hardtanh(self, min_val, max_val):
    refuse((BOOL,), "Bool inputs not supported for hardtanh")(self)
    _no_complex(self)


HARDTANH = op("hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor", kernels.hardtanh, SELF, at="nn.functional",
              check=_check_hardtanh, out=False, doc="self between min_val and max_val, the nearer of the two outside")
HARDSIGMOID = op("hardsigmoid(Tensor self) -> Tensor", in_float32(kernels.hardsigmoid), PROMOTE, at="",
                 check=_floats("hardsigmoid_cpu"), doc="(self + 3) / 6 between -3 and 3, 0 below and 1 above")
HARDSWISH = op("hardswish(Tensor self) -> Tensor", in_float32(kernels.hardswish), PROMOTE, at="",
               check=_floats("hardswish_cpu"), doc="self * hardsigmoid(self)")
THRESHOLD = op("threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor", kernels.threshold, SELF,
               check=_self_only(unimplemented("threshold_cpu", BOOL, COMPLEX)), at="torch nn.functional",
               doc="self where it is above threshold, value elsewhere")
op("hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor", kernels.hardshrink, SELF, inplace=False, at="torch Tensor nn.functional",
   check=_floats("hardshrink_cpu"), doc="Zero between -lambd and lambd, self elsewhere")


def _check_softshrink(self, lambd):
    unimplemented("softshrink_check", *NOT_FLOAT)(self)
    if not lambd >= 0:
        largest = {"Half": 65504, "BFloat16": 3.38953e+38, "Float": 3.40282e+38, "Double": 1.79769e+308}[legacy_name(self)]
        raise RuntimeError(f"lambda must be in range [0, {largest:g}] for input dtype {legacy_name(self)}, but found {lambd:g}")


op("softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", kernels.softshrink, SELF, at="nn.functional", inplace=False, static=("lambd",),
   check=_check_softshrink, doc="self moved towards zero by lambd, and zero where it would cross it")

# ---------------------------------------------------------------- smooth ones
ELU = op("elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor", in_float32(kernels.elu), SELF, at="nn.functional",
         check=_floats("elu_cpu"), out=False, doc="scale * self where it is positive, scale * alpha * (exp(input_scale * self) - 1) elsewhere")
SELU = op("selu(Tensor self) -> Tensor", in_float32(kernels.selu), SELF, node="EluBackward0", check=_floats("elu_cpu"), at="torch nn.functional",
          out=False, doc="elu with the constants that keep mean 0 and variance 1 through the layers")


def _check_celu(self, alpha):
    if not isinstance(alpha, type) and not hasattr(alpha, "shape") and alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    unimplemented("elu_cpu", *NOT_FLOAT)(self)


CELU = op("celu(Tensor self, Scalar alpha=1.0) -> Tensor", in_float32(kernels.celu), SELF, static=("alpha",), check=_check_celu,
          at="torch nn.functional", out=False, doc="self where it is positive, alpha * (exp(self / alpha) - 1) elsewhere")
SILU = op("silu(Tensor self) -> Tensor", in_float32(kernels.silu), PROMOTE, at="", check=unimplemented("silu_cpu", BOOL, INTEGER),
          doc="self * sigmoid(self)")
MISH = op("mish(Tensor self) -> Tensor", in_float32(kernels.mish), PROMOTE, at="", check=_floats("mish_cpu"), doc="self * tanh(softplus(self))")
op("softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor", in_float32(kernels.softplus), SELF, at="nn.functional", inplace=False,
   check=_floats("softplus_cpu"), doc="log(1 + exp(beta * self)) / beta, and self where beta * self is above threshold")
op("logsigmoid(Tensor self) -> Tensor", in_float32(kernels.log_sigmoid), COMMON, at="nn.functional", node="LogSigmoidBackward0",
   check=_floats("log_sigmoid_cpu"), doc="log(sigmoid(self))")


def _check_gelu(self, approximate):
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    unimplemented("GeluKernelImpl", *NOT_FLOAT)(self)


op('gelu(Tensor self, *, str approximate="none") -> Tensor', in_float32(kernels.gelu), PROMOTE, at="nn.functional", inplace=False, check=_check_gelu,
   doc="self times the normal distribution's cumulative probability of self, exact or by way of tanh")


# ---------------------------------------------------------------- with parameters and dimensions
def _check_prelu(self, weight):
    if self.dtype != weight.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {legacy_name(self)} and {legacy_name(weight)}")
    if weight.size != 1 or len(weight.shape) > 1:
        _check_slopes(self, weight.size, len(weight.shape))
    unimplemented("prelu_cpu", *NOT_FLOAT)(self)


def _check_slopes(self, count, rank):
    if rank == 1 and not self.shape:
        raise RuntimeError("Not allow zero-dim input tensor.")
    channels = self.shape[1] if len(self.shape) > 1 else 1
    if count != channels:
        raise RuntimeError(f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and channel size = {channels}.")
    if rank > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {rank}")


op("prelu(Tensor self, Tensor weight) -> Tensor", kernels.prelu, PLAIN, at="torch Tensor nn.functional", node="PreluKernelBackward0", out=False,
   check=_check_prelu, doc="self where it is positive, weight * self elsewhere, a weight for each channel (dim 1) or one for all")


def _check_glu(self, dim):
    if not self.shape:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    dim = dim_range(dim, len(self.shape))
    if self.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {self.shape[dim]}")
    unimplemented("glu_cpu", *NOT_FLOAT)(self)


op("glu(Tensor self, int dim=-1) -> Tensor", in_float32(kernels.glu), PLAIN, at="nn.functional", check=_check_glu,
   out=False, doc="The first half along dim times the sigmoid of the second")


def _check_softmax(name):
    def check(self, dim, dtype):
        rank = len(self.shape)
        last = dim_range(dim, rank) == max(rank - 1, 0)
        category = common_dtype((self,)).category if dtype is None else dtype.category
        if category in (*EXACT, COMPLEX) and 0 not in self.shape:
            kernel = f"{name}_lastdim_kernel_impl" if last else f"{name}_kernel_impl" if name == "softmax" else "log_softmax_kernel_impl"
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{legacy_name(self) if dtype is None else dtype.legacy}'")
    return check


def _softmax_back(result, cotangent, dim, dtype):
    product = result * cotangent
    return product - result * product.sum(dim, keepdims=True) if product.ndim else jnp.zeros_like(product)


def _log_softmax_back(result, cotangent, dim, dtype):
    return cotangent - jnp.exp(result) * cotangent.sum(dim, keepdims=True) if result.ndim else jnp.zeros_like(result)


SOFTMAX = op("softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", kernels.softmax, saves="result", of_result=_softmax_back,
             check=_check_softmax("softmax"),
             doc="exp(self), divided by its sum along dim")
LOG_SOFTMAX = op("log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", kernels.log_softmax, saves="result",
                 of_result=_log_softmax_back,
                 check=_check_softmax("log_softmax"), doc="The logarithm of softmax, computed without it")
