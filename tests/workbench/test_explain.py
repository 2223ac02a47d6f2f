"""Why a gradient is None, where a nan comes from, what was compiled: in words."""

import pytest

import facade as torch
from facade.core.engine.compiles import Compiled
from facade.workbench.explain import Compiles


@pytest.fixture
def w():
    return torch.zeros(3, requires_grad=True)


def answer(*arguments):
    return str(torch.explain(*arguments))


def test_a_leaf_whose_gradient_is_none(w):
    assert "w requires grad and is a leaf, but no tracked operation has used it" in answer(w)
    loss = (w * 2).sum()
    assert "has not been walked" in answer(w) and "backward() has not been called on the loss yet" in answer(w, loss)
    loss.backward()
    assert answer(w).startswith("w.grad is there, a torch.float32 of shape [3]")
    assert answer(w, loss).endswith("which leads to it: .grad is there.")
    w.grad = None
    assert "backward() has been called on the loss, which leads to it; .grad was set to None since" in answer(w, loss)
    del loss
    assert "the graph that used it is gone" in answer(w)


def test_tensors_that_are_no_leaves(w):
    product = w * 2
    assert "product is not a leaf: it was made by MulBackward0" in answer(product) and "call retain_grad()" in answer(product)
    assert "The leaves behind it: w." in answer(product)
    scaled = torch.zeros(2, requires_grad=True) * 0.1
    assert "requires_grad=True stands on a temporary" in answer(scaled)


def test_tensors_without_history(w):
    labels, data = torch.tensor([1]), torch.ones(2)
    assert "only floating point and complex tensors have gradients" in answer(labels)
    assert "it is data" in answer(data)
    cut = w.detach()
    assert "shares its memory with w" in answer(cut)
    with torch.no_grad():
        untracked = w * 2 + 1
        seen = w[:2]
    assert "computed from 'w', which does. On the way: 'mul', 'add'" in answer(untracked)
    assert "a view that was made while tracking was off" in answer(seen)
    place = (w * 2).argmax()
    assert "made by 'argmax' from 'w'" in answer(place)
    with torch.inference_mode():
        inferred = torch.ones(2)
    assert "inference_mode" in answer(inferred)


def test_a_loss_that_does_not_lead_to_a_leaf(w):
    other = torch.ones(3, requires_grad=True)
    detached = (((w * 2).detach() + 1) * other).sum()
    assert "'add' is not in the loss's graph" in answer(w, detached) and "into 'mul'" in answer(w, detached)
    assert "took it through detach() or .data" in answer(w, (w.detach() * other).sum())
    rounded = ((w * 2).long().float() * other).sum()
    assert "'to' gives int64, through which no gradient flows" in answer(w, rounded)
    assert "the loss was not computed from it" in answer(w, (other * 2).sum())
    assert "does not require grad itself" in answer(w, torch.ones(1).sum())


def test_lines_are_known_within_explaining(w):
    with torch.explaining():
        product = w * 3
    assert "test_explain.py" in answer(product) and "product = w * 3" in answer(product)
    assert "facade.explaining()" in answer(w * 3)
    assert not torch.is_anomaly_enabled()


# ---------------------------------------------------------------- nan
def test_the_first_nan_of_a_step_is_found(w):
    def step(x):
        ratio = (x - x) / (x - x)
        loss = (ratio * w).sum()
        loss.backward()
        return loss
    found = torch.find_nan(step, torch.ones(3))
    assert (found.operator, found.kind) == ("div", "nan")
    assert "ratio = (x - x) / (x - x)" in str(found) and w.grad is None


def test_a_nan_of_a_derivative_names_the_forward_line():
    def step(x):
        (x.sqrt() * 0).sum().backward()
        return x.grad
    found = torch.find_nan(step, torch.zeros(2, requires_grad=True))
    assert found.operator == "sqrt_backward" and "as the derivative of SqrtBackward0 at" in str(found) and "(x.sqrt() * 0)" in str(found)


def test_a_mask_is_no_nan():
    def masked(x):
        return x.masked_fill(x > 1, float("-inf")).softmax(0)
    assert torch.find_nan(masked, torch.tensor([0.0, 1.0, 2.0])).operator is None
    assert torch.find_nan(lambda x: x.exp(), torch.tensor([1000.0])).kind == "inf"


def test_a_pending_tensor_is_looked_at_without_being_computed():
    quotient = (torch.zeros(2) / 0).sum()
    assert torch.find_nan(quotient).operator == "div"
    assert quotient._value.array is None
    quotient.item()
    with pytest.raises(ValueError, match="computed already"):
        torch.find_nan(quotient)


# ---------------------------------------------------------------- compiles
def made(where, reason):
    entry = Compiled(where, None, 5)
    entry.reason, entry.seconds = reason, 0.5
    return entry


def test_compiles_are_a_table():
    shown = Compiles([made("a.py:3", ""), made("a.py:3", "an input had <another> shape"), made("b.py:1", "")])
    assert repr(shown).splitlines() == ["3 programs compiled in 1.50 s", " seconds programs operations  where",
                                        "    1.00        2          5  a.py:3", " " * 30 + "again: an input had <another> shape",
                                        "    0.50        1          5  b.py:1"]
    assert "&lt;another&gt;" in shown._repr_html_()
    assert repr(Compiles([])).startswith("nothing was compiled") and "nothing" in Compiles([])._repr_html_()
    assert repr(torch.explain_compiles())
