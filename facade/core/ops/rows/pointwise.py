"""Functions of one tensor, element by element."""

import math

import jax.numpy as jnp
from jax import lax

from facade.core.dtypes import BOOL, COMPLEX
from facade.core.ops.kernels import pointwise as kernels
from facade.core.ops.kernels.pointwise import in_float32, on_integers
from facade.core.ops.promotion import FLOAT as FLOATS
from facade.core.ops.promotion import PROMOTE
from facade.core.ops.supported import INEXACT, NOT_FLOAT, every, refuse, unimplemented
from facade.core.ops.table import op


def _same(array):
    return array


def _real(name):
    """The check that torch's kernel of this name knows no complex numbers."""
    return unimplemented(name, COMPLEX)


# ---------------------------------------------------------------- sign and size
op("neg(Tensor self) -> Tensor", jnp.negative, PROMOTE, doc="-self", check=refuse(
    (BOOL,), "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
             "use the `~` or `logical_not()` operator instead."))
op("abs(Tensor self) -> Tensor", kernels.absolute, PROMOTE, check=unimplemented("abs_cpu", BOOL), doc="The magnitude of each element")
op("sign(Tensor self) -> Tensor", kernels.sign, PROMOTE, doc="-1, 0 or 1 after the sign of each element", check=refuse(
    (COMPLEX,), "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.", NotImplementedError))
op("sgn(Tensor self) -> Tensor", kernels.sgn, PROMOTE, saves="self result", doc="Each element divided by its magnitude, zero where it is zero")
op("signbit(Tensor self) -> Tensor", kernels.signbit, PROMOTE, inplace=False, doc="Whether the sign is minus, that of -0.0 too",
   check=refuse((COMPLEX,), "signbit is not implemented for complex tensors.", NotImplementedError))
CONJ_PHYSICAL = op("conj_physical(Tensor self) -> Tensor", jnp.conj, PROMOTE, doc="The complex conjugate of each element")
op("angle(Tensor self) -> Tensor", kernels.angle, FLOATS, inplace=False, saves="self", doc="The argument of each element in radians")
op("nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor", kernels.nan_to_num, PROMOTE,
   doc="NaN replaced by nan (zero), the infinities by posinf and neginf (the largest and smallest numbers)")


# ---------------------------------------------------------------- rounding
def _rounding(name):
    return every(refuse((COMPLEX,), f"{name} is not supported for complex inputs", NotImplementedError), unimplemented(f"{name}_vml_cpu", BOOL))


op("floor(Tensor self) -> Tensor", on_integers(jnp.floor, _same), PROMOTE, check=_rounding("floor"),
   doc="The largest whole number below each element")
op("ceil(Tensor self) -> Tensor", on_integers(jnp.ceil, _same), PROMOTE, check=_rounding("ceil"), doc="The smallest whole number above each element")
op("trunc(Tensor self) -> Tensor", on_integers(jnp.trunc, _same), PROMOTE, check=_rounding("trunc"), doc="Each element without its fraction")
op("round(Tensor self) -> Tensor", on_integers(jnp.round, _same), PROMOTE, check=unimplemented("round_vml_cpu", BOOL, COMPLEX),
   doc="The nearest whole number, the even one of two")
op("round.decimals(Tensor self, *, int decimals) -> Tensor", in_float32(kernels.round_to), PROMOTE, node="RoundBackward1",
   check=lambda self, decimals: unimplemented("round_cpu", *NOT_FLOAT)(self), doc="Each element rounded to this many decimals")
op("frac(Tensor self) -> Tensor", lambda self: self - jnp.trunc(self), PROMOTE, check=unimplemented("frac_cpu", *NOT_FLOAT),
   doc="The fraction of each element")
op("frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)", kernels.frexp, PROMOTE, inplace=False,
   check=refuse(NOT_FLOAT, "torch.frexp() only supports floating-point dtypes"), saves="exponent", doc="Mantissas from 0.5 to 1 and exponents of two")

