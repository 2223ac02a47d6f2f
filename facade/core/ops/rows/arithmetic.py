"""Arithmetic of two or more operands: sums, quotients, powers, bounds and bits."""

import jax.numpy as jnp
from jax import lax

from facade.core import dtypes
from facade.core.dtypes import BOOL, COMPLEX, FLOAT, INTEGER
from facade.core.ops.kernels import pointwise as kernels
from facade.core.ops.kernels.pointwise import in_float32
from facade.core.ops.kernels.special import igamma, igammac
from facade.core.ops.promotion import FLOAT as FLOATS
from facade.core.ops.promotion import COMMON, PROMOTE, SELF, Kind, result_type
from facade.core.ops.supported import EXACT, INEXACT, NOT_FLOAT, common_dtype, every, legacy_name, no_bools, number_dtype, refuse, unimplemented
from facade.core.ops.table import op

# The operands that decide the dtype, where a factor after them does not.
FIRST_TWO = Kind("FIRST_TWO", lambda specs: result_type(specs[:2]))
FIRST_THREE = Kind("FIRST_THREE", lambda specs: result_type(specs[:3]))


# ---------------------------------------------------------------- sums and products
def _check_alpha(self, other, alpha):
    if not isinstance(alpha, int):
        common, given = common_dtype((self, other)).category, common_dtype((alpha,)).category
        if given == BOOL and common != BOOL:
            raise RuntimeError("Boolean alpha only supported for Boolean results.")
        if given == FLOAT and common < FLOAT:
            raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
        if given == COMPLEX and common != COMPLEX:
            raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")


def _check_difference(self, other, alpha):
    no_bools(self, other)
    _check_alpha(self, other, alpha)


def _scaled(array, alpha):
    return array if isinstance(alpha, int) else array * alpha


def _difference(self, other, alpha):
    return self - _scaled(other, alpha)


op("add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", lambda self, other, alpha: self + _scaled(other, alpha), FIRST_TWO,
   check=_check_alpha, doc="self + alpha * other")
op("sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", _difference, FIRST_TWO, check=_check_difference, doc="self - alpha * other")
for _line, _node in (("rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", "RsubBackward0"),
                     ("rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", "RsubBackward1")):
    op(_line, lambda self, other, alpha: _difference(other, self, alpha), FIRST_TWO, node=_node, numbers=False, inplace=False, out=False, at="torch",
       check=_check_difference, doc="other - alpha * self")
op("mul.Tensor(Tensor self, Tensor other) -> Tensor", jnp.multiply, PROMOTE, doc="self * other")
op("addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
   lambda self, tensor1, tensor2, value: self + _scaled(tensor1, value) * tensor2, FIRST_THREE, numbers=False,
   check=lambda self, tensor1, tensor2, value: unimplemented("addcmul_cpu_out", BOOL)(self, tensor1, tensor2), doc="self + value * tensor1 * tensor2")


def _check_addcdiv(self, tensor1, tensor2, value):
    if common_dtype((tensor1, tensor2)).category in EXACT:
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division of "
            "tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * torch.trunc(tensor1 / tensor2))."
            "to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for float inputs. The future addcdiv behavior is "
            "just the latter implementation: (input + value * tensor1 / tensor2), for all dtypes.")


op("addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
   lambda self, tensor1, tensor2, value: self + _scaled(tensor1, value) / tensor2, FIRST_THREE, numbers=False,
   check=_check_addcdiv, doc="self + value * tensor1 / tensor2")

# ---------------------------------------------------------------- quotients and remainders
_ROUNDED = {"trunc": kernels.trunc_divide, "floor": kernels.floor_divide}


