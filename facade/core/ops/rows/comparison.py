"""Comparisons and questions about single elements: the results are bools."""

import jax.numpy as jnp

from facade.core.dtypes import COMPLEX
from facade.core.ops.kernels import pointwise as kernels
from facade.core.ops.promotion import PROMOTE
from facade.core.ops.supported import legacy_name, refuse, unimplemented
from facade.core.ops.table import op

# ---------------------------------------------------------------- two operands
for _name, _function, _sign in (("eq", jnp.equal, "=="), ("ne", jnp.not_equal, "!="), ("lt", jnp.less, "<"),
                                ("le", jnp.less_equal, "<="), ("gt", jnp.greater, ">"), ("ge", jnp.greater_equal, ">=")):
    for _type in ("Tensor", "Scalar"):
        op(f"{_name}.{_type}(Tensor self, {_type} other) -> Tensor", _function, PROMOTE, numbers=False,
           node=f"{_name.title()}Backward{int(_type == 'Tensor')}", doc=f"self {_sign} other, element by element",
           check=None if _name in ("eq", "ne") else unimplemented(f"{_name}_cpu", COMPLEX))
for _name, _function, _doc in (("and", jnp.logical_and, "Whether both are other than zero"), ("or", jnp.logical_or, "Whether one is other than zero"),
                               ("xor", jnp.logical_xor, "Whether exactly one is other than zero")):
    op(f"logical_{_name}(Tensor self, Tensor other) -> Tensor",
       lambda self, other, function=_function: function(self != 0, other != 0), PROMOTE, numbers=False,
       node="CloneBackward0", doc=_doc)


def _check_close(self, other, rtol, atol, equal_nan):
    if self.dtype != other.dtype:
        raise RuntimeError(f"{legacy_name(self)} did not match {legacy_name(other)}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")


op("isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> Tensor", kernels.is_close, PROMOTE,
   numbers=False, inplace=False, check=_check_close, out=False, doc="Whether |self - other| <= atol + rtol * |other|")

# ---------------------------------------------------------------- one operand
op("isnan(Tensor self) -> Tensor", kernels.is_nan, PROMOTE, inplace=False, out=False, doc="Whether an element is not a number")
op("isinf(Tensor self) -> Tensor", kernels.is_infinite, PROMOTE, inplace=False, out=False, doc="Whether an element is infinite")
op("isfinite(Tensor self) -> Tensor", kernels.is_finite, PROMOTE, inplace=False, out=False, doc="Whether an element is neither infinite nor NaN")
op("isreal(Tensor self) -> Tensor", lambda self: jnp.imag(self) == 0, PROMOTE, inplace=False, out=False,
   doc="Whether an element has no imaginary part")
for _name, _sign in (("isposinf", 1), ("isneginf", -1)):
    op(f"{_name}(Tensor self) -> Tensor", lambda self, sign=_sign: kernels.is_infinity(self, sign), PROMOTE, inplace=False,
       check=refuse((COMPLEX,), f"{_name} does not support complex inputs."), doc=f"Whether an element is {'+-'[_sign < 0]}infinity")
