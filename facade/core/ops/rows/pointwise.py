"""Elementwise arithmetic and functions."""

import jax.numpy as jnp

from facade.core.ops.promotion import FLOAT, PROMOTE
from facade.core.ops.table import op


def _scaled(other, alpha):
    return other if alpha is 1 else other * alpha.astype(other.dtype)


op("add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
   lambda self, other, alpha: jnp.add(self, _scaled(other, alpha)), PROMOTE, doc="self + alpha * other")
op("sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
   lambda self, other, alpha: jnp.subtract(self, _scaled(other, alpha)), PROMOTE, doc="self - alpha * other")
op("rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
   lambda self, other, alpha: jnp.subtract(other, _scaled(self, alpha)), PROMOTE, doc="other - alpha * self", node="RsubBackward1")
op("mul.Tensor(Tensor self, Tensor other) -> Tensor", jnp.multiply, PROMOTE, doc="self * other")
op("div.Tensor(Tensor self, Tensor other) -> Tensor", jnp.divide, FLOAT, doc="self / other")
op("neg(Tensor self) -> Tensor", jnp.negative, PROMOTE, doc="-self")
op("exp(Tensor self) -> Tensor", jnp.exp, FLOAT, doc="e to the power of each element", saves="result")
op("pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", lambda self, exponent: self ** exponent, PROMOTE, static=("exponent",),
   doc="self to the power of exponent")
for _name in ("floor_divide", "remainder", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
    op(f"{_name}.Tensor(Tensor self, Tensor other) -> Tensor", getattr(jnp, {"bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift"}.get(_name, _name)), PROMOTE, doc=_name)
for _name, _f in {"eq": jnp.equal, "ne": jnp.not_equal, "lt": jnp.less, "le": jnp.less_equal, "gt": jnp.greater, "ge": jnp.greater_equal}.items():
    op(f"{_name}.Tensor(Tensor self, Tensor other) -> Tensor", _f, PROMOTE, doc=_name)
