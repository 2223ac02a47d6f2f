"""Hooks on saved tensors, saved attributes of nodes, edges, versions, anomaly detection, and the old Variable."""

import warnings

import pytest

from tests.worlds import both_worlds, expressions, refusal

SAVING = {
    "x * w": lambda torch, x, w: x * w,
    "x * 2": lambda torch, x, w: x * 2,
    "x * constant": lambda torch, x, w: x * w.detach(),
    "x / w": lambda torch, x, w: x / w,
    "x.exp()": lambda torch, x, w: x.exp(),
    "x.sin()": lambda torch, x, w: x.sin(),
    "x ** 3": lambda torch, x, w: x**3,
    "x.sum()": lambda torch, x, w: x.sum(),
    "x @ w": lambda torch, x, w: x @ w,
    "x.relu()": lambda torch, x, w: x.relu(),
    "x * x": lambda torch, x, w: x * x,
    "x.sigmoid()": lambda torch, x, w: x.sigmoid(),
    "x.softmax(0)": lambda torch, x, w: x.softmax(0),
    "mm": lambda torch, x, w: x.view(1, 2).mm(w.view(2, 1)),
    "where": lambda torch, x, w: torch.where(x > 0, x, w),
    "x / 2": lambda torch, x, w: x / 2,
    "exp_": lambda torch, x, w: (x * 1).exp_(),
    "x.log()": lambda torch, x, w: x.log(),
    "x.cumsum(0)": lambda torch, x, w: x.cumsum(0),
}


@pytest.mark.parametrize("make", SAVING.values(), ids=SAVING)
@both_worlds
def test_what_hooks_see(torch, make):
    x, w = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)

    def pack(tensor):
        print("pack", tensor, tensor is x, tensor is w, torch.is_grad_enabled())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda packed: print("unpack") or packed):
        y = make(torch, x, w)
    print("made")
    y.sum().backward()
    yield x.grad, w.grad


@pytest.mark.parametrize("make", SAVING.values(), ids=SAVING)
@both_worlds
def test_saved_attributes(torch, make):
    x, w = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    node = make(torch, x, w).grad_fn
    names = ["_saved_other", "_saved_mat2", "_saved_result", "_saved_exponent", "_saved_condition"]
    yield {name: getattr(node, name) for name in names if hasattr(node, name)}


@both_worlds
def test_saved_attributes_are_checked(torch):
    x, w = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    y = x * w
    node = y.grad_fn
    yield node._saved_self is x, node._saved_other is w, refusal(lambda: node._saved_nothing)
    y.sum().backward()
    yield refusal(lambda: node._saved_self)
    z = x.exp()
    yield z.grad_fn._saved_result is z, z.grad_fn._saved_result.grad_fn is z.grad_fn
    z.add_(1)
    yield refusal(lambda: z.grad_fn.next_functions[0][0]._saved_result)


@both_worlds
def test_hooks_on_one_saved_tensor(torch):
    x, w = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    y = x * w
    raw = y.grad_fn._raw_saved_self
    raw.register_hooks(lambda tensor: print("pack", tensor) or tensor, lambda packed: print("unpack") or packed * 10)
    yield refusal(raw.register_hooks, lambda tensor: tensor, lambda packed: packed)
    y.sum().backward()
    yield x.grad, w.grad


@both_worlds
def test_hooks_nest_and_are_refused(torch):
    graph, x = torch.autograd.graph, torch.ones(2, requires_grad=True)

    def hooks(name):
        return graph.saved_tensors_hooks(lambda t: print("pack", name) or t, lambda t: print("unpack", name) or t)

    with hooks("outer"):
        with hooks("inner"):
            y = x.sin()
        z = y.cos()
    z.sum().backward()
    with graph.disable_saved_tensors_hooks("not here"), graph.disable_saved_tensors_hooks("nor here"):
        yield refusal(hooks("none").__enter__)
    with hooks("outer"):
        yield refusal(graph.disable_saved_tensors_hooks("too late").__enter__)


@expressions("""
run(lambda t: t, lambda t: 3)
run(lambda t: t, lambda t: torch.ones(3))
run(lambda t: t, lambda t: t.double()), x.grad
run(lambda t: t.mul_(2), lambda t: t)
run(lambda t: t * 2, lambda t: t), x.grad
run(lambda t: 1 / 0, lambda t: t)
run(lambda t: t, lambda t: 1 / 0)
run(lambda t: t.numpy().copy(), torch.from_numpy), x.grad
""")
def test_hooks_that_misbehave(torch):
    x = torch.ones(2, requires_grad=True)

    def run(pack, unpack):
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = x * x
        y.sum().backward()
    return {"x": x, "run": run}


