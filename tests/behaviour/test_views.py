"""Storage and views: who sees a write, which shapes and strides come out, which writes are refused."""

import numpy as np
import pytest

from tests.worlds import both_worlds, expressions, refusal

VIEWS = {
    "slice": lambda a: a[1:, ::2],
    "select": lambda a: a.select(1, -1),
    "narrow": lambda a: a.narrow(1, 1, 2),
    "transpose": lambda a: a.transpose(0, 1),
    "permute": lambda a: a.permute(1, 0),
    "view": lambda a: a.view(2, 6),
    "reshape": lambda a: a.reshape(-1),
    "flatten": lambda a: a.flatten(),
    "unsqueeze": lambda a: a.unsqueeze(1),
    "squeeze": lambda a: a[:1].squeeze(0),
    "diagonal": lambda a: a.diagonal(1),
    "unfold": lambda a: a.unfold(1, 2, 2),
    "as_strided": lambda a: a.as_strided((2, 2), (5, 2), 1),
    "split": lambda a: a.split([1, 2])[1],
    "tensor_split": lambda a: a.tensor_split(2, 1)[1],
    "movedim": lambda a: a.movedim(0, 1),
    "T": lambda a: a.T,
    "detach": lambda a: a.detach(),
    "data": lambda a: a.data,
    "view_as": lambda a: a.view_as(a),
    "chained": lambda a: a.t()[1:].unsqueeze(0).transpose(1, 2)[..., 0],
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@both_worlds
def test_view_shares_what_it_shows(torch, view):
    base = torch.arange(12.0).view(3, 4)
    seen = view(base)
    yield seen, seen.stride(), seen.storage_offset(), seen.is_contiguous(), seen._is_view()
    base.mul_(10)
    yield seen
    seen.add_(0.5)
    yield base, base._version, seen._version
    seen.fill_(-1)
    yield base


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@both_worlds
def test_gradient_flows_through_a_view_written_to(torch, view):
    leaf = torch.arange(12.0).view(3, 4).requires_grad_()
    base = leaf * 2
    seen = view(base)
    seen.mul_(3)
    yield refusal(lambda: type(base.grad_fn).__name__), refusal(lambda: type(seen.grad_fn).__name__)
    base.sin().sum().backward()
    yield leaf.grad


@expressions("""
a.view(5)
a.view(-1, 4)
a.view(-1, -1)
a.t().view(6)
a.reshape(4, 2)
a.reshape(-1, 0)
a.expand(2, 2)
a.expand(3)
a.expand(-1, 2, 3)
a.unsqueeze(3)
a.squeeze(2)
a.transpose(0, 2)
a.permute(0)
a.permute(0, 2)
a.narrow(1, 2, 2)
a.narrow(1, -4, 1)
a.narrow(1, 0, -1)
a.select(2, 0)
a.select(0, 2)
a.diagonal(0, 0, 0)
a.unfold(0, 3, 1)
a.unfold(1, 2, 0)
a.split(-1)
a.split([1, 3], 1)
a.chunk(2, 2)
a.unbind(2)
a.as_strided((3, 3), (3, 1))
a.as_strided((2,), (-1,))
a.movedim((0, 1), (0,))
a.flatten(1, 0)
a.unflatten(1, (2, 2))
torch.zeros(3).t().shape
torch.zeros(1, 2, 3).t()
a.swapaxes(0, 5)
""")
def test_view_refused(torch):
    return {"a": torch.arange(6.0).view(2, 3)}


@expressions("""
a.permute(2, 0, 1).stride()
a.transpose(0, 2).contiguous().stride()
(a.transpose(0, 2) + 1).stride()
a.transpose(0, 1).reshape(6, 4).stride()
a[:, 1:, ::2].stride(), a[:, 1:, ::2].storage_offset()
a.expand(5, 2, 3, 4).stride()
a.unsqueeze(1).stride(), a.unsqueeze(-1).stride()
a[None, 0].stride(), a[..., None].stride()
torch.empty_like(a.permute(2, 0, 1)).stride()
a.permute(2, 0, 1).clone().stride()
torch.zeros(0, 3).stride(), torch.zeros(3, 0, 2).stride(), torch.zeros(()).stride()
a.permute(2, 0, 1).sum(0).stride()
a.view(6, 4).t().matmul(torch.ones(6, 2)).stride()
torch.cat([a.transpose(0, 2), a.transpose(0, 2)]).stride()
a.t if False else a.mT.stride()
a.data_ptr() == a[0].data_ptr(), a.data_ptr() == a[1].data_ptr(), a[0].data_ptr() == a.detach()[0].data_ptr()
a.untyped_storage().nbytes(), a[1].untyped_storage().nbytes()
a.storage_offset(), a[1, 2].storage_offset(), a[1].clone().storage_offset()
a.is_set_to(a.view(2, 3, 4)), a.is_set_to(a[0])
a[0]._base is a, a._base, a[0][1]._base is a, a.clone()._base
""")
def test_geometry(torch):
    return {"a": torch.arange(24.0).view(2, 3, 4)}


@expressions("""
a.expand(2, 3).add_(1)
a.expand(2, 3)[0].add_(1)
a.expand(2, 3).zero_()
a.expand(2, 3).copy_(torch.ones(2, 3))
a.expand(2, 3)[:, 0] = 1
b[1:].add_(b[:-1])
b[1:].copy_(b[:-1])
b[::2].copy_(b[:2])
b.add_(b)
b.view(2, 2).add_(b.view(2, 2).t())
b.add_(torch.ones(2, 4))
b.copy_(torch.ones(2, 4))
b.copy_(torch.ones(3))
b.resize_(2).shape, b.resize_(2, 3).shape, b.stride(), b.view(-1)[:2]
b.t_(), b.unsqueeze_(0).shape, b.squeeze_().shape, b.view(2, 2).transpose_(0, 1).stride()
b.set_(torch.ones(2)), b.set_()
torch.add(a, 1, out=b).shape
torch.add(a, 1, out=a.expand(2, 3))
torch.mul(b, b, out=b)
b.swapaxes_(0, 0) is b
""")
def test_write_and_overlap(torch):
    return {"a": torch.zeros(1, 3), "b": torch.arange(4.0)}


@both_worlds
def test_two_views_of_one_base_see_each_other(torch):
    base = torch.zeros(4, 4)
    rows, columns, middle = base[1:3], base[:, 1:3], base.diagonal()
    rows += 1
    columns *= 2
    middle.sub_(5)
    base[2].zero_()
    return base, rows, columns, middle


@both_worlds
def test_a_view_outlives_its_base(torch):
    view = torch.arange(6.0).view(2, 3)[1]
    view.mul_(2)
    other = view._base
    return view, other, other._version


@both_worlds
def test_setting_data_keeps_the_handle_and_leaves_old_views(torch):
    a = torch.ones(2, requires_grad=True)
    old = a.detach()
    version = a._version
    a.data = torch.zeros(3)
    old.add_(1)
    return a, old, version, a._version, a.is_leaf


@both_worlds
def test_numpy_shares_or_refuses(torch):
    a = torch.zeros(3)
    array = a.numpy()
    yield array, array.dtype, refusal(lambda: torch.ones(2, requires_grad=True).numpy())
    yield (torch.ones(2, requires_grad=True) * 2).detach().numpy(), torch.ones(2, requires_grad=True).numpy(force=True)


@both_worlds
def test_from_numpy_copies_values_and_dtype(torch):
    for dtype in ("float32", "float64", "int64", "int32", "uint8", "bool", "complex64", "float16"):
        yield torch.from_numpy(np.array([[0, 1], [2, 3]], dtype))
    yield refusal(lambda: torch.from_numpy([1, 2])), refusal(lambda: torch.from_numpy(np.array(["a"])))
