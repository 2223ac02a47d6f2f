"""Why a gradient is None, where a nan comes from, what was compiled: in words."""

import pytest

import facade as torch
from facade.core.engine.compiles import Compiled
from facade.workbench.compiling import Compiles


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


# ---------------------------------------------------------------- mistakes of users
X, Y = torch.ones(4, 2), torch.ones(4, 1)
mse_loss = torch.nn.functional.mse_loss


def detached_in_the_middle():
    encoder, decoder = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
    with torch.explaining():
        loss = mse_loss(decoder(encoder(X).detach()), Y)
    loss.backward()
    return torch.explain(encoder.weight, loss)


def forward_under_no_grad():
    model = torch.nn.Linear(2, 1)
    with torch.explaining(), torch.no_grad():
        loss = mse_loss(model(X), Y)
    loss.item()
    return torch.explain(model.weight, loss)


def accuracy_as_the_loss():
    model = torch.nn.Linear(2, 3)
    loss = (model(X).argmax(1) == 1).float().mean()
    return torch.explain(loss)


def after_the_step():
    model, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.explaining():
        loss = mse_loss(model(X) + other(X).detach(), Y)
        loss.backward()
        optimizer.step()
        loss.item()
    return torch.explain(other.weight, loss)


def optimizer_with_other_parameters():
    model, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    mse_loss(model(X), Y).backward()
    optimizer.step()
    return torch.explain(model.weight)


def leaf_made_in_the_loop():
    w = torch.zeros(2, 1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    w = torch.zeros(2, 1, requires_grad=True)
    mse_loss(X @ w, Y).backward()
    optimizer.step()
    return torch.explain(w)


def assigned_anew():
    w = torch.ones(2, 1, requires_grad=True)
    mse_loss(X @ w, Y).backward()
    w = w - 0.1 * w.grad
    return torch.explain(w)


def through_a_number():
    w = torch.ones(2, 1, requires_grad=True)
    loss = torch.tensor((X @ w).sum().item(), requires_grad=True)
    loss.backward()
    return torch.explain(w, loss)


def frozen():
    model = torch.nn.Sequential(torch.nn.Linear(2, 1)).requires_grad_(False)
    return torch.explain(model[0].bias)


def no_parameter():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.ones(1)
    model = Model()
    return torch.explain(model.scale)


def module_that_is_not_called():
    used, unused = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    loss = mse_loss(used(X), Y)
    return torch.explain(unused.weight, loss)


@pytest.mark.parametrize("mistake, said", [
    (detached_in_the_middle, "'linear' is not in the loss's graph: it was recorded under no_grad(), or its result went on through detach() or .data into 'linear' at"),
    (forward_under_no_grad, "computed from 'model.weight', which does. On the way: 'linear', 'mse_loss'; the way is cut under no_grad()"),
    (accuracy_as_the_loss, "the way is cut at 'argmax' gives int64, through which no gradient flows"),
    (after_the_step, "The loss is computed from it by 'linear', 'add', 'mse_loss'; 'linear' is not in the loss's graph"),
    (optimizer_with_other_parameters, "No optimizer will change it: optimizer was given 2 other tensors."),
    (leaf_made_in_the_loop, "No optimizer will change it: optimizer was given 1 other tensor."),
    (assigned_anew, "w was assigned anew, as in w = w - lr * w.grad."), (through_a_number, "the loss is a leaf itself: it was made anew of numbers"),
    (frozen, "model.0.bias is a parameter that is frozen"), (no_parameter, "write self.scale = nn.Parameter(...)"),
    (module_that_is_not_called, "the module that holds it was not called")])
def test_a_mistake_is_told_with_its_cause(mistake, said):
    assert said in str(mistake())


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


def log_of_zero(w):
    p = (w * 1000 - 1e6).sigmoid()
    return -(p * p.log()).sum()


def distance_of_equals(w):
    ((w - w).pow(2).sum().sqrt() + w.sum()).backward()
    return w.grad


def mask_of_all(w):
    return w.masked_fill(torch.ones(3, dtype=torch.bool), float("-inf")).softmax(0)


def exploding(w):
    x = w.detach() + 1
    for _ in range(10):
        x = x * x * 10
    return x - x


def standardized_constant(w):
    data = torch.ones(4, 2)
    return (data - data.mean(0)) / data.std(0)


def exp_by_hand(w):
    scores = (w + 1000).exp()
    return scores / scores.sum()


def nan_in_the_data(w):
    return (w * UNKNOWN).sum()


def every_target_ignored(w):
    return torch.nn.functional.cross_entropy(w.expand(2, 3), torch.full((2,), -100))


def root_of_a_negative(w):
    return ((w - 1) ** 0.5).sum()


def no_epsilon(w):
    optimizer = torch.optim.Adam([w], eps=0.0)
    (w * 0).sum().backward()
    optimizer.step()
    return w


UNKNOWN = torch.tensor([1.0, float("nan"), 2.0])


@pytest.mark.parametrize("step, operator, line, cause", [
    (log_of_zero, "mul", "return -(p * p.log()).sum()", "The first inf was made by 'log'"), (log_of_zero, "mul", "p.log()", "log(0) is -inf"),
    (distance_of_equals, "pow_backward", "(w - w).pow(2).sum().sqrt()", "The derivative of the root of 0 is inf"),
    (mask_of_all, "softmax", "masked_fill(torch.ones(3", "A row that is all -inf has no softmax"),
    (exploding, "sub", "x = x * x * 10", "The numbers have outgrown their format"), (standardized_constant, "div", "data.std(0)", "0 is divided by 0"),
    (exp_by_hand, "div", "scores = (w + 1000).exp()", "exp leaves float32 above 88.7"),
    (nan_in_the_data, "mul", "(w * UNKNOWN)", "UNKNOWN: float32[3] from nan to nan. The nan was among its inputs"),
    (every_target_ignored, "nll_loss", "cross_entropy(", "No target counts"), (root_of_a_negative, "pow", "** 0.5", "A negative number has no root"),
    (no_epsilon, "step", "optimizer.step()", "keep the optimizer's eps above 0")])
def test_a_nan_is_told_with_its_line_and_cause(w, step, operator, line, cause):
    found = torch.find_nan(step, w)
    assert found.operator == operator and line in str(found) and cause in str(found), str(found)
    assert w.tolist() == [0, 0, 0]


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


# ---------------------------------------------------------------- gradients count as results
def test_an_infinite_gradient_is_found(w):
    def step():
        w.sqrt().sum().backward()
    found = torch.find_nan(step)
    assert (found.operator, found.kind) == ("sqrt_backward", "inf") and w.grad is None
