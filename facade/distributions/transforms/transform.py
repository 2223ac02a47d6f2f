"""What a transform is, and transforms made of others: inverses, chains, batch dims taken into the event."""

import functools
import operator

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.utils import lazy_property, sum_rightmost


class Transform:
    """A function of tensors. bijective: whether it has an inverse; sign: of its slope, where that is the same everywhere."""

    bijective = False
    _arguments = ()         # what the constructor of the class takes besides cache_size

    def __init__(self, cache_size=0):
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size, self._inv = cache_size, None
        self._cached_x_y = None, None
        super().__init__()

    def __getstate__(self):
        return self.__dict__ | {"_inv": None}

    @property
    def event_dim(self):
        """How many dims an event has; ValueError where it is another number after the transform."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        return self.domain.event_dim

    @property
    def inv(self):
        """The inverse, as a transform."""
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    @property
    def sign(self):
        """1 where the function grows, -1 where it falls."""
        raise NotImplementedError

    def with_cache(self, cache_size=1):
        """The same transform with this cache_size."""
        if self._cache_size == cache_size:
            return self
        maker = next(each for each in type(self).__mro__ if "__init__" in vars(each))
        if "_arguments" not in vars(maker):
            raise NotImplementedError(f"{type(self)}.with_cache is not implemented")
        return type(self)(*(getattr(self, name) for name in self._arguments), cache_size=cache_size)

    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return not self == other

    def __call__(self, x):
        return self._remembering(self._call, x, 0)

    def _inv_call(self, y):
        return self._remembering(self._inverse, y, 1)

    def _remembering(self, function, given, side):
        """function(given), or the other half of the last pair if `given` is on this side of it."""
        if self._cache_size and self._cached_x_y[side] is given:
            return self._cached_x_y[1 - side]
        made = function(given)
        if self._cache_size:
            self._cached_x_y = (made, given) if side else (given, made)
        return made

    def _call(self, x):
        raise NotImplementedError

    def _inverse(self, y):
        raise NotImplementedError

    def log_abs_det_jacobian(self, x, y):
        """log |dy/dx| for each event."""
        raise NotImplementedError

    def __repr__(self):
        return f"{self.__class__.__name__}()"

    def forward_shape(self, shape):
        """The shape of the result for this shape of the input."""
        return shape

    def inverse_shape(self, shape):
        """The shape of the input for this shape of the result."""
        return shape


class _InverseTransform(Transform):
    """A transform read backwards."""

    def __init__(self, transform):
        super().__init__(cache_size=transform._cache_size)
        self._inv = transform

    domain = constraints.dependent_property(lambda self: self._inv.codomain, is_discrete=False)
    codomain = constraints.dependent_property(lambda self: self._inv.domain, is_discrete=False)
    bijective = property(lambda self: self._inv.bijective)
    sign = property(lambda self: self._inv.sign)
    inv = property(lambda self: self._inv)

    def with_cache(self, cache_size=1):
        """The inverse of the transform with this cache_size."""
        return self.inv.with_cache(cache_size).inv

    def __eq__(self, other):
        return isinstance(other, _InverseTransform) and self._inv == other._inv

    def __repr__(self):
        return f"{self.__class__.__name__}({self._inv!r})"

    def __call__(self, x):
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x, y):
        """Minus that of the transform."""
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        """The transform's inverse_shape."""
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape):
        """The transform's forward_shape."""
        return self._inv.forward_shape(shape)


# ---------------------------------------------------------------- made of transforms
class ComposeTransform(Transform):
    """Transforms one after the other: parts[0] first."""

    _arguments = ("parts",)

    def __init__(self, parts, cache_size=0):
        super().__init__(cache_size=cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else parts

    def __eq__(self, other):
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    def _end(self, parts, near, far):
        """The constraint at the end of the chain that `parts` start with, as wide as the dims that all parts ask for."""
        if not self.parts:
            return constraints.real
        dims = getattr(parts[-1], far).event_dim
        for part in reversed(parts):
            here, there = getattr(part, near).event_dim, getattr(part, far).event_dim
            dims = max(dims + here - there, here)
        end = getattr(parts[0], near)
        return constraints.independent(end, dims - end.event_dim) if dims > end.event_dim else end

    domain = constraints.dependent_property(lambda self: self._end(self.parts, "domain", "codomain"), is_discrete=False)
    codomain = constraints.dependent_property(lambda self: self._end(self.parts[::-1], "codomain", "domain"), is_discrete=False)

    @lazy_property
    def bijective(self):
        """Whether all parts have an inverse."""
        return all(part.bijective for part in self.parts)

    @lazy_property
    def sign(self):
        """The product of the parts' signs."""
        return functools.reduce(operator.mul, (part.sign for part in self.parts), 1)

    @property
    def inv(self):
        """The parts' inverses in reversed order."""
        if self._inv is None:
            self._inv = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv._inv = self
        return self._inv

    def __call__(self, x):
        return functools.reduce(lambda value, part: part(value), self.parts, x)

    def log_abs_det_jacobian(self, x, y):
        """The sum over the parts."""
        if not self.parts:
            return ops.zeros_like(x)
        between = [x]
        for part in self.parts[:-1]:
            between.append(part(between[-1]))
        terms, event_dim = [], self.domain.event_dim
        for part, before, after in zip(self.parts, between, [*between[1:], y]):
            terms.append(sum_rightmost(part.log_abs_det_jacobian(before, after), event_dim - part.domain.event_dim))
            event_dim += part.codomain.event_dim - part.domain.event_dim
        return functools.reduce(operator.add, terms)

    def forward_shape(self, shape):
        """The shape behind the last part."""
        return functools.reduce(lambda found, part: part.forward_shape(found), self.parts, shape)

    def inverse_shape(self, shape):
        """The shape before the first part."""
        return functools.reduce(lambda found, part: part.inverse_shape(found), reversed(self.parts), shape)

    def __repr__(self):
        return f"{self.__class__.__name__}(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform whose rightmost batch dims count as part of the event: their Jacobians are summed."""

    _arguments = ("base_transform", "reinterpreted_batch_ndims")

    def __init__(self, base_transform, reinterpreted_batch_ndims, cache_size=0):
        super().__init__(cache_size=cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    domain = constraints.dependent_property(
        lambda self: constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims), is_discrete=False)
    codomain = constraints.dependent_property(
        lambda self: constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims), is_discrete=False)
    bijective = property(lambda self: self.base_transform.bijective)
    sign = property(lambda self: self.base_transform.sign)

    def _call(self, x):
        check_rank(x.dim(), self.domain.event_dim)
        return self.base_transform(x)

    def _inverse(self, y):
        check_rank(y.dim(), self.codomain.event_dim)
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x, y):
        """That of the base, summed over the reinterpreted dims."""
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"{self.__class__.__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"

    def forward_shape(self, shape):
        """That of the base."""
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape):
        """That of the base."""
        return self.base_transform.inverse_shape(shape)


def check_rank(rank, least):
    """ValueError for fewer dims than these."""
    if rank < least:
        raise ValueError("Too few dimensions on input")
