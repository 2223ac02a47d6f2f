"""The divergence of every pair of distributions on a list: values, infinities, gradients, what is not implemented; and the registry."""

import pytest

from tests.distributions.families import make
from tests.worlds import both_worlds, expressions, refusal

# two of each family, so that every pair is also one of different parameters
FAMILIES = {
    "Bernoulli": ["Bernoulli(t([0.3, 0.6]))", "Bernoulli(t([1.0, 0.2]))"],
    "Beta": ["Beta(t([0.5, 2.0]), t([1.5, 3.0]))", "Beta(t([1.0, 2.5]), t([0.5, 4.0]))"],
    "Binomial": ["Binomial(t([3.0, 4.0]), t([0.3, 0.6]))", "Binomial(t([3.0, 2.0]), t([0.5, 0.2]))"],
    "Categorical": ["Categorical(t([[0.2, 0.8], [0.0, 1.0]]))", "Categorical(t([[0.5, 0.5], [0.4, 0.6]]))"],
    "Cauchy": ["Cauchy(t([0.0, 1.0]), t([1.0, 2.5]))", "Cauchy(t([0.5, 1.0]), t([2.0, 0.3]))"],
    "ContinuousBernoulli": ["ContinuousBernoulli(t([0.2, 0.9]))", "ContinuousBernoulli(t([0.5, 0.3]))"],
    "Dirichlet": ["Dirichlet(t([[0.5, 1.5], [2.0, 3.0]]))", "Dirichlet(t([[1.0, 2.0], [0.3, 4.0]]))"],
    "Exponential": ["Exponential(t([0.5, 3.0]))", "Exponential(t([1.0, 2.0]))"],
    "Gamma": ["Gamma(t([0.5, 8.0]), t([1.0, 0.5]))", "Gamma(t([1.0, 3.0]), t([2.0, 0.7]))"],
    "Geometric": ["Geometric(t([0.3, 0.9]))", "Geometric(t([0.5, 0.1]))"],
    "Gumbel": ["Gumbel(t([0.0, 1.0]), t([1.0, 0.5]))", "Gumbel(t([0.5, -1.0]), t([2.0, 0.3]))"],
    "HalfNormal": ["HalfNormal(t([1.0, 0.5]))", "HalfNormal(t([2.0, 0.3]))"],
    "Independent": ["Independent(D.Normal(t([[0.0, 1.0]]), 1.0), 1)", "Independent(D.Normal(t([[1.0, 1.5]]), 2.0), 1)"],
    "Laplace": ["Laplace(t([0.0, 1.0]), t([1.0, 0.5]))", "Laplace(t([0.5, 1.0]), t([2.0, 0.3]))"],
    "LogNormal": ["LogNormal(t([0.0, 1.0]), t([1.0, 0.5]))", "LogNormal(t([0.5, 1.0]), t([2.0, 0.3]))"],
    "LowRankMultivariateNormal": ["LowRankMultivariateNormal(t([0.0, 1.0]), t([[1.0], [0.5]]), t([1.0, 2.0]))",
                                  "LowRankMultivariateNormal(t([[0.5, 1.0]]), t([[0.3], [0.7]]), t([2.0, 0.5]))"],
    "MultivariateNormal": ["MultivariateNormal(t([0.0, 1.0]), t([[2.0, 0.5], [0.5, 1.0]]))",
                           "MultivariateNormal(t([[0.5, 1.0], [2.0, 0.0]]), t([[1.0, 0.2], [0.2, 3.0]]))"],
    "Normal": ["Normal(t([0.0, 1.0]), t([1.0, 2.5]))", "Normal(t([0.5, 1.0]), t([2.0, 0.3]))"],
    "OneHotCategorical": ["OneHotCategorical(t([[0.2, 0.8], [0.4, 0.6]]))", "OneHotCategorical(t([[0.5, 0.5], [0.9, 0.1]]))"],
    "Pareto": ["Pareto(t([1.0, 2.0]), t([1.5, 3.0]))", "Pareto(t([0.5, 3.0]), t([0.7, 2.0]))"],
    "Poisson": ["Poisson(t([0.5, 4.0]))", "Poisson(t([2.0, 3.0]))"],
    "Uniform": ["Uniform(t([0.1, -1.0]), t([0.9, 2.5]))", "Uniform(t([0.0, 0.0]), t([1.0, 3.0]))"],
    "Wishart": ["Wishart(t(4.0), covariance_matrix=t([[2.0, 0.5], [0.5, 1.0]]))", "Wishart(t(3.0), covariance_matrix=t([[1.0, 0.2], [0.2, 3.0]]))"],
}


@pytest.mark.parametrize("name", FAMILIES)
@both_worlds
def test_divergences_from(torch, name):
    """Of the first distribution of this family from both of every family."""
    for other, (first, second) in FAMILIES.items():
        for expression in (first, second):
            if (name, other) == ("ContinuousBernoulli", "Uniform"):     # torch has the condition for infinity the wrong way round
                continue
            p, p_leaves = make(torch, FAMILIES[name][0], "float64")
            q, q_leaves = make(torch, expression, "float64")
            found = refusal(torch.distributions.kl_divergence, p, q)
            if not isinstance(found, torch.Tensor):
                yield other, found
                continue
            yield other, found.detach()
            if found.requires_grad and found.isfinite().all():
                yield torch.autograd.grad(found.sum(), [*p_leaves, *q_leaves], allow_unused=True)


@both_worlds
def test_registry(torch):
    registry = torch.distributions.kl._KL_REGISTRY
    yield sorted(f"{p.__name__} {q.__name__}" for p, q in registry)


@both_worlds
def test_classes_of_ones_own(torch):
    D = torch.distributions

    class Mine(D.Normal):
        pass

    class Other(D.Normal):
        pass
    one, two = Mine(0.0, 1.0), Other(1.0, 2.0)
    yield D.kl_divergence(one, two)

    @D.register_kl(Mine, D.Normal)
    def first(p, q):
        return "first"
    yield D.kl_divergence(one, two), D.kl_divergence(two, one)

    @D.register_kl(D.Normal, Other)
    def second(p, q):
        return "second"
    yield D.kl_divergence(one, two)
    for pair in ((Mine, D.Normal), (D.Normal, Other)):
        del D.kl._KL_REGISTRY[pair]


@expressions("""
D.kl_divergence(D.Normal(0., 1.), D.Bernoulli(0.5))
D.kl_divergence(D.VonMises(0., 1.), D.VonMises(0., 1.))
D.kl_divergence(D.Binomial(3, torch.tensor(0.5)), D.Binomial(4, torch.tensor(0.5)))
D.kl_divergence(D.Normal(torch.zeros(3), 1.), D.Normal(torch.zeros(3), 1.))
D.kl_divergence(D.MultivariateNormal(torch.zeros(2), torch.eye(2)), D.MultivariateNormal(torch.zeros(3), torch.eye(3)))
D.kl_divergence(D.Independent(D.Normal(torch.zeros(3), 1.), 1), D.Independent(D.Normal(torch.zeros(1, 3), 1.), 2))
D.register_kl(D.Normal, 3)
D.kl_divergence(D.Chi2(2.), D.Gamma(1., 3.)), D.kl_divergence(D.Normal(0., 1.), D.Normal(1., 2.))
""")
def test_call(torch):
    return {"D": torch.distributions}
