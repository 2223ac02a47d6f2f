"""torch.masked: what a mask leaves out counts nowhere, in values and in gradients."""

import importlib

import pytest

from tests.worlds import both_worlds, refusal

REDUCTIONS = ["sum", "prod", "amax", "amin", "mean", "var", "std", "norm", "logsumexp", "argmax", "argmin", "median"]
ALONG = ["softmax", "log_softmax", "softmin", "cumsum", "cumprod"]


def masked(torch):
    return importlib.import_module(f"{torch.__name__}.masked")


def points(torch):
    return torch.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, 6.0]]), torch.tensor([[True, False, True], [False, True, True]])


@pytest.mark.parametrize("name", REDUCTIONS)
@both_worlds
def test_reduction(torch, name):
    function, (data, mask) = getattr(masked(torch), name), points(torch)
    for keepdim in (False, True):
        yield function(data, dim=1, mask=mask, keepdim=keepdim)
    yield function(data, dim=0, mask=torch.tensor([True, False, True]))
    yield function(data, dim=1)
    yield refusal(lambda: function(data.long(), dim=1, mask=mask)), refusal(lambda: function(data, dim=3, mask=mask))
    if name not in ("argmax", "argmin", "median"):
        yield function(data, mask=mask), function(data, dim=(1, 0), mask=mask), function(data, dim=1, mask=mask, dtype=torch.float64)


@pytest.mark.parametrize("name", ALONG)
@both_worlds
def test_along_a_dimension(torch, name):
    function, (data, mask) = getattr(masked(torch), name), points(torch)
    yield function(data, 1, mask=mask), function(data, 0), function(data, 1, mask=torch.tensor([[True], [False]]))


@pytest.mark.parametrize("name", ["sum", "prod", "amax", "mean", "var", "norm", "softmax", "log_softmax", "cumsum", "logsumexp"])
@both_worlds
def test_gradient(torch, name):
    data, mask = points(torch)
    data.requires_grad_()
    result = getattr(masked(torch), name)(data, dim=1, mask=mask)
    yield result
    chosen = result if result.shape != mask.shape or name == "cumsum" else result[mask]
    chosen.square().sum().backward()
    yield data.grad


@both_worlds
def test_two_masks_and_lengths(torch):
    data, mask = points(torch)
    yield masked(torch).logaddexp(data, data + 1, input_mask=mask), masked(torch).normalize(data, 2.0, 1, mask=mask)
    yield refusal(lambda: masked(torch).sum(data, 1, mask=torch.ones(2, 2, 3) > 0)), refusal(lambda: masked(torch).var(data, 1, True, correction=2))
