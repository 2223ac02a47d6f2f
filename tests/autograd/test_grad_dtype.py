"""Tensor.grad_dtype: the dtype in which a leaf adds up its gradient."""

from tests.worlds import both_worlds, refusal


@both_worlds
def test_gradients_are_cast(torch):
    for dtype in (torch.float64, torch.float16, None):
        leaf = torch.ones(2, requires_grad=True)
        leaf.grad_dtype = dtype
        for _ in range(4):
            (leaf * 3).sum().backward()
        yield leaf.grad_dtype, leaf.grad
    leaf = torch.ones(2, requires_grad=True)
    leaf.grad_dtype = torch.float64
    yield torch.autograd.grad((leaf * 3).sum(), leaf)


@both_worlds
def test_assigned_gradients_are_checked(torch):
    leaf = torch.ones(2, requires_grad=True)
    yield leaf.grad_dtype, refusal(lambda: setattr(leaf, "grad", torch.ones(2).double()))
    leaf.grad_dtype = torch.float64
    leaf.grad = torch.ones(2).double()
    yield leaf.grad, refusal(lambda: setattr(leaf, "grad", torch.ones(2))), refusal(lambda: setattr(leaf, "grad_dtype", torch.float32))
    yield refusal(lambda: setattr(leaf, "grad_dtype", 3)), refusal(lambda: setattr(leaf * 2, "grad_dtype", None))
    yield refusal(lambda: (leaf * 2).grad_dtype)
    leaf.grad_dtype = None
    leaf.grad = torch.ones(2)
    yield leaf.grad, torch.ones(2, dtype=torch.int64).grad_dtype