# ---------------------------------------------------------------- powers, exponentials and logarithms
op("sqrt(Tensor self) -> Tensor", jnp.sqrt, FLOATS, saves="result", of_result=lambda result, cotangent: cotangent / (2 * result.conj()),
   doc="The square root of each element")
op("rsqrt(Tensor self) -> Tensor", lax.rsqrt, FLOATS, saves="result",
   of_result=lambda result, cotangent: -0.5 * cotangent * (result ** 3).conj(), doc="The reciprocal of the square root of each element")
op("square(Tensor self) -> Tensor", lambda self: lax.integer_pow(self.astype(jnp.int64) if self.dtype == jnp.bool_ else self, 2), PROMOTE,
   node="PowBackward0", doc="The square of each element")
op("reciprocal(Tensor self) -> Tensor", lambda self: 1 / self, FLOATS, saves="result",
   of_result=lambda result, cotangent: -cotangent * (result * result).conj(), doc="1 / self")
op("exp(Tensor self) -> Tensor", jnp.exp, FLOATS, saves="result", of_result=lambda result, cotangent: cotangent * result.conj(),
   doc="e to the power of each element")
op("exp2(Tensor self) -> Tensor", in_float32(jnp.exp2), FLOATS, saves="result",
   of_result=lambda result, cotangent: cotangent * result.conj() * math.log(2), doc="2 to the power of each element")
op("expm1(Tensor self) -> Tensor", jnp.expm1, FLOATS, saves="result", of_result=lambda result, cotangent: cotangent * (result.conj() + 1),
   doc="exp(self) - 1, exact near zero")
op("log(Tensor self) -> Tensor", jnp.log, FLOATS, doc="The natural logarithm of each element")
op("log2(Tensor self) -> Tensor", in_float32(jnp.log2), FLOATS, doc="The logarithm to base 2 of each element")
op("log10(Tensor self) -> Tensor", in_float32(jnp.log10), FLOATS, doc="The logarithm to base 10 of each element")
op("log1p(Tensor self) -> Tensor", jnp.log1p, FLOATS, node="Log1PBackward0", doc="log(1 + self), exact near zero")

# ---------------------------------------------------------------- angles
op("sin(Tensor self) -> Tensor", jnp.sin, FLOATS, doc="The sine of each element")
op("cos(Tensor self) -> Tensor", jnp.cos, FLOATS, doc="The cosine of each element")
op("tan(Tensor self) -> Tensor", jnp.tan, FLOATS, saves="result", of_result=lambda result, cotangent: cotangent * (1 + result * result).conj(),
   doc="The tangent of each element")
op("asin(Tensor self) -> Tensor", in_float32(jnp.arcsin), FLOATS, doc="The angle from -pi/2 to pi/2 whose sine this is")
op("acos(Tensor self) -> Tensor", in_float32(jnp.arccos), FLOATS, doc="The angle from 0 to pi whose cosine this is")
op("atan(Tensor self) -> Tensor", in_float32(jnp.arctan), FLOATS, doc="The angle from -pi/2 to pi/2 whose tangent this is")
op("sinh(Tensor self) -> Tensor", in_float32(jnp.sinh), FLOATS, doc="The hyperbolic sine of each element")
op("cosh(Tensor self) -> Tensor", in_float32(jnp.cosh), FLOATS, doc="The hyperbolic cosine of each element")
op("tanh(Tensor self) -> Tensor", jnp.tanh, FLOATS, saves="result",
   of_result=lambda result, cotangent: cotangent * (1 - result * result).conj(), at="torch Tensor nn.functional",
   doc="The hyperbolic tangent of each element")
