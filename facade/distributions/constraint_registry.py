"""From a constraint to a transform of unconstrained numbers that fulfils it (torch.distributions.constraint_registry).

`biject_to` gives bijections, for the change of variables of a density; `transform_to` gives what suits optimization.
"""

from numbers import Number

from facade.distributions import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """A table from classes of constraints to factories: registry(constraint) is a transform."""

    def __init__(self):
        self._registry = {}

    def register(self, constraint, factory=None):
        """Have factory(constraint) make the transform for this class of constraints (or an instance's); also a decorator."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, constraints.Constraint):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint):
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints") from None
        return factory(constraint)


biject_to, transform_to = ConstraintRegistry(), ConstraintRegistry()


def _half_line(bound, direction):
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(bound, direction)])


def _to_interval(constraint):
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, Number) and low == 0 and isinstance(high, Number) and high == 1:
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


_BOTH = {
    constraints.real: lambda constraint: transforms.identity_transform,
    constraints.positive: lambda constraint: transforms.ExpTransform(),
    constraints.nonnegative: lambda constraint: transforms.ExpTransform(),
    constraints.greater_than: lambda constraint: _half_line(constraint.lower_bound, 1),
    constraints.greater_than_eq: lambda constraint: _half_line(constraint.lower_bound, 1),
    constraints.less_than: lambda constraint: _half_line(constraint.upper_bound, -1),
    constraints.interval: _to_interval,
    constraints.half_open_interval: _to_interval,
    constraints.corr_cholesky: lambda constraint: transforms.CorrCholeskyTransform(),
}


def _of_parts(registry):
    """What both registries make of constraints that are made of others."""
    return {
        constraints.independent: lambda constraint: transforms.IndependentTransform(registry(constraint.base_constraint),
                                                                                    constraint.reinterpreted_batch_ndims),
        constraints.cat: lambda constraint: transforms.CatTransform(list(map(registry, constraint.cseq)), constraint.dim, constraint.lengths),
        constraints.stack: lambda constraint: transforms.StackTransform(list(map(registry, constraint.cseq)), constraint.dim),
    }


_OF_ONE = {
    biject_to: {constraints.simplex: lambda constraint: transforms.StickBreakingTransform()},
    transform_to: {
        constraints.simplex: lambda constraint: transforms.SoftmaxTransform(),
        constraints.lower_cholesky: lambda constraint: transforms.LowerCholeskyTransform(),
        constraints.positive_definite: lambda constraint: transforms.PositiveDefiniteTransform(),
        constraints.positive_semidefinite: lambda constraint: transforms.PositiveDefiniteTransform(),
    },
}
# greater_than is the class of `positive`: it comes later, and is what counts for both, as in torch
for _registry, _own in _OF_ONE.items():
    for _constraint, _factory in (_BOTH | _of_parts(_registry) | _own).items():
        _registry.register(_constraint, _factory)