@both_worlds
def test_saved_values_outlive_writes(torch):
    graph, x = torch.autograd.graph, torch.full((2,), 3.0, requires_grad=True)
    with graph.allow_mutation_on_saved_tensors():
        y = x * 1
        z = y * y
        y.add_(100)
        z.sum().backward()
    yield x.grad
    with graph.save_on_cpu():
        y = x * 1
        loss = (y.mul_(x) * y.exp()).sum()
    loss.backward()
    yield x.grad


@both_worlds
def test_edges_and_versions(torch):
    graph, x = torch.autograd.graph, torch.ones(2, requires_grad=True)
    y = x * 2
    edge = graph.get_gradient_edge(y)
    yield edge._fields, edge.node is y.grad_fn, edge.output_nr, refusal(graph.get_gradient_edge, x.detach())
    yield torch.autograd.grad((y * y).sum(), [edge, graph.get_gradient_edge(x)], retain_graph=True)
    graph.increment_version(y)
    graph.increment_version([y, y])
    yield y._version, isinstance(y.grad_fn, graph.Node), isinstance(x, graph.Node)


@both_worlds
def test_one_hook_on_several_gradients(torch):
    register = torch.autograd.graph.register_multi_grad_hook
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    yield refusal(lambda: register((x,), print, mode="some"))
    handles = [register((x, w, x * 1), lambda grads: print("all", grads)), register((x, w), lambda grad: print("any", grad), mode="any")]
    for _ in range(2):
        (x * 2 + w).sum().backward()
    (w * 3).sum().backward()
    for handle in handles:
        handle.remove()
    (x * 2).sum().backward()


# ---------------------------------------------------------------- anomaly detection
def told(call):
    """The error of `call` and the first line of each of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = refusal(call)
    return found, [str(each.message).strip().split("\n")[0].split(" (Triggered")[0] for each in caught if "anomaly" in str(each.message).lower()
                   or "detected" in str(each.message) or "induced" in str(each.message)]


@both_worlds
def test_anomaly_is_explained(torch):
    autograd, x = torch.autograd, torch.tensor([-1.0], requires_grad=True)

    class Failing(autograd.Function):
        @staticmethod
        def forward(ctx, t):
            return t * 2

        @staticmethod
        def backward(ctx, g):
            return 1 / 0

    def under(check_nan, make):
        with autograd.detect_anomaly(check_nan):
            make().backward()

    yield told(lambda: under(True, x.sqrt))
    yield told(lambda: under(False, x.sqrt))
    yield told(lambda: under(True, lambda: Failing.apply(x)))
    made_before = x.sqrt()
    yield told(lambda: under(True, lambda: made_before))
    yield torch.is_anomaly_enabled()


@both_worlds
def test_anomaly_shows_the_line(torch):
    x = torch.tensor([-1.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with torch.autograd.set_detect_anomaly(True):
            this_line = x.sqrt()
            yield refusal(this_line.backward)
    yield any("this_line = x.sqrt()" in str(each.message) for each in caught)


@both_worlds
def test_switch_of_anomaly_detection(torch):
    def state():
        return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()

    yield state()
    switch = torch.autograd.set_detect_anomaly(True, check_nan=False)
    yield state()
    with switch:
        yield state()
    yield state(), refusal(torch.autograd.set_detect_anomaly, 3)


# ---------------------------------------------------------------- Variable
@expressions("""
V(t), V(t) is t
V(t, True), V(t, requires_grad=True).is_leaf
V(t, volatile=True)
(V(t).add_(1), t)
V(3)
V([1, 2])
V(), V(None)
V(x * 2)
V(torch.ones(2, dtype=torch.int64), requires_grad=True)
isinstance(t, V), isinstance(3, V)
""")
def test_variable(torch):
    return {"V": torch.autograd.Variable, "t": torch.ones(2), "x": torch.ones(2, requires_grad=True)}


# ---------------------------------------------------------------- batched gradients
@both_worlds
def test_batched_gradients(torch):
    grad = torch.autograd.grad
    x, w = torch.tensor([0.5, 1.0], requires_grad=True), torch.tensor([2.0, 3.0], requires_grad=True)
    y = (x * w).sin() + x.exp().sum()
    units = torch.eye(2)
    yield grad(y, (x, w), units, retain_graph=True, is_grads_batched=True)
    yield grad((y, x * 3), (x,), (units, 2 * units), retain_graph=True, is_grads_batched=True)
    found, = grad(y, x, units, create_graph=True, is_grads_batched=True)
    yield grad(found.sum(), (x, w))
    y = (x * 2).sin()
    yield grad(y, (x, w), units, retain_graph=True, allow_unused=True, is_grads_batched=True)
    yield refusal(lambda: grad(y, (x, w), units, retain_graph=True, is_grads_batched=True))
    y.register_hook(lambda g: g * 2)
    yield grad(y, x, units, is_grads_batched=True)
    yield refusal(lambda: grad(y, x, units, is_grads_batched=True)), refusal(lambda: grad(x.sum(), x, is_grads_batched=True))
