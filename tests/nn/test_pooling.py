"""Pooling by windows of random places, and norms of windows that hang over the end."""

from tests.worlds import both_worlds, expressions, refusal


@expressions("""
F.fractional_max_pool2d(x, 2, output_size=(3, 4), return_indices=True)
F.fractional_max_pool2d(x, (3, 2), output_ratio=(0.6, 0.4)), F.fractional_max_pool2d(x.double(), 3, 1), torch.rand(2)
F.fractional_max_pool2d(x.bfloat16(), 2, 3), F.fractional_max_pool2d(x[0], 2, 3), F.fractional_max_pool2d(x[:0], 2, 3)
F.fractional_max_pool3d(v, 2, output_size=(2, 3, 4), return_indices=True)
F.fractional_max_pool3d(v[0], (1, 2, 3), output_ratio=(0.5, 0.5, 0.6)), F.fractional_max_pool3d_with_indices(v, 2, 2)
F.fractional_max_pool2d(torch.tensor([[[1.0, nan, 2, nan], [3, 3, 1, 1]]]), 2, (1, 2), return_indices=True, _random_samples=torch.ones(1, 1, 2) / 3)
F.fractional_max_pool2d(x, 2)
F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.5, 0.5))
F.fractional_max_pool2d(x, 2, output_size=(3, 9))
F.fractional_max_pool3d(v, 2, output_size=(3, 3, 3))
F.fractional_max_pool3d(v, (2, 3), output_size=2)
F.fractional_max_pool2d(x.long(), 2, 3)
F.fractional_max_pool2d(x[None], 2, 3)
F.fractional_max_pool2d(x[:, :0], 2, 3)
F.fractional_max_pool2d(x, 2, 3, _random_samples=torch.rand(1, 2, 2))
F.fractional_max_pool2d(x, 2, 3, _random_samples=torch.rand(2, 2, 2).double())
nn.FractionalMaxPool2d((2, 3), output_ratio=(0.5, 0.4), return_indices=True)(x), nn.FractionalMaxPool3d(2, output_ratio=0.5)(v)
nn.FractionalMaxPool2d(2, 3, _random_samples=torch.ones(2, 2, 2) / 3).state_dict()
nn.FractionalMaxPool2d(2)
nn.FractionalMaxPool3d(2, 3, 0.5)
nn.FractionalMaxPool3d(2, output_ratio=1.5)
nn.FractionalMaxPool3d(0, 2)
F.lp_pool2d(x, 2, 3, ceil_mode=True), F.lp_pool2d(x, 1.0, (3, 2), 2, ceil_mode=True), F.lp_pool1d(x[0], 3, 3, ceil_mode=True)
F.lp_pool3d(v, 2, 2, ceil_mode=True), F.lp_pool2d(x, 2, 3)
""")
def test_values(torch):
    return {"F": torch.nn.functional, "nn": torch.nn, "nan": float("nan"), "x": torch.randn(2, 2, 7, 8), "v": torch.randn(2, 2, 4, 5, 6)}


@both_worlds
def test_gradients_go_to_the_chosen_elements(torch):
    F = torch.nn.functional
    for leaf, pool in ((torch.randn(2, 2, 7, 8), F.fractional_max_pool2d), (torch.randn(1, 2, 4, 5, 6), F.fractional_max_pool3d)):
        result = pool(leaf.requires_grad_(), 2, 2)
        (result * torch.linspace(1, 2, result.numel()).view(result.shape)).sum().backward()
        yield result.grad_fn, leaf.grad
    leaf = torch.rand(1, 2, 5, 7, requires_grad=True)
    F.lp_pool2d(leaf, 3, 2, ceil_mode=True).sum().backward()
    yield leaf.grad, refusal(F.fractional_max_pool2d, leaf, 2, output_ratio=0.5)
