"""Arguments that fit no signature get torch's TypeError, whatever the function is made of here."""

import pytest

from tests.worlds import both_worlds, refusal

FUNCTIONS = ["abs", "all", "amax", "arange", "argsort", "bernoulli", "cat", "chunk", "clamp", "count_nonzero", "cross", "cumsum", "diag",
             "empty_permuted", "expm1", "flatten", "gather", "histogramdd", "hsplit", "index_select", "linalg.cond", "linalg.det", "linalg.norm",
             "fft.fft", "fft.fftn", "special.zeta", "special.logit", "masked_fill", "matmul", "max", "movedim", "narrow", "nonzero", "ones",
             "quantile", "remainder",
             "reshape", "scatter", "searchsorted", "sort", "split_with_sizes", "squeeze", "std", "sum", "take_along_dim", "tensor_split",
             "topk", "transpose", "unflatten", "where", "xlogy", "zeros_like"]
METHODS = ["abs", "chunk", "contiguous", "detach", "expand", "index_fill_", "masked_scatter_", "normal_", "permute", "repeat",
           "scatter_", "sum", "t", "tril", "unfold", "view_as"]


def calls(function, tensor):
    """What the function says of arguments of the wrong number, types and names."""
    for arguments in ((), (1, 2), (1, tensor), ("a",), (tensor, "a"), (tensor, 1, "a"), (tensor,) * 9):
        yield refusal(function, *arguments)
    yield refusal(lambda: function(tensor, strange=1))


@pytest.mark.parametrize("name", FUNCTIONS)
@both_worlds
def test_function(torch, name):
    place = torch
    for part in name.split("."):
        place = getattr(place, part)
    yield [each for each in calls(place, torch.ones(2, 3)) if isinstance(each, TypeError)]


@pytest.mark.parametrize("name", METHODS)
@both_worlds
def test_method(torch, name):
    tensor = torch.ones(2, 3)
    method = getattr(tensor, name)
    yield [each for each in calls(method, tensor) if isinstance(each, TypeError)]
    yield refusal(getattr(torch.Tensor, name), 1)


@both_worlds
def test_functions_of_the_library(torch):
    torch.manual_seed(0)
    image, weight = torch.randn(2, 4, 3), torch.randn(4)
    yield torch.native_layer_norm(image, [4, 3], None, None, 1e-5), torch.native_group_norm(image, weight, None, 2, 4, 3, 2, 1e-5)
    yield torch.native_batch_norm(image, weight, weight, torch.zeros(4), torch.ones(4), True, 0.1, 1e-5)
    yield torch.native_dropout(image, 0.5, True), torch.native_dropout(image, 1.0, None), torch.kl_div(image, image.exp(), 2)
    yield torch.grid_sampler(image[None], torch.rand(1, 2, 2, 2) * 2 - 1, 0, 1, False), torch.fill(image, 2), torch.zero_(weight)
    yield torch.svd_lowrank(image[0], 2)[1], torch.pca_lowrank(image[0], 2)[1]


@both_worlds
def test_histogramdd(torch):
    points = torch.tensor([[0.1, 0.9], [0.4, 0.2], [0.5, 0.5], [1.0, 0.0]])
    for bins, options in ((2, {}), ([2, 3], {"density": True}), ([2, 2], {"range": [0.0, 1, 0, 0.5]}), (2, {"weight": points[:, 0]}),
                          ([torch.tensor([0.0, 0.5, 1]), torch.tensor([0.0, 1])], {}), ([2], {}), (2, {"range": [1.0, 0]}), (0, {})):
        yield refusal(lambda: torch.histogramdd(points, bins, **options))


@both_worlds
def test_numpys_names_of_arguments(torch):
    tensor = torch.arange(6.0).reshape(1, 2, 3)
    for name, arguments in (("unsqueeze", ()), ("squeeze", ()), ("unbind", ()), ("chunk", (2,)), ("flip", ()), ("softmax", ()), ("cumsum", ()),
                            ("select", (0,)), ("tensor_split", (2,)), ("repeat_interleave", (2,)), ("argmax", ()), ("logsumexp", ()), ("diff", ())):
        for call in (getattr(tensor, name), lambda *args, name=name, **names: getattr(torch, name)(tensor, *args, **names)):
            yield refusal(lambda: call(*arguments, axis=0)) if name == "select" else call(*arguments, axis=0)
    yield torch.cat([tensor, tensor], axis=2), torch.stack([tensor, tensor], axis=1), tensor.sum(axis=1, keepdims=True)
