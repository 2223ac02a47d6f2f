"""Several transforms side by side along a dim, and the transform that a distribution's cdf is."""

from facade.core.ops.functions import ops
from facade.distributions import constraints
from facade.distributions.transforms.transform import Transform
from facade.distributions.utils import lazy_property, sum_rightmost


def require(condition, sentence):
    """AssertionError with this sentence unless the condition holds."""
    if not condition:
        raise AssertionError(sentence)


class _SeveralTransform(Transform):
    """Transforms side by side along a dim of the input."""

    def __init__(self, tseq, dim, cache_size):
        require(all(isinstance(each, Transform) for each in tseq), "All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms, self.dim = [each.with_cache(cache_size) for each in tseq] if cache_size else list(tseq), dim

    bijective = property(lambda self: all(each.bijective for each in self.transforms))

    def _parts(self, value, name="tensor"):
        """What each transform gets of a value."""
        require(-value.dim() <= self.dim < value.dim(), f"dim {self.dim} out of range for {name} with {value.dim()} dimensions")

    def _call(self, x):
        return self._joined([each(part) for each, part in zip(self.transforms, self._parts(x))])

    def _inverse(self, y):
        return self._joined([each.inv(part) for each, part in zip(self.transforms, self._parts(y, "y"))])

    def _slopes(self, x, y):
        return [each.log_abs_det_jacobian(before, after) for each, before, after in zip(self.transforms, self._parts(x), self._parts(y, "y"))]


class CatTransform(_SeveralTransform):
    """Transforms of stretches of a dim, of these lengths (1 each if not said)."""

    _arguments = "transforms", "dim", "lengths"

    def __init__(self, tseq, dim=0, lengths=None, cache_size=0):
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        require(len(self.lengths) == len(self.transforms), f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @lazy_property
    def event_dim(self):
        """The largest of all."""
        return max(each.event_dim for each in self.transforms)

    @lazy_property
    def length(self):
        """The size of the dim."""
        return sum(self.lengths)

    domain = constraints.dependent_property(lambda self: constraints.cat([each.domain for each in self.transforms], self.dim, self.lengths))
    codomain = constraints.dependent_property(lambda self: constraints.cat([each.codomain for each in self.transforms], self.dim, self.lengths))

    def _parts(self, value, name="x"):
        super()._parts(value)
        require(value.size(self.dim) == self.length, f"{name}.size({self.dim}) = {value.size(self.dim)} must equal length {self.length}")
        return value.split(self.lengths, self.dim)

    def _joined(self, parts):
        return ops.cat(parts, self.dim)

    def log_abs_det_jacobian(self, x, y):
        """Side by side; their sum where the dim is part of the event."""
        found = [sum_rightmost(slope, self.event_dim - each.event_dim) for each, slope in zip(self.transforms, self._slopes(x, y))]
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return ops.cat(found, dim) if dim < 0 else sum(found)


class StackTransform(_SeveralTransform):
    """A transform for each index of a dim."""

    _arguments = "transforms", "dim"

    def __init__(self, tseq, dim=0, cache_size=0):
        super().__init__(tseq, dim, cache_size)

    domain = constraints.dependent_property(lambda self: constraints.stack([each.domain for each in self.transforms], self.dim))
    codomain = constraints.dependent_property(lambda self: constraints.stack([each.codomain for each in self.transforms], self.dim))

    def _parts(self, value, name="x"):
        super()._parts(value)
        require(value.size(self.dim) == len(self.transforms),
                 f"{name}.size({self.dim}) = {value.size(self.dim)} must equal len(transforms) {len(self.transforms)}")
        return value.unbind(self.dim)

    def _joined(self, parts):
        return ops.stack(parts, self.dim)

    def log_abs_det_jacobian(self, x, y):
        """Stacked like the parts."""
        return self._joined(self._slopes(x, y))


class CumulativeDistributionTransform(Transform):
    """Values of a distribution to the probability of at most that value."""

    bijective, sign, codomain = True, 1, constraints.unit_interval
    _arguments = ("distribution",)

    def __init__(self, distribution, cache_size=0):
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    domain = property(lambda self: self.distribution.support)

    def _call(self, x):
        return self.distribution.cdf(x)

    def _inverse(self, y):
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x, y):
        """The log-density at x."""
        return self.distribution.log_prob(x)
