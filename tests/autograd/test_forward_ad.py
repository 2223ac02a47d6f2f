"""Dual tensors: values and tangents as torch unpacks them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import both_worlds, refusal, world


def unpacked(torch, tensor):
    primal, tangent = torch.autograd.forward_ad.unpack_dual(tensor)
    return primal.detach(), None if tangent is None else tangent.detach()


@both_worlds
def test_tangents(torch):
    ad = torch.autograd.forward_ad
    x, t = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.5])
    with ad.dual_level():
        dual = ad.make_dual(x, t)
        yield unpacked(torch, dual), unpacked(torch, dual * dual), unpacked(torch, x), unpacked(torch, dual.detach()), unpacked(torch, dual > 1)
        other = ad.make_dual(torch.tensor([3.0, 4.0]), torch.tensor([0.0, 1.0]))
        yield unpacked(torch, (dual * other).sum()), unpacked(torch, torch.stack([dual, x]))
        written = torch.zeros(2)
        written.copy_(dual)
        yield unpacked(torch, written * 2)
    yield unpacked(torch, dual)


@both_worlds
def test_a_tangent_has_a_history_where_the_primal_has_one(torch):
    ad = torch.autograd.forward_ad
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    with ad.dual_level():
        primal, tangent = ad.unpack_dual((ad.make_dual(weight, torch.tensor([1.0, 0.0])) ** 3).sum())
        yield primal.requires_grad, tangent.requires_grad, tangent.detach()
        tangent.backward()
    yield weight.grad


@both_worlds
def test_a_dual_gives_back_the_tangent_it_was_given(torch):
    ad = torch.autograd.forward_ad
    x, t = torch.ones(2, 2), torch.arange(4.0).reshape(2, 2)
    with ad.dual_level():
        dual, turned = ad.make_dual(x, t), ad.make_dual(x, t.t())
        yield ad.unpack_dual(dual).tangent is t, ad.unpack_dual(turned).tangent is t, *ad.unpack_dual(turned), ad.unpack_dual(turned).tangent.stride()
        yield ad.unpack_dual(dual * 1).tangent is t, ad.unpack_dual(dual * 2).tangent
    yield ad.unpack_dual(dual).tangent is None


@both_worlds
def test_module(torch):
    ad = torch.autograd.forward_ad
    model = torch.nn.Linear(3, 2)
    tangents = {name: torch.ones_like(each) for name, each in model.named_parameters()}
    with ad.dual_level():
        for name, each in list(model.named_parameters()):
            delattr(model, name)
            setattr(model, name, ad.make_dual(each, tangents[name]))
        yield unpacked(torch, model(torch.arange(3.0)).tanh())


@both_worlds
def test_errors(torch):
    ad = torch.autograd.forward_ad
    x, t = torch.ones(2), torch.ones(2)
    yield refusal(lambda: ad.make_dual(x, t)), refusal(ad.exit_dual_level)
    with ad.dual_level():
        dual = ad.make_dual(x, t)
        for wrong in ((x, t[:1]), (x.long(), t), (x, t.long()), (dual, t), (x, dual)):
            yield refusal(lambda: ad.make_dual(*wrong))
        yield refusal(ad.enter_dual_level)


FUNCTIONS = ["x.sin() * x", "x.exp().sum()", "(x @ x.t()).tanh()", "x.softmax(1)", "x[:, 0] / (1 + x[:, 1] ** 2)", "torch.cat([x, x.relu()])"]


@pytest.mark.parametrize("formula", FUNCTIONS)
@settings(max_examples=10)
@given(numbers=st.lists(st.floats(-2, 2, width=32), min_size=8, max_size=8))
def test_tangents_are_those_of_jvp(formula, numbers):
    torch = world("facade")
    x, t = torch.tensor(numbers, dtype=torch.float64).reshape(2, 2, 2)
    with torch.autograd.forward_ad.dual_level():
        found = unpacked(torch, eval(formula, {"torch": torch, "x": torch.autograd.forward_ad.make_dual(x, t)}))
    expected = torch.func.jvp(lambda x: eval(formula, {"torch": torch, "x": x}), (x,), (t,))
    torch.testing.assert_close(list(found), list(expected))
