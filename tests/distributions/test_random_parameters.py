"""Random programs: a family, the shapes of its parameters, a shape to draw, and whether to expand first."""

import hypothesis
import pytest
from hypothesis import strategies as st

from tests import oracle
from tests.observations import first_difference, observe
from tests.worlds import world

pytestmark = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="the oracle of these tests is torch itself")

# name -> for each parameter, what makes a valid one of a tensor of numbers between 0.1 and 0.9
UNIT, POSITIVE, REAL = "{}", "({} * 3)", "({} * 4 - 2)"
PARAMETERS = {
    "Bernoulli": [UNIT], "Beta": [POSITIVE, POSITIVE], "Cauchy": [REAL, POSITIVE], "Chi2": [POSITIVE],
    "Exponential": [POSITIVE], "FisherSnedecor": [POSITIVE, POSITIVE], "Gamma": [POSITIVE, POSITIVE], "Geometric": [UNIT], "Gumbel": [REAL, POSITIVE],
    "HalfCauchy": [POSITIVE], "HalfNormal": [POSITIVE], "InverseGamma": [POSITIVE, POSITIVE], "Kumaraswamy": [POSITIVE, POSITIVE],
    "Laplace": [REAL, POSITIVE], "LogNormal": [REAL, POSITIVE], "NegativeBinomial": [POSITIVE, UNIT], "Normal": [REAL, POSITIVE],
    "Pareto": [POSITIVE, POSITIVE], "Poisson": [POSITIVE], "StudentT": [POSITIVE, REAL, POSITIVE], "Uniform": [REAL, "({} + 2)"],
    "VonMises": [REAL, POSITIVE], "Weibull": [POSITIVE, POSITIVE],
}
SHAPES = st.sampled_from([(), (1,), (3,), (2, 1), (2, 3)])


def program(torch, name, shapes, sample_shape, expand, seed):
    """A draw, its log-density and the moments."""
    torch.manual_seed(seed)
    given = [eval(form.format("u"), {"u": torch.rand(shape) * 0.8 + 0.1}) for form, shape in zip(PARAMETERS[name], shapes)]
    distribution = getattr(torch.distributions, name)(*given)
    if expand:
        distribution = distribution.expand((2, *distribution.batch_shape))
    value = distribution.sample(sample_shape)
    yield distribution.batch_shape, repr(distribution), value, torch.rand(1)
    yield distribution.log_prob(value), distribution.mean, distribution.variance


@hypothesis.given(st.sampled_from(sorted(PARAMETERS)), st.tuples(SHAPES, SHAPES, SHAPES), SHAPES, st.booleans(), st.integers(0, 99))
@hypothesis.settings(max_examples=40)
def test_any_parameters(referee, name, shapes, sample_shape, expand, seed):
    given = {"name": name, "shapes": shapes, "sample_shape": sample_shape, "expand": expand, "seed": seed}
    expected, actual = (observe(program, world(each), **given) for each in ("torch", referee.candidate))
    assert first_difference(expected, actual) is None, given