def _check_rounding(self, other, rounding_mode):
    if rounding_mode not in (None, "trunc", "floor"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    if rounding_mode is not None:
        unimplemented(f"div_{rounding_mode}_cpu", BOOL, COMPLEX)(self, other)


def _divide(self, other, rounding_mode):
    if rounding_mode is not None:
        return _ROUNDED[rounding_mode](self, other)
    exact = not jnp.issubdtype(self.dtype, jnp.inexact)
    return self.astype(dtypes.get_default_dtype().numpy) / other if exact else self / other


op("div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor", _divide, PROMOTE, node="DivBackward2", check=_check_rounding,
   doc="self / other, rounded towards zero ('trunc') or down ('floor')")
op("div.Tensor(Tensor self, Tensor other) -> Tensor", kernels.divide, FLOATS, doc="self / other")
DIV_BY_COUNT = op("div_by_count(Tensor self, Scalar other) -> Tensor", kernels.divide, FLOATS, node="DivBackward1", at="", doc="self / other")
op("floor_divide(Tensor self, Tensor other) -> Tensor", kernels.floor_divide, PROMOTE, node="NotImplemented",
   check=unimplemented("div_floor_cpu", BOOL, COMPLEX), doc="self / other, rounded down")
for _name, _function, _doc in (("remainder", kernels.remainder, "What is left of self / other rounded down; it has the sign of other"),
                               ("fmod", jnp.fmod, "What is left of self / other rounded towards zero; it has the sign of self")):
    _check = unimplemented(f"{_name}_cpu", BOOL, COMPLEX)
    op(f"{_name}.Tensor(Tensor self, Tensor other) -> Tensor", _function, PROMOTE, node=f"{_name.title()}Backward1", numbers=False,
       check=_check, doc=_doc)
    if _name == "remainder":
        op("remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor", _function, PROMOTE, numbers=False, inplace=False, out=False,
           at="torch", node="NotImplemented", check=_check, doc=_doc)
    op(f"{_name}.Scalar(Tensor self, Scalar other) -> Tensor", _function, PROMOTE, check=_check, saves="", doc=_doc)
for _name, _function, _doc in (("gcd", jnp.gcd, "The greatest common divisor"), ("lcm", jnp.lcm, "The least common multiple")):
    op(f"{_name}(Tensor self, Tensor other) -> Tensor", _function, PROMOTE, numbers=False,
       check=unimplemented(f"{_name}_cpu", BOOL, FLOAT, COMPLEX), doc=_doc)


# ---------------------------------------------------------------- powers
def _check_integer_exponent(self, exponent):
    if common_dtype((self,)).category in EXACT and type(exponent) is int and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")


def _power_by_number(self, exponent):
    return kernels.power_by_number(self.astype(number_dtype(self, exponent)), exponent)


op("pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", kernels.power, PROMOTE, node="PowBackward1", numbers=False,
   check=unimplemented("pow", BOOL), doc="self to the power of exponent", saves="self exponent result")
op("pow.Scalar(Scalar self, Tensor exponent) -> Tensor", kernels.power, COMMON, node="PowBackward2", at="torch", saves="exponent result",
   doc="self to the power of exponent")
op("pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", _power_by_number, PROMOTE, node="PowBackward0", static=("exponent",),
   check=_check_integer_exponent, doc="self to the power of exponent")
DOUBLE = Kind("DOUBLE", lambda specs: dtypes.complex128 if result_type(specs).is_complex else dtypes.float64)
op("float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", kernels.power, DOUBLE, node="PowBackward1", numbers=False, inplace=False,
   doc="self to the power of exponent, in double precision", saves="self exponent result")
op("float_power.Scalar(Scalar self, Tensor exponent) -> Tensor", kernels.power, Kind("DOUBLE_ANEW", DOUBLE.compute, pointwise=False),
   node="PowBackward2", at="torch", saves="exponent result", doc="self to the power of exponent, in double precision")
op("float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", _power_by_number, DOUBLE, node="PowBackward0", inplace=False,
   static=("exponent",), doc="self to the power of exponent, in double precision")
op("ldexp.Tensor(Tensor self, Tensor other) -> Tensor", kernels.ldexp, FLOATS, numbers=False, doc="self * 2 ** other", saves="other result")
op("logaddexp(Tensor self, Tensor other) -> Tensor", in_float32(kernels.logaddexp), PROMOTE, numbers=False, inplace=False,
   check=unimplemented("logaddexp_cpu", BOOL, INTEGER), doc="log(exp(self) + exp(other))")
op("logaddexp2(Tensor self, Tensor other) -> Tensor", in_float32(kernels.logaddexp2), PROMOTE, numbers=False, inplace=False,
   check=unimplemented("logaddexp2_cpu", *NOT_FLOAT), doc="log2(2 ** self + 2 ** other)")
_xlogy = unimplemented("xlogy_cpu", COMPLEX)
op("xlogy.Tensor(Tensor self, Tensor other) -> Tensor", in_float32(kernels.xlogy), FLOATS, numbers=False, check=_xlogy,
   doc="self * log(other), zero where self is")
op("xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor", in_float32(kernels.xlogy), FLOATS, node="XlogyBackward1", numbers=False,
   inplace=False, at="torch", check=_xlogy, doc="self * log(other), zero where self is")
op("xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor", in_float32(kernels.xlogy), FLOATS, node="XlogyBackward2", check=_xlogy,
   doc="self * log(other), zero where self is")

for _name, _function, _doc in (("igamma", igamma, "The lower"), ("igammac", igammac, "The upper")):
    op(f"{_name}(Tensor self, Tensor other) -> Tensor", in_float32(_function), PROMOTE, numbers=False,
       check=unimplemented(f"{_name}_cpu", *NOT_FLOAT), doc=f"{_doc} incomplete gamma function of self at other, divided by gamma(self)")


# ---------------------------------------------------------------- geometry and interpolation
def _check_lerp(self, end, weight):
    for name, spec in (("end", end), ("weight", weight)):
        if not isinstance(spec, type) and spec.dtype != self.dtype and (spec.shape or name == "end"):
            raise RuntimeError(f"expected dtype {_printed(self)} for `{name}` but got dtype {_printed(spec)}")


def _printed(spec):
    return {"float16": "c10::Half", "float32": "float", "float64": "double"}.get(dtypes.BY_NUMPY[spec.dtype].name, str(spec.dtype))


op("lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor", in_float32(kernels.lerp), SELF, node="LerpBackward1", numbers=False,
   check=every(_check_lerp, unimplemented("lerp_kernel_tensor", *EXACT)), doc="self + weight * (end - self)")
op("lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor", in_float32(kernels.lerp), SELF, numbers=False,
   check=every(_check_lerp, lambda self, end, weight: unimplemented("lerp_kernel_scalar", *EXACT)(self)), doc="self + weight * (end - self)")
op("atan2(Tensor self, Tensor other) -> Tensor", kernels.atan2, FLOATS, numbers=False, check=unimplemented("atan2_cpu", COMPLEX),
   doc="The angle in radians of the point with the coordinates (other, self)")
op("hypot(Tensor self, Tensor other) -> Tensor", in_float32(kernels.hypot), PROMOTE, numbers=False, saves="self other result",
   check=unimplemented("hypot_cpu", *NOT_FLOAT), doc="The hypotenuse of a right-angled triangle with these legs")
op("copysign.Tensor(Tensor self, Tensor other) -> Tensor", kernels.copysign, FLOATS, numbers=False, check=unimplemented("copysign_cpu", COMPLEX),
   doc="The magnitude of self with the sign of other", saves="self result")
op("copysign.Scalar(Tensor self, Scalar other) -> Tensor", kernels.copysign, FLOATS, node="CopysignBackward1",
   check=unimplemented("copysign_cpu", COMPLEX), doc="The magnitude of self with the sign of other", saves="self result")
op("nextafter(Tensor self, Tensor other) -> Tensor", kernels.next_after, PROMOTE, numbers=False,
   check=unimplemented("nextafter_cpu", *NOT_FLOAT), doc="The next floating-point number after self on the way to other")


# ---------------------------------------------------------------- bounds
def _check_clamp(self, minimum, maximum):
    if minimum is None and maximum is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if common_dtype((self,)).category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")


def _clamp_cpu(self, minimum, maximum):
    """What torch's kernels take: with one bound they are those of maximum and minimum."""
    both = minimum is not None and maximum is not None
    kernel = "clamp_cpu" if both else "maximum_cpu" if maximum is None else "minimum_cpu"
    unimplemented(kernel, *((BOOL, COMPLEX) if both else (COMPLEX,)))(self, minimum, maximum)


def _clamp_scalar_cpu(self, minimum, maximum):
    """The same for bounds that are numbers, which have kernels of their own."""
    if COMPLEX in (common_dtype((each,)).category for each in (minimum, maximum) if each is not None):
        raise RuntimeError("value cannot be converted to type double without overflow")
    kernel = "clamp" if minimum is not None and maximum is not None else "clamp_min" if maximum is None else "clamp_max"
    unimplemented(f"{kernel}_scalar_cpu", BOOL)(self, minimum, maximum)


_no_complex_clamp = refuse((COMPLEX,), "clamp is not supported for complex types", NotImplementedError)
op("clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", kernels.clamp_between, PROMOTE, numbers=False, node="ClampBackward0",
   check=every(_check_clamp, _clamp_cpu), doc="Elements below min become min, those above max become max")
op("clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", kernels.clamp, PROMOTE, node="ClampBackward1",
   check=every(_check_clamp, _clamp_scalar_cpu),
   doc="Elements below min become min, those above max become max")
for _bound, _kernel, _function in (("min", "maximum_cpu", lambda self, bound: kernels.clamp(self, bound, None)),
                                   ("max", "minimum_cpu", lambda self, bound: kernels.clamp(self, None, bound))):
    _doc, _node = f"Elements beyond {_bound} become {_bound}", f"Clamp{_bound.title()}Backward"
    op(f"clamp_{_bound}.Tensor(Tensor self, Tensor {_bound}) -> Tensor", _function, PROMOTE, numbers=False, node=_node + "1",
       check=unimplemented(_kernel, COMPLEX), doc=_doc)
    op(f"clamp_{_bound}(Tensor self, Scalar {_bound}) -> Tensor", _function, PROMOTE, node=_node + "0", check=_no_complex_clamp, doc=_doc)
for _name, _function, _doc in (
        ("maximum", kernels.maximum, "The larger of two; equal ones share the gradient"),
        ("minimum", kernels.minimum, "The smaller of two; equal ones share the gradient"),
        ("fmax", kernels.fmax, "The larger of two, a number winning over NaN"),
        ("fmin", kernels.fmin, "The smaller of two, a number winning over NaN")):
    op(f"{_name}(Tensor self, Tensor other) -> Tensor", _function, PROMOTE, numbers=False, inplace=False,
       check=refuse((COMPLEX,), f"{_name} not implemented for complex tensors."), doc=_doc)


def _check_heaviside(self, values):
    refuse((COMPLEX,), "heaviside is not yet implemented for complex tensors.")(self, values)
    if self.dtype != values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")


op("heaviside(Tensor self, Tensor values) -> Tensor", lambda self, values: jnp.where(self == 0, values, (self > 0).astype(self.dtype)), PROMOTE,
   numbers=False, node="NotImplemented", check=_check_heaviside, doc="0 below zero, 1 above, and the element of values at zero")

# ---------------------------------------------------------------- bits
for _name, _function, _kernel, _doc in (
        ("bitwise_and", jnp.bitwise_and, "bitwise_and_cpu", "The bits that both have"),
        ("bitwise_or", jnp.bitwise_or, "bitwise_or_cpu", "The bits that one has"),
        ("bitwise_xor", jnp.bitwise_xor, "bitwise_xor_cpu", "The bits in which they differ"),
        ("bitwise_left_shift", jnp.left_shift, "lshift_cpu", "The bits moved to the left by other places"),
        ("bitwise_right_shift", jnp.right_shift, "rshift_cpu", "The bits moved to the right by other places, the sign kept")):
    _check = unimplemented(_kernel, *INEXACT, *([BOOL] if "shift" in _name else []))
    for _overload, _types in (("Tensor", ("Tensor", "Tensor")), ("Scalar_Tensor", ("Scalar", "Tensor")), ("Scalar", ("Tensor", "Scalar"))):
        _number_first = _types[0] == "Scalar"
        op(f"{_name}.{_overload}({_types[0]} self, {_types[1]} other) -> Tensor", _function, PROMOTE, numbers=False, inplace=not _number_first,
           out=not _number_first, at="torch" if _number_first else "torch Tensor", check=_check, doc=_doc)


# ---------------------------------------------------------------- complex numbers from parts
def _check_parts(first, second):
    names = [legacy_name(each) for each in (first, second)]
    if not set(names) <= {"Half", "Float", "Double"}:
        raise RuntimeError(f"Expected both inputs to be Half, Float or Double tensors but got {names[0]} and {names[1]}")
    if names[0] != names[1]:
        raise RuntimeError(f"Expected object of scalar type {names[0]} but got scalar type {names[1]} for second argument")


def _wide_parts(first, second):
    return [each.astype(jnp.float32) if each.dtype == jnp.float16 else each for each in jnp.broadcast_arrays(first, second)]


def _polar(magnitude, argument):
    magnitude, argument = _wide_parts(magnitude, argument)
    return lax.complex(magnitude * jnp.cos(argument), magnitude * jnp.sin(argument))


op("complex(Tensor real, Tensor imag) -> Tensor", lambda real, imag: lax.complex(*_wide_parts(real, imag)), PROMOTE, numbers=False, inplace=False,
   at="torch", check=_check_parts, saves="real imag", doc="real + imag * i")
op("polar(Tensor abs, Tensor angle) -> Tensor", _polar, PROMOTE, numbers=False, inplace=False, at="torch", saves="result", check=_check_parts,
   doc="The complex number with this magnitude and argument")
