"""What dropout does with its mask, which is drawn outside and enters as a bool tensor.

All are named as torch names the steps of their compositions, so the history reads the same.
"""

import jax.numpy as jnp

from facade.core.ops.promotion import COMMON, PROMOTE, SELF
from facade.core.ops.supported import NOT_FLOAT, unimplemented
from facade.core.ops.table import op


def _masked(self, mask, scale):
    return self * jnp.where(mask, scale, jnp.zeros_like(scale))


MASK = op("masked_scale(Tensor self, Tensor mask, Scalar scale) -> Tensor", _masked, PROMOTE, at="", node="MulBackward0",
          doc="self times scale where mask is set, times zero elsewhere")
SHIFT = op("masked_shift(Tensor self, Tensor mask, Scalar kept, Scalar dropped) -> Tensor",
           lambda self, mask, kept, dropped: self + jnp.where(mask, kept, dropped), PROMOTE, at="", node="AddBackward0",
           doc="self plus kept where mask is set, plus dropped elsewhere")


def _rrelu(node):
    return op("rrelu_with_noise(Tensor self, Tensor noise) -> Tensor", lambda self, noise: self * noise, COMMON, at="", inplace=True, node=node,
              doc="self times its slopes")


RRELU, RRELU_WRITTEN = _rrelu("RreluWithNoiseBackward0"), _rrelu("RreluWithNoiseBackward1")     # torch differentiates the write by its result
RRELU_MEAN = op("rrelu_mean(Tensor self, Scalar slope) -> Tensor", lambda self, slope: jnp.where(self > 0, self, self * slope), SELF, at="",
                node="RreluWithNoiseBackward0", doc="self where it is positive, slope * self elsewhere",
                check=lambda self, slope: unimplemented("leaky_relu_cpu", *NOT_FLOAT)(self))
