"""Transforms of each element by itself; those without parameters are a table."""

import math
from numbers import Number

from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.transforms.transform import Transform
from facade.distributions.utils import broadcast_all, lazy_property, sum_rightmost
from facade.nn import functional as F


def _elementwise(name, doc, codomain, call, inverse, slope=None, domain=constraints.real):
    """A transform of each element by itself. slope: log |dy/dx| of x and y; without one there is no inverse."""
    fields = {"domain": domain, "codomain": codomain, "_call": lambda self, x: call(x), "_inverse": lambda self, y: inverse(y), "__doc__": doc,
              "__module__": __name__}
    if slope is not None:
        fields |= {"bijective": True, "sign": 1, "log_abs_det_jacobian": lambda self, x, y: slope(x, y)}
    made = type(name, (Transform,), fields)
    made.__eq__, made.__hash__ = (lambda self, other: isinstance(other, made)), None
    return made


def clipped_sigmoid(x):
    """The sigmoid, kept strictly between 0 and 1."""
    return _inside(ops.sigmoid(x))


def _inside(share):
    """Numbers kept strictly between 0 and 1."""
    limits = finfo(share.dtype)
    return share.clamp(min=limits.tiny, max=1 - limits.eps)


def _log_odds(y):
    y = _inside(y)
    return y.log() - (-y).log1p()


ExpTransform = _elementwise("ExpTransform", "y = exp(x).", constraints.positive, lambda x: x.exp(), lambda y: y.log(), lambda x, y: x)
SigmoidTransform = _elementwise("SigmoidTransform", "y = 1 / (1 + exp(-x)).", constraints.unit_interval, clipped_sigmoid, _log_odds,
                                lambda x, y: -F.softplus(-x) - F.softplus(x))
SoftplusTransform = _elementwise("SoftplusTransform", "y = log(1 + exp(x)).", constraints.positive, lambda x: F.softplus(x),
                                 lambda y: (-y).expm1().neg().log() + y, lambda x, y: -F.softplus(-x))
TanhTransform = _elementwise("TanhTransform", "y = tanh(x).", constraints.interval(-1.0, 1.0), lambda x: x.tanh(), lambda y: y.atanh(),
                             lambda x, y: 2.0 * (math.log(2.0) - x - F.softplus(-2.0 * x)))
AbsTransform = _elementwise("AbsTransform", "y = |x|; of the two inverses the positive one.", constraints.positive, lambda x: x.abs(), lambda y: y)


class PowerTransform(Transform):
    """y = x ** exponent, for positive x."""

    domain = codomain = constraints.positive
    bijective = True
    _arguments = ("exponent",)

    def __init__(self, exponent, cache_size=0):
        super().__init__(cache_size=cache_size)
        self.exponent, = broadcast_all(exponent)

    @lazy_property
    def sign(self):
        """The exponent's sign."""
        return self.exponent.sign()

    def __eq__(self, other):
        return isinstance(other, PowerTransform) and self.exponent.eq(other.exponent).all().item()

    def _call(self, x):
        return x.pow(self.exponent)

    def _inverse(self, y):
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x, y):
        """log |exponent * y / x|."""
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape):
        """Broadcast with the exponent."""
        return ops.broadcast_shapes(shape, self.exponent.shape)

    inverse_shape = forward_shape


class AffineTransform(Transform):
    """y = loc + scale * x; event_dim: how many dims of both count as part of the event."""

    bijective = True
    _arguments = "loc", "scale", "event_dim"

    def __init__(self, loc, scale, event_dim=0, cache_size=0):
        super().__init__(cache_size=cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    event_dim = property(lambda self: self._event_dim)

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        """The real numbers."""
        return constraints.independent(constraints.real, self.event_dim) if self.event_dim else constraints.real

    codomain = domain

    def __eq__(self, other):
        def same(one, another):
            return one == another if isinstance(one, Number) and isinstance(another, Number) else bool((one == another).all())
        return isinstance(other, AffineTransform) and same(self.loc, other.loc) and same(self.scale, other.scale)

    @property
    def sign(self):
        """The scale's sign."""
        return (self.scale > 0) - (self.scale < 0) if isinstance(self.scale, Number) else self.scale.sign()

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        """log |scale|, summed over the event."""
        slope = ops.full_like(x, math.log(abs(self.scale))) if isinstance(self.scale, Number) else self.scale.abs().log()
        return sum_rightmost(slope, self.event_dim).expand(x.shape[:x.dim() - self.event_dim])

    def forward_shape(self, shape):
        """Broadcast with loc and scale."""
        return ops.broadcast_shapes(shape, getattr(self.loc, "shape", ()), getattr(self.scale, "shape", ()))

    inverse_shape = forward_shape
