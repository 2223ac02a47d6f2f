"""Transforms and the constraints they go between: there and back, Jacobians, shapes, equality, caches, text, errors."""

import pytest

from tests.worlds import both_worlds, expressions, refusal

TRANSFORMS = {
    "D.AbsTransform()": "torch.tensor([-1.0, 2.0])",
    "D.AffineTransform(1.0, -2.5)": "torch.tensor([-1.0, 2.0])",
    "D.AffineTransform(torch.tensor([1.0, 2.0]), torch.tensor([3.0, -1.0]), event_dim=1)": "torch.tensor([[-1.0, 2.0]])",
    "D.CatTransform([D.ExpTransform(), D.AffineTransform(1, 2)], dim=0, lengths=[1, 2])": "torch.tensor([0.3, 1.0, 2.0])",
    "D.ComposeTransform([D.ExpTransform(), D.PowerTransform(2.0), D.AffineTransform(1.0, 3.0)])": "torch.tensor([0.3, 1.0, 2.0])",
    "D.ComposeTransform([D.ExpTransform(), D.StickBreakingTransform()])": "torch.tensor([0.3, 1.0])",
    "D.ComposeTransform([])": "torch.tensor([0.3, 1.0])",
    "D.CorrCholeskyTransform()": "torch.tensor([[0.3, 1.0, -0.5]])",
    "D.CumulativeDistributionTransform(D.Normal(0.0, 1.0))": "torch.tensor([0.3, 1.0])",
    "D.ExpTransform()": "torch.tensor([-1.0, 2.0])",
    "D.ExpTransform().inv": "torch.tensor([1.0, 2.0])",
    "D.IndependentTransform(D.ExpTransform(), 1)": "torch.tensor([[-1.0, 2.0]])",
    "D.LowerCholeskyTransform()": "torch.tensor([[0.3, 1.0], [0.2, -0.5]])",
    "D.PositiveDefiniteTransform()": "torch.tensor([[0.3, 1.0], [0.2, -0.5]])",
    "D.PowerTransform(torch.tensor(-2.0))": "torch.tensor([1.0, 2.0])",
    "D.ReshapeTransform((2, 2), (4,))": "torch.arange(8.0).reshape(2, 2, 2)",
    "D.SigmoidTransform()": "torch.tensor([-1.0, 2.0])",
    "D.SoftmaxTransform()": "torch.tensor([-1.0, 2.0])",
    "D.SoftplusTransform()": "torch.tensor([-1.0, 2.0])",
    "D.StackTransform([D.ExpTransform(), D.AffineTransform(1, 2)], dim=0)": "torch.tensor([[0.3, 1.0], [2.0, 3.0]])",
    "D.StickBreakingTransform()": "torch.tensor([[0.3, 1.0], [2.0, 3.0]])",
    "D.TanhTransform()": "torch.tensor([-1.0, 2.0])",
}


@pytest.mark.parametrize("expression, argument", TRANSFORMS.items(), ids=TRANSFORMS)
@both_worlds
def test_transform(torch, expression, argument):
    names = {"torch": torch, "D": torch.distributions}
    transform, x = eval(expression, names), eval(argument, names)
    y = transform(x)
    yield repr(transform), repr(transform.inv), type(transform).__module__.split(".")[1:], transform.bijective
    yield y, transform.inv(y), refusal(transform.log_abs_det_jacobian, x, y), refusal(transform.inv.log_abs_det_jacobian, y, x)
    for name in ("domain", "codomain", "sign", "event_dim"):
        yield name, refusal(lambda: repr(getattr(transform, name)))
    yield transform.forward_shape((5, *x.shape)), transform.inverse_shape((5, *y.shape)), transform == eval(expression, names), transform.inv.inv is transform
    cached = transform.with_cache(1)
    yield cached is transform, cached(x) is cached(x), cached.inv(cached(x)) is x, cached.with_cache(1) is cached


CONSTRAINTS = ("boolean one_hot real positive nonnegative unit_interval simplex lower_cholesky corr_cholesky positive_definite positive_semidefinite "
               "nonnegative_integer positive_integer real_vector lower_triangular square symmetric greater_than(0.5) greater_than_eq(0.5) less_than(0.5) "
               "interval(-1.0,2.0) half_open_interval(-1.0,2.0) integer_interval(0,3) multinomial(3) independent(c.positive,1) "
               "cat([c.positive,c.real]) stack([c.positive,c.real]) dependent MixtureSameFamilyConstraint(c.positive)").split()


@pytest.mark.parametrize("expression", CONSTRAINTS)
@both_worlds
def test_constraint(torch, expression):
    c = torch.distributions.constraints
    constraint = eval(f"c.{expression}", {"c": c})
    yield repr(constraint), refusal(lambda: constraint.event_dim), refusal(lambda: constraint.is_discrete)
    for value in (torch.tensor([[1.0, 0.0], [0.3, 0.7]]), torch.tensor([[2.0, 0.5], [0.5, 3.0]]), torch.tensor([[0.0, -1.0], [1.0, float("nan")]])):
        yield refusal(constraint.check, value)
    for registry in (torch.distributions.biject_to, torch.distributions.transform_to):
        yield refusal(lambda: repr(registry(constraint)))


@expressions("""
D.Transform(cache_size=2)
D.ReshapeTransform((2, 3), (5,))
D.ReshapeTransform((2, 3), (6,)).forward_shape((5, 3))
D.StickBreakingTransform().forward_shape(())
D.CorrCholeskyTransform().forward_shape((4,))
D.CorrCholeskyTransform().inverse_shape((4, 3))
D.CatTransform([D.ExpTransform()], lengths=[1, 2])
D.CatTransform([3])
D.StackTransform([D.ExpTransform()])(torch.zeros(2))
D.AffineTransform(0.0, 1.0) == D.AffineTransform(0.0, 1.0), D.AffineTransform(0.0, 1.0) == D.AffineTransform(0.0, torch.ones(2)), D.ExpTransform() == D.TanhTransform()
D.constraints.interval(0, 1).check(torch.tensor(2)), D.constraints.independent(D.constraints.real, 2).check(torch.zeros(3))
D.constraints.independent(3, 1)
D.constraints.independent(D.constraints.real, -1)
D.biject_to.register(3, None)(lambda constraint: 0)
D.TransformedDistribution(D.Normal(0.0, 1.0), 3)
D.TransformedDistribution(D.Normal(0.0, 1.0), [3])
D.TransformedDistribution(D.Normal(0.0, 1.0), D.StickBreakingTransform())
D.TransformedDistribution(D.Normal(torch.zeros(3), 1.0), D.StickBreakingTransform()).batch_shape
D.utils.tril_matrix_to_vec(torch.arange(9.0).reshape(3, 3)), D.utils.vec_to_tril_matrix(torch.arange(6.0)), D.utils.vec_to_tril_matrix(torch.arange(3.0), -1)
D.utils.vec_to_tril_matrix(torch.arange(4.0))
D.utils.tril_matrix_to_vec(torch.eye(2), 3)
""")
def test_call(torch):
    return {"D": torch.distributions}
