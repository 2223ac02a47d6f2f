"""Regions that parameters and samples lie in (torch.distributions.constraints).

A constraint answers `check(value)` with one bool for each event: `event_dim` rightmost dims make an event. The simple
ones are a line each in `_bounded` and `_of_events`; the others are made from them.
"""

from facade.core import dtypes
from facade.core.numeric_limits import finfo
from facade.core.ops.functions import ops
from facade import linalg

__all__ = ["Constraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property", "greater_than", "greater_than_eq", "independent",
           "integer_interval", "interval", "half_open_interval", "is_dependent", "less_than", "lower_cholesky", "lower_triangular",
           "MixtureSameFamilyConstraint", "multinomial", "nonnegative", "nonnegative_integer", "one_hot", "positive", "positive_semidefinite",
           "positive_definite", "positive_integer", "real", "real_vector", "simplex", "square", "stack", "symmetric", "unit_interval"]


class Constraint:
    """A region. is_discrete: whether it is countable; event_dim: how many rightmost dims make an event."""

    is_discrete = False
    event_dim = 0

    def check(self, value):
        """A bool for each event of `value`: whether it is inside."""
        raise NotImplementedError

    def __repr__(self):
        return f"{self._shown}()"

    @property
    def _shown(self):
        return self.__class__.__name__.removeprefix("_")


def _require(condition, sentence):
    if not condition:
        raise AssertionError(sentence)


# ---------------------------------------------------------------- known only with the parameters
class _Dependent(Constraint):
    """A region that depends on the parameters of a distribution."""

    def __init__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        self._is_discrete, self._event_dim = is_discrete, event_dim
        super().__init__()

    @property
    def is_discrete(self):
        """Whether it is countable."""
        return self._known("is_discrete")

    @property
    def event_dim(self):
        """How many dims make an event."""
        return self._known("event_dim")

    def _known(self, name):
        value = getattr(self, f"_{name}")
        if value is NotImplemented:
            raise NotImplementedError(f".{name} cannot be determined statically")
        return value

    def __call__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        return _Dependent(is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
                          event_dim=self._event_dim if event_dim is NotImplemented else event_dim)

    def check(self, x):
        """Raises ValueError: without the parameters nothing is known."""
        raise ValueError("Cannot determine validity of dependent constraint")


class _DependentProperty(property, _Dependent):
    """A property that is a constraint; on the class it stands for a dependent one."""

    def __init__(self, fn=None, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn):
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


def is_dependent(constraint):
    """Whether the region depends on parameters."""
    return isinstance(constraint, _Dependent)


# ---------------------------------------------------------------- made of another
class _Derived(Constraint):
    """A constraint on top of another."""

    def __init__(self, base_constraint):
        _require(isinstance(base_constraint, Constraint), f"base_constraint must be a Constraint, got {type(base_constraint).__name__}")
        self.base_constraint = base_constraint
        super().__init__()

    is_discrete = property(lambda self: self.base_constraint.is_discrete)
    event_dim = property(lambda self: self.base_constraint.event_dim)


def _all_of_rightmost(result, dims):
    return result.reshape(result.shape[:result.dim() - dims] + (-1,)).all(-1)


