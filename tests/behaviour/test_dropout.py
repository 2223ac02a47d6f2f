"""Dropout and its kin: torch's digits after manual_seed, what is drawn and what is not, flags and refusals."""

import pytest

import facade
from facade.core.engine import expect_compiles
from tests.worlds import both_worlds, refusal

FAMILY = ["dropout", "alpha_dropout", "feature_alpha_dropout", "dropout1d", "dropout2d", "dropout3d"]


def images(torch, **options):
    return torch.arange(1.0, 49.0, **options).reshape(2, 4, 3, 2)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", FAMILY)
@both_worlds
def test_values_gradients_and_what_was_drawn(torch, name, training, p):
    x = (images(torch)[0] if name == "dropout1d" else images(torch)).requires_grad_()
    torch.manual_seed(0)
    y = getattr(torch.nn.functional, name)(x, p, training)
    yield y, y is x, torch.rand(1)
    y.sum().backward()
    yield x.grad


@pytest.mark.parametrize("name", ["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"])
@both_worlds
def test_functions_of_torch(torch, name):
    x = images(torch)
    for p in (0.5, 1.5):
        yield refusal(getattr(torch, name), x, p, True)
        yield refusal(getattr(torch, name + "_"), x * 1, p, True)


@pytest.mark.parametrize("name", FAMILY)
@both_worlds
def test_probabilities_are_checked(torch, name):
    for p in (1.5, -0.1):
        yield refusal(getattr(torch.nn.functional, name), images(torch), p)


@both_worlds
def test_in_place(torch):
    F = torch.nn.functional
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    yield F.dropout(y, 0.5, inplace=True) is y, y, y._version
    y.sum().backward()
    yield x.grad, refusal(lambda: F.dropout(x, 0.5, inplace=True))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int64", "bool", "complex64"])
@both_worlds
def test_dtypes(torch, dtype):
    F = torch.nn.functional
    x = images(torch).to(getattr(torch, dtype))
    yield refusal(F.dropout, x, 0.3), refusal(F.alpha_dropout, x, 0.3, True), refusal(F.dropout, x, 1.0)
    yield refusal(F.rrelu, x, 0.1, 0.3), refusal(F.gumbel_softmax, x)


@both_worlds
def test_the_order_of_memory_decides_what_is_drawn_for_whom(torch):
    x = torch.arange(1.0, 7.0).reshape(2, 3).t()
    y = torch.nn.functional.dropout(x, 0.5)
    return y, y.stride()


@both_worlds
def test_rrelu_draws_where_the_input_is_not_positive(torch):
    F = torch.nn.functional
    x = torch.tensor([-1.0, 2.0, -3.0, 0.0], requires_grad=True)
    for training in (True, False):
        y = F.rrelu(x, 0.1, 0.3, training)
        y.sum().backward()
        yield y, x.grad, torch.rand(1)
    yield torch.rrelu_(x * 1, 0.1, 0.3, True), refusal(F.rrelu, x, 0.5, 0.1), refusal(F.rrelu, x, float("inf"))


@both_worlds
def test_gumbel_softmax(torch):
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.1, 0.2, 3.0]], requires_grad=True)
    soft, hard = (torch.nn.functional.gumbel_softmax(logits, tau=0.5, hard=hard) for hard in (False, True))
    hard[:, 0].sum().backward()
    return soft, hard, logits.grad


def test_what_is_drawn_compiles_nothing():
    def step(p):
        x = facade.ones(64, 64, requires_grad=True)
        facade.nn.functional.dropout(x, p).sum().backward()
        return x.grad.sum().item()
    for p in (0.1, 0.2, 0.3):
        step(p)
    with expect_compiles(0):
        assert step(0.4) != step(0.5)
