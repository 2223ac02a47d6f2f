"""The version of a storage: what raises it, and which derivatives it then forbids."""

import pytest

from tests.worlds import both_worlds, expressions, refusal


@expressions("""
a.add_(1)._version
a[0]._version, a[0].fill_(1)._version, a._version
a.detach().zero_()._version, a._version
a.data.zero_()._version, a._version
a.clone()._version
a.numpy().fill(3), a._version
a.requires_grad_()._version
a.copy_(a)._version, a.zero_()._version, a.uniform_()._version
a.__setitem__(0, 1), a._version
a.__iadd__(1)._version
torch.add(a, 1, out=a)._version
a.index_fill_(0, torch.tensor([0]), 1)._version, a.masked_fill_(a > 5, 1)._version, a.index_add_(0, torch.tensor([0]), torch.ones(1))._version
a.clamp_(0, 1)._version, a.relu_()._version, a.sigmoid_()._version, a.t_()._version
a.set_(torch.ones(2))._version
a.resize_(5)._version
""")
def test_version(torch):
    return {"a": torch.zeros(3)}


SAVING = {
    "exp": lambda torch, x, w: (lambda y: (y, y))(x.exp()),
    "tanh": lambda torch, x, w: (lambda y: (y, y))(x.tanh()),
    "sqrt": lambda torch, x, w: (lambda y: (y, y))(x.sqrt()),
    "softmax": lambda torch, x, w: (lambda y: (y, y))(x.softmax(0)),
    "relu": lambda torch, x, w: (lambda y: (y, y))(x.relu()),
    "reciprocal": lambda torch, x, w: (lambda y: (y, y))(x.reciprocal()),
    "sin of a copy": lambda torch, x, w: (lambda c: (c.sin(), c))(x.clone()),
    "square": lambda torch, x, w: (lambda c: (c * c, c))(x.clone()),
    "pow": lambda torch, x, w: (lambda c: (c**3, c))(x.clone()),
    "log": lambda torch, x, w: (lambda c: (c.log(), c))(x.clone()),
    "div by": lambda torch, x, w: (x / w, w),
    "mul by": lambda torch, x, w: (x * w, w),
    "matmul": lambda torch, x, w: (x @ w, w),
    "where": lambda torch, x, w: (lambda m: (torch.where(m, x, w), m))(w > 0),
    "prod": lambda torch, x, w: (lambda c: (c.prod(), c))(x.clone()),
    "index": lambda torch, x, w: (lambda i: (x[i], i))(torch.tensor([0, 1])),
    "gather": lambda torch, x, w: (lambda i: (x.gather(0, i), i))(torch.tensor([0, 1])),
}
HARMLESS = {
    "add": lambda torch, x, w: (x + w, w),
    "neg": lambda torch, x, w: (lambda c: (-c, c))(x.clone()),
    "sum": lambda torch, x, w: (lambda c: (c.sum(), c))(x.clone()),
    "mean": lambda torch, x, w: (lambda c: (c.mean(), c))(x.clone()),
    "mul of the one without gradient": lambda torch, x, w: (lambda c: (c * w, c))(x.clone()),
    "clone": lambda torch, x, w: (lambda c: (c.clone(), c))(x.clone()),
    "view": lambda torch, x, w: (lambda c: (c.view(3, 1), c))(x.clone()),
    "cat": lambda torch, x, w: (torch.cat([x, w]), w),
}


@pytest.mark.parametrize("make", (SAVING | HARMLESS).values(), ids=SAVING | HARMLESS)
@both_worlds
def test_write_after_use(torch, make):
    x = torch.tensor([0.5, 1.5, 2.5], requires_grad=True)
    y, written = make(torch, x, torch.ones(3))
    with torch.no_grad():
        written.zero_()
    yield refusal(lambda: y.sum().backward())
    yield x.grad


@both_worlds
def test_a_write_through_a_view_or_detached_handle_counts(torch):
    for handle in (lambda y: y[1:], lambda y: y.detach(), lambda y: y.view(3, 1)):
        x = torch.ones(3, requires_grad=True)
        y = x.exp()
        loss = y.sum()
        with torch.no_grad():
            handle(y).add_(1)
        yield refusal(loss.backward)


@both_worlds
def test_a_write_through_data_does_not_count(torch):
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    y.data.zero_()
    y.sum().backward()
    return x.grad


@both_worlds
def test_a_leaf_updated_between_forward_and_backward(torch):
    w = torch.ones(2, requires_grad=True)
    loss = (w * w).sum()
    with torch.no_grad():
        w -= 0.1
    yield refusal(loss.backward)
    yield w, w.grad


@both_worlds
def test_indices_that_are_saved_have_no_node_to_name(torch):
    values, indices = (torch.ones(2, 3, requires_grad=True) * 1).max(1)
    indices.zero_()
    yield refusal(values.sum().backward)