class _IndependentConstraint(_Derived):
    """The base constraint for each of several rightmost dims more."""

    def __init__(self, base_constraint, reinterpreted_batch_ndims):
        super().__init__(base_constraint)
        _require(isinstance(reinterpreted_batch_ndims, int),
                 f"reinterpreted_batch_ndims must be an int, got {type(reinterpreted_batch_ndims).__name__}")
        _require(reinterpreted_batch_ndims >= 0, f"reinterpreted_batch_ndims must be >= 0, got {reinterpreted_batch_ndims}")
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    event_dim = property(lambda self: self.base_constraint.event_dim + self.reinterpreted_batch_ndims)

    def check(self, value):
        """Whether all of an event is inside; ValueError for too few dims."""
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return _all_of_rightmost(result, self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"{self._shown}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(_Derived):
    """The supports of all components of a mixture."""

    def check(self, value):
        """Whether a value is in the support of every component."""
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        if value.dim() < self.event_dim:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return _all_of_rightmost(result, result.dim() - (value.dim() - self.event_dim))

    def __repr__(self):
        return f"{self._shown}({self.base_constraint!r})"


# ---------------------------------------------------------------- between bounds
def _bounded(name, inside, *bounds, discrete=False):
    """A class of constraints with these bounds; inside(value, *bounds) tells which numbers satisfy it."""
    def __init__(self, *args, **kwargs):
        given = dict(zip(bounds, args)) | kwargs
        if len(args) > len(bounds) or given.keys() != set(bounds):
            raise TypeError(f"{name} takes {', '.join(bounds)}")
        self.__dict__.update((bound, given[bound]) for bound in bounds)

    def check(self, value):
        found = inside(value, *(getattr(self, bound) for bound in bounds))
        return (value % 1 == 0) & found if discrete else found

    def __repr__(self):
        return f"{self._shown}({', '.join(f'{bound}={getattr(self, bound)}' for bound in bounds)})"
    return type(name, (Constraint,), {"__init__": __init__, "check": check, "__repr__": __repr__, "is_discrete": discrete, "__module__": __name__,
                                      "__doc__": f"Numbers by {' and '.join(bounds)}."})


def _between(value, low, high):
    return (low <= value) & (value <= high)


_IntegerInterval = _bounded("_IntegerInterval", _between, "lower_bound", "upper_bound", discrete=True)
_IntegerLessThan = _bounded("_IntegerLessThan", lambda value, high: value <= high, "upper_bound", discrete=True)
_IntegerGreaterThan = _bounded("_IntegerGreaterThan", lambda value, low: value >= low, "lower_bound", discrete=True)
_GreaterThan = _bounded("_GreaterThan", lambda value, low: low < value, "lower_bound")
_GreaterThanEq = _bounded("_GreaterThanEq", lambda value, low: low <= value, "lower_bound")
_LessThan = _bounded("_LessThan", lambda value, high: value < high, "upper_bound")
_Interval = _bounded("_Interval", _between, "lower_bound", "upper_bound")
_HalfOpenInterval = _bounded("_HalfOpenInterval", lambda value, low, high: (low <= value) & (value < high), "lower_bound", "upper_bound")


# ---------------------------------------------------------------- without parameters
def _of_events(name, event_dim, inside, discrete=False, base=Constraint):
    """A class of constraints without parameters; inside(value) answers for each event."""
    return type(name, (base,), {"check": lambda self, value: inside(value), "event_dim": event_dim, "is_discrete": discrete, "__module__": __name__,
                                "__doc__": f"The constraint `{name.removeprefix('_')}`."})


def _is_bit(value):
    return (value == 0) | (value == 1)


def _all_entries(mask):
    return mask.flatten(-2).all(-1)


def _is_lower_triangular(value):
    return _all_entries(value.tril() == value)


def _is_lower_cholesky(value):
    return _is_lower_triangular(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


def _is_corr_cholesky(value):
    tolerance = finfo(value.dtype).eps * value.size(-1) * 10
    norms = linalg.norm(value.detach(), dim=-1)
    return _is_lower_cholesky(value) & (norms - 1).abs().le(tolerance).all(-1)


def _is_square(value):
    return ops.full(value.shape[:-2], value.shape[-2] == value.shape[-1], dtype=dtypes.bool)


def _is_symmetric(value):
    square = _is_square(value)
    return ops.isclose(value, value.mT, atol=1e-6).all(-2).all(-1) if square.all() else square


def _symmetric_and(inside):
    def check(value):
        symmetric = _is_symmetric(value)
        return inside(value) if symmetric.all() else symmetric
    return check


_Boolean = _of_events("_Boolean", 0, _is_bit, discrete=True)
_OneHot = _of_events("_OneHot", 1, lambda value: _is_bit(value).all(-1) & value.sum(-1).eq(1), discrete=True)
_Real = _of_events("_Real", 0, lambda value: value == value)
_Simplex = _of_events("_Simplex", 1, lambda value: (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6))
_LowerTriangular = _of_events("_LowerTriangular", 2, _is_lower_triangular)
_LowerCholesky = _of_events("_LowerCholesky", 2, _is_lower_cholesky)
_CorrCholesky = _of_events("_CorrCholesky", 2, _is_corr_cholesky)
_Square = _of_events("_Square", 2, _is_square)
_Symmetric = _of_events("_Symmetric", 2, _is_symmetric, base=_Square)
_PositiveSemidefinite = _of_events("_PositiveSemidefinite", 2, _symmetric_and(lambda value: linalg.eigvalsh(value).ge(0).all(-1)), base=_Symmetric)
_PositiveDefinite = _of_events("_PositiveDefinite", 2, _symmetric_and(lambda value: linalg.cholesky_ex(value).info.eq(0)), base=_Symmetric)


class _Multinomial(Constraint):
    """Counts in the last dim that sum to at most `upper_bound`."""

    is_discrete, event_dim = True, 1

    def __init__(self, upper_bound):
        self.upper_bound = upper_bound

    def check(self, x):
        """Whether no count is negative and the sum is small enough."""
        return (x >= 0).all(-1) & (x.sum(-1) <= self.upper_bound)


# ---------------------------------------------------------------- side by side
class _Several(Constraint):
    """Constraints side by side along a dim."""

    def __init__(self, cseq, dim=0):
        _require(all(isinstance(each, Constraint) for each in cseq), "All elements of cseq must be Constraint instances")
        self.cseq, self.dim = list(cseq), dim
        super().__init__()

    is_discrete = property(lambda self: any(each.is_discrete for each in self.cseq))

    def _check_dim(self, value):
        _require(-value.dim() <= self.dim < value.dim(), f"dim {self.dim} out of range for value with {value.dim()} dimensions")


class _Cat(_Several):
    """Constraints on stretches of a dim, of these lengths (1 each if not said)."""

    def __init__(self, cseq, dim=0, lengths=None):
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        _require(len(self.lengths) == len(self.cseq), f"lengths ({len(self.lengths)}) must match cseq ({len(self.cseq)})")

    event_dim = property(lambda self: max(each.event_dim for each in self.cseq))

    def check(self, value):
        """Each stretch judged by its own constraint."""
        self._check_dim(value)
        return ops.cat([each.check(part) for each, part in zip(self.cseq, value.split(self.lengths, self.dim))], self.dim)


class _Stack(_Several):
    """A constraint for each index of a dim."""

    @property
    def event_dim(self):
        """The largest of all, one more where the stacked dim is part of it."""
        largest = max(each.event_dim for each in self.cseq)
        return largest + (self.dim + largest < 0)

    def check(self, value):
        """Each slice judged by its own constraint."""
        self._check_dim(value)
        return ops.stack([each.check(part) for each, part in zip(self.cseq, value.unbind(self.dim))], self.dim)


dependent, dependent_property, independent = _Dependent(), _DependentProperty, _IndependentConstraint
boolean, one_hot = _Boolean(), _OneHot()
nonnegative_integer, positive_integer, integer_interval = _IntegerGreaterThan(0), _IntegerGreaterThan(1), _IntegerInterval
real, positive, nonnegative = _Real(), _GreaterThan(0.0), _GreaterThanEq(0.0)
real_vector = independent(real, 1)
greater_than, greater_than_eq, less_than, multinomial = _GreaterThan, _GreaterThanEq, _LessThan, _Multinomial
unit_interval, interval, half_open_interval = _Interval(0.0, 1.0), _Interval, _HalfOpenInterval
simplex, lower_triangular, lower_cholesky, corr_cholesky = _Simplex(), _LowerTriangular(), _LowerCholesky(), _CorrCholesky()
square, symmetric, positive_semidefinite, positive_definite = _Square(), _Symmetric(), _PositiveSemidefinite(), _PositiveDefinite()
cat, stack = _Cat, _Stack
