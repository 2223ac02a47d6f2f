"""Every distribution: what it draws and how much, its formulas at what it drew, its moments, shapes and text, gradients of all."""

import pytest

from tests.distributions.families import EXPRESSIONS, make
from tests.worlds import both_worlds, refusal

each = pytest.mark.parametrize("expression", EXPRESSIONS)


def plain(found):
    """A tensor without its history, whose names of steps are not promised."""
    return found.detach() if hasattr(found, "detach") else found


def asked(function, *arguments):
    return plain(refusal(function, *arguments))


def wide(expression):
    """Double precision, except where torch's own formula has only the digits of float32, or mixes it with float32 and fails."""
    return "float32" if expression.startswith(("VonMises", "GeneralizedPareto")) else "float64"


@each
@both_worlds
def test_samples(torch, expression):
    distribution, _ = make(torch, expression)
    yield distribution.sample(), distribution.sample((2,)), distribution.sample((3, 1)), torch.rand(1)
    yield distribution.has_rsample, asked(distribution.rsample, (2,)), torch.rand(1)
    distribution, _ = make(torch, expression, "float64")
    yield distribution.sample((5,)), torch.rand(1)


@each
@both_worlds
def test_formulas(torch, expression):
    distribution, _ = make(torch, expression, wide(expression), track=False)
    value = distribution.sample((4,))
    yield asked(distribution.log_prob, value)
    for name in ("cdf", "icdf"):
        share = value if name == "cdf" else torch.tensor(0.3, dtype=torch.float64)
        yield asked(getattr(distribution, name), share)
    for name in ("mean", "mode", "variance", "stddev"):
        yield asked(getattr, distribution, name)
    for name in ("entropy", "perplexity", "enumerate_support"):
        yield asked(getattr(distribution, name))
    yield asked(lambda: distribution.enumerate_support(expand=False))


@each
@both_worlds
def test_shapes_and_text(torch, expression):
    distribution, _ = make(torch, expression)
    yield repr(distribution), distribution.batch_shape, distribution.event_shape, distribution.has_enumerate_support
    yield repr(distribution.support), repr(distribution.arg_constraints)
    expanded = distribution.expand((3, *distribution.batch_shape))
    yield type(expanded) is type(distribution), repr(expanded), expanded.batch_shape, expanded.event_shape, expanded._validate_args
    torch.manual_seed(1)
    value = expanded.sample((2,))
    yield value, asked(expanded.log_prob, value), asked(getattr, expanded, "mean"), torch.rand(1)


@each
@both_worlds
def test_gradients(torch, expression):
    distribution, leaves = make(torch, expression, wide(expression))
    value = distribution.sample((3,))
    outcomes = [lambda: distribution.log_prob(value), distribution.entropy, lambda: distribution.mean, lambda: distribution.variance]
    for compute in outcomes:
        try:
            result = compute()
        except NotImplementedError:
            continue
        if result.requires_grad:
            yield torch.autograd.grad(result.where(result.isfinite(), 0).sum(), leaves, allow_unused=True, retain_graph=True)


# torch forgets to copy a mask of Wishart's before it writes to it, so its backward refuses
@pytest.mark.parametrize("expression", [line for line in EXPRESSIONS if not line.startswith("Wishart")])
@both_worlds
def test_gradients_of_samples(torch, expression):
    distribution, leaves = make(torch, expression, "float64")
    if not distribution.has_rsample:
        return
    value = distribution.rsample((3,))
    if value.requires_grad:
        weights = torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape) * 0.3 + 0.7
        yield [each.detach().mul(100).round() for each in torch.autograd.grad((value * weights).sum(), leaves, allow_unused=True) if each is not None]
