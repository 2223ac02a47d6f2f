"""What all distributions share: checks of arguments and values, their words, subclasses, lazy properties, modules."""

from tests.distributions.families import EXPRESSIONS
from tests.worlds import both_worlds, expressions, refusal


@expressions("""
D.Normal(0.0, -1.0)
D.Normal(torch.zeros(2), torch.tensor([1.0, -1.0]))
D.Normal(0.0, -1.0, validate_args=False)
D.Normal("a", 1.0)
D.Normal(torch.zeros(2), torch.ones(3))
D.Normal(0.0, float("nan"))
D.Bernoulli()
D.Bernoulli(0.5, 0.5)
D.Bernoulli(1.5)
D.Bernoulli(0.5).log_prob(torch.tensor(0.5))
D.Bernoulli(0.5).log_prob(1.0)
D.Bernoulli(0.5, validate_args=False).log_prob(torch.tensor(0.5))
D.Beta(-1.0, 1.0)
D.Binomial(-1, 0.5)
D.Binomial(3, torch.tensor([0.5])).log_prob(torch.tensor(4.0))
D.Binomial(torch.tensor([3, 4]), torch.tensor(0.5)).entropy()
D.Binomial(torch.tensor([3.0, 4.0]), torch.tensor(0.5)).enumerate_support()
D.Categorical(torch.tensor(0.5))
D.Categorical(torch.tensor([0.5, -0.5]))
D.Categorical(torch.ones(3)).log_prob(torch.tensor(3))
D.Categorical(torch.ones(3)).log_prob(torch.tensor([0, 1, 2, 2, 1])), D.Categorical(torch.ones(2, 3)).log_prob(torch.tensor([[0], [2]]))
D.Categorical(logits=torch.tensor([0.0, -float("inf")])).entropy()
D.ContinuousBernoulli(1.5, validate_args=True)
D.Dirichlet(torch.tensor(1.0))
D.Dirichlet(torch.ones(3)).log_prob(torch.ones(3))
D.Dirichlet(torch.tensor([0.5, 0.5])).mode, D.Dirichlet(torch.tensor([[0.5, 0.9], [2.0, 3.0]])).mode
D.Exponential(1.0).log_prob(torch.tensor(-1.0))
D.Geometric(0.0)
D.Gamma(1, 2).sample().shape
D.Independent(D.Normal(torch.zeros(2), 1.0), 2)
D.Independent(D.Bernoulli(torch.zeros(2)), 1).enumerate_support()
D.LKJCholesky(1)
D.LowRankMultivariateNormal(torch.zeros(2), torch.zeros(3, 1), torch.ones(2))
D.LowRankMultivariateNormal(torch.zeros(2), torch.zeros(2, 1), torch.ones(3))
D.LowRankMultivariateNormal(torch.tensor(0.0), torch.zeros(2, 1), torch.ones(3))
D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(0.0, 1.0))
D.MixtureSameFamily(D.Categorical(torch.ones(3)), D.Normal(torch.zeros(2), 1.0))
D.MixtureSameFamily(D.Categorical(torch.ones(3)), 3)
D.Multinomial(torch.tensor(3), torch.ones(2))
D.Multinomial(3, torch.ones(2)).log_prob(torch.tensor([2.0, 2.0]))
D.MultivariateNormal(torch.tensor(0.0), torch.eye(2))
D.MultivariateNormal(torch.zeros(2))
D.MultivariateNormal(torch.zeros(2), torch.ones(2))
D.MultivariateNormal(torch.zeros(2), scale_tril=torch.ones(2))
D.MultivariateNormal(torch.zeros(2), -torch.eye(2))
D.MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.zeros(3))
D.Normal(torch.zeros(3), 1.0).log_prob(torch.zeros(2))
D.Normal(0.0, 1.0).log_prob(torch.tensor(float("nan")))
D.OneHotCategorical(torch.ones(3)).log_prob(torch.ones(3))
D.Poisson(-1.0)
D.Uniform(1.0, 0.0)
D.Uniform(0.0, 1.0).log_prob(torch.tensor(2.0))
D.Uniform(0.0, 1.0, validate_args=False).log_prob(torch.tensor([0.0, 1.0, 2.0]))
D.Wishart(torch.tensor(1.0), torch.eye(2))
D.Wishart(torch.tensor(3.0))
D.VonMises(0.0, 1.0).rsample()
D.VonMises(0.0, 1.0).entropy()
D.Distribution.set_default_validate_args(3)
D.Normal(0.0, 1.0).expand((2, 3)).sample((4,)).shape, D.Normal(torch.zeros(2), 1.0).expand((3,))
D.Normal(0.0, 1.0).sample_n(3)
D.Normal(torch.zeros(2, dtype=torch.float64), 1.0).sample().dtype, D.Normal(torch.zeros(2, dtype=torch.float64), 1).scale
D.Normal.mean.__class__, type(D.Bernoulli.logits).__name__, isinstance(D.Bernoulli.logits, property)
D.Normal(0.0, 1.0).log_prob(torch.tensor([1.0])), D.Normal(0, 1).loc.dtype
""")
def test_call(torch):
    return {"D": torch.distributions}


@both_worlds
def test_modules(torch):
    D = torch.distributions
    for name in sorted({line.split("(")[0] for line in EXPRESSIONS}):
        family = getattr(D, name)
        yield name, family.__module__.split(".", 1)[1], family.has_rsample if isinstance(family.has_rsample, bool) else "varies"
    yield sorted(set(D.__all__) - {"constraints", "utils"}), issubclass(D.Normal, D.ExponentialFamily)


@both_worlds
def test_a_distribution_of_ones_own(torch):
    D = torch.distributions

    class Half(D.Distribution):
        arg_constraints = {"rate": D.constraints.positive}
        support = D.constraints.nonnegative

        def __init__(self, rate, validate_args=None):
            self.rate, = D.utils.broadcast_all(rate)
            super().__init__(self.rate.shape, validate_args=validate_args)

        def rsample(self, sample_shape=torch.Size()):
            return torch.rand(self._extended_shape(sample_shape)) * self.rate

    yield Half(2.0), refusal(Half, -1.0), Half(torch.ones(2)).sample((3,)), refusal(Half(2.0).expand, (2,))
    for name in ("mean", "variance", "mode", "stddev"):
        yield type(refusal(lambda: getattr(Half(2.0), name)))
    yield refusal(Half(2.0).log_prob, torch.ones(1)), refusal(Half(2.0).entropy)

    class Narrow(D.Normal):
        def __init__(self, loc):
            super().__init__(loc, 0.1)
    yield Narrow(torch.zeros(2)), refusal(Narrow(0.0).expand, (2,)), D.Normal(0.0, 1.0).expand((2,))


@both_worlds
def test_gradients_of_draws(torch):
    """The derivative by gamma's and Dirichlet's concentrations, as near as torch's own approximation comes to it."""
    concentration = torch.tensor([0.1, 0.7, 1.0, 3.0, 20.0, 500.0], dtype=torch.float64)
    drawn = torch._standard_gamma(concentration)
    yield drawn, torch._standard_gamma_grad(concentration, drawn).mul(200).round()
    shares = torch._sample_dirichlet(concentration)
    yield shares, torch._dirichlet_grad(shares, concentration, concentration.sum().expand(6)).mul(100).round()
    yield refusal(torch._standard_gamma, torch.tensor([1])), refusal(torch._sample_dirichlet, torch.tensor([1]))
    tracked = concentration.float().requires_grad_()
    yield type(torch._standard_gamma(tracked).grad_fn).__name__