op("asinh(Tensor self) -> Tensor", in_float32(jnp.arcsinh), FLOATS, doc="The inverse hyperbolic sine of each element")
op("acosh(Tensor self) -> Tensor", in_float32(jnp.arccosh), FLOATS, doc="The inverse hyperbolic cosine of each element")
op("atanh(Tensor self) -> Tensor", in_float32(jnp.arctanh), FLOATS, doc="The inverse hyperbolic tangent of each element")
op("sinc(Tensor self) -> Tensor", in_float32(jnp.sinc), FLOATS, doc="sin(pi * self) / (pi * self), 1 at zero")
for _name, _factor, _doc in (("deg2rad", math.pi / 180, "Degrees as radians"), ("rad2deg", 180 / math.pi, "Radians as degrees")):
    op(f"{_name}(Tensor self) -> Tensor", lambda self, factor=_factor: self * jnp.asarray(factor, self.dtype), FLOATS,
       node={"deg2rad": "Deg2RadBackward0", "rad2deg": "Rad2DegBackward0"}[_name],
       check=refuse((COMPLEX,), f"{_name} is not supported for complex tensors."), doc=_doc)

# ---------------------------------------------------------------- special functions
op("sigmoid(Tensor self) -> Tensor", in_float32(lax.logistic), FLOATS, saves="result",
   of_result=lambda result, cotangent: cotangent * ((1 - result) * result).conj(), at="torch Tensor nn.functional", doc="1 / (1 + exp(-self))")
op("logit(Tensor self, float? eps=None) -> Tensor", in_float32(kernels.logit), FLOATS, check=_real("logit_cpu"),
   doc="log(self / (1 - self)), of self clamped to [eps, 1 - eps] where eps is given")
op("erf(Tensor self) -> Tensor", lax.erf, FLOATS, check=_real("erf_vml_cpu"), doc="The error function of each element")
op("erfc(Tensor self) -> Tensor", in_float32(lax.erfc), FLOATS, check=_real("erfc_vml_cpu"), doc="1 - erf(self), exact far from zero")
op("erfinv(Tensor self) -> Tensor", in_float32(lax.erf_inv), FLOATS, check=_real("erfinv_vml_cpu"), doc="The number whose erf this is")
op("lgamma(Tensor self) -> Tensor", in_float32(kernels.lgamma), FLOATS, check=_real("lgamma_vml_cpu"),
   doc="The logarithm of the gamma function's magnitude")
op("digamma(Tensor self) -> Tensor", in_float32(kernels.digamma), FLOATS, check=_real("digamma"),
   doc="The logarithmic derivative of the gamma function")
op("i0(Tensor self) -> Tensor", in_float32(kernels.i0), FLOATS, check=_real("i0_vml_cpu"),
   doc="The modified Bessel function of the first kind, of order 0")


def _check_polygamma(n, self):
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    _real({0: "digamma", 1: "trigamma"}.get(n, "polygamma"))(self)


def _check_mvlgamma(self, p):
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    refuse((BOOL,), "The input tensor may not be a boolean tensor.")(self)
    unimplemented("arange_cpu", COMPLEX)(self)


_polygamma = in_float32(kernels.polygamma)
op("polygamma(int n, Tensor self) -> Tensor", lambda n, self: _polygamma(self, n), FLOATS, at="torch", check=_check_polygamma,
   doc="The n-th derivative of the digamma function")
op("polygamma(Tensor self, int n) -> Tensor", _polygamma, FLOATS, at="Tensor", check=lambda self, n: _check_polygamma(n, self),
   doc="The n-th derivative of the digamma function")
op("mvlgamma(Tensor self, int p) -> Tensor", in_float32(kernels.mvlgamma), FLOATS, check=_check_mvlgamma,
   doc="The logarithm of the multivariate gamma function of dimension p")

# ---------------------------------------------------------------- bits and truth
op("bitwise_not(Tensor self) -> Tensor", jnp.bitwise_not, PROMOTE, check=unimplemented("bitwise_not_cpu", *INEXACT),
   doc="The complement of each element's bits")
op("logical_not(Tensor self) -> Tensor", lambda self: self == 0, PROMOTE, node="CloneBackward0", doc="Whether an element is zero")
