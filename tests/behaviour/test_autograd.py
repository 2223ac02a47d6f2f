"""Backward passes: what accumulates where, which graph is freed, and the sentence of every refusal."""

import pytest

from tests.worlds import both_worlds, expressions, refusal


@both_worlds
def test_accumulation_keeps_the_object(torch):
    x = torch.ones(3, requires_grad=True)
    seen = []
    for _ in range(3):
        (x * x).sum().backward()
        seen.append(x.grad)
        yield x.grad.clone()
    yield [grad is x.grad for grad in seen]
    x.grad.zero_()
    (x * 2).sum().backward()
    yield seen[0], seen[0] is x.grad
    x.grad = None
    (x * 2).sum().backward()
    yield seen[0] is x.grad


@both_worlds
def test_accumulation_with_create_graph_makes_a_new_object(torch):
    x = torch.ones(2, requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    (x**3).sum().backward(create_graph=True)
    return first is x.grad, x.grad, first


@both_worlds
def test_two_paths_and_two_losses_add_up(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    shared = x.exp()
    shared.sum().backward(retain_graph=True)
    (shared * x).sum().backward()
    return x.grad, refusal(lambda: shared.sum().backward())


@both_worlds
def test_freed_graph(torch):
    x = torch.ones(2, requires_grad=True)
    for make in (lambda: x.sum(), lambda: (x + 1).sum(), lambda: x.sin().sum(), lambda: (x * 2).sum(), lambda: x.clone().view(2, 1).sum()):
        loss = make()
        loss.backward()
        yield refusal(loss.backward)
        yield x.grad


@both_worlds
def test_half_freed_graph(torch):
    x = torch.ones(2, requires_grad=True)
    y = x.sin()
    y.sum().backward()
    yield refusal(lambda: y.cos().sum().backward()), refusal(lambda: torch.autograd.grad(y.cos().sum(), y)), refusal(lambda: y.grad_fn._saved_self)


@both_worlds
def test_gradient_broadcast_back_and_zero_sizes(torch):
    a, b, c = torch.ones(2, 1, requires_grad=True), torch.ones(3, requires_grad=True), torch.ones((), requires_grad=True)
    (a * b + c).sum().backward()
    yield a.grad, b.grad, c.grad
    empty = torch.ones(0, 3, requires_grad=True)
    (empty * 2).sum().backward()
    yield empty.grad


@both_worlds
def test_mixed_dtypes_return_to_each_leaf(torch):
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.float64, requires_grad=True)
    (a * b * torch.tensor([1, 2])).sum().backward()
    return a.grad, b.grad


@expressions("""
x.backward()
x.sum().backward(torch.ones(2))
x.sum().backward(torch.ones(1))
x.sum().backward(2.0)
(x * 2).backward()
(x * 2).backward(torch.ones(2))
(x * 2).backward(torch.ones(3, dtype=torch.float64))
(x * 2).backward(torch.ones(3), inputs=[y])
(x * 2).sum().backward(inputs=y)
x.sum().backward(inputs=[])
x.detach().sum().backward()
(x > 0).sum().backward()
x.grad_fn, x.sum().grad_fn.next_functions[0][0].variable is x
torch.autograd.backward([x.sum(), y.sum()])
torch.autograd.backward([x * 2, y * 2], [torch.ones(3), None])
torch.autograd.backward([x * 2], [torch.ones(3), torch.ones(3)])
torch.autograd.backward(x.sum(), grad_tensors=torch.tensor(2.0)), x.grad
torch.autograd.grad(x.sum(), y)
torch.autograd.grad(x.sum(), [x, y], allow_unused=True)
torch.autograd.grad(x.sum(), [x, y], materialize_grads=True)
torch.autograd.grad(x.sum(), [x, y], allow_unused=False, materialize_grads=True)
torch.autograd.grad(x * 2, x)
torch.autograd.grad(x * 2, x, torch.ones(3)), x.grad
torch.autograd.grad(x * 2, x, torch.ones(4))
torch.autograd.grad([x.sum(), (y * x).sum()], [x, y])
torch.autograd.grad(x.sum(), x.detach())
torch.autograd.grad(x.sum(), [])
torch.autograd.grad(x.sum(), x, is_grads_batched=True)
torch.autograd.grad(x * 2, x, torch.eye(3), is_grads_batched=True)
torch.autograd.grad(y.sum().detach(), y)
torch.autograd.grad((x * y).sum(), x, create_graph=True)[0].grad_fn is not None
x.requires_grad_(False).requires_grad, (x * 2).requires_grad
(x * 2).requires_grad_(False)
setattr(x * 2, "requires_grad", False)
setattr(z, "requires_grad", True), z.requires_grad
z.long().requires_grad_()
setattr(x, "requires_grad", 1)
x.add_(1)
x[0] = 1
x.view(3)[0] = 1
x[1:].mul_(2)
x.data.add_(1), x
x.detach_().requires_grad
(x * 2)[0].detach_()
x.zero_()
x.copy_(y)
x.resize_(5)
x.set_(z)
torch.add(x, 1, out=z)
z.add_(x).grad_fn, z.requires_grad, z.is_leaf
z[1:].mul_(x[1:]), z.grad_fn
x.numpy()
x.tolist(), x[0].item(), float(x[0])
np.array(x.detach()), x.detach().requires_grad, x.detach().is_leaf
setattr(x, "grad", z), x.grad is z
setattr(x, "grad", torch.ones(2))
setattr(x, "grad", torch.ones(3, dtype=torch.int64))
setattr(x, "grad", "text")
setattr(z, "grad", x)
setattr(x, "grad_fn", None)
(x * 2).grad
""")
def test_statement(torch):
    return {"x": torch.ones(3, requires_grad=True), "y": torch.ones(3, requires_grad=True), "z": torch.zeros(3)}


@both_worlds
def test_backward_inputs_reaches_only_them(torch):
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = x * w
    y.retain_grad()
    (y * w).sum().backward(inputs=[w])
    yield x.grad, w.grad, y.grad
    hidden = x * 3
    (hidden * w).sum().backward(inputs=[hidden])
    yield hidden.grad, x.grad


@both_worlds
def test_higher_derivatives(torch):
    x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
    value = (x.sin() * x.exp()).sum()
    for _ in range(4):
        value, = torch.autograd.grad(value.sum(), x, create_graph=True)
        yield value


@both_worlds
def test_gradient_of_a_gradient_reaches_grad(torch):
    x = torch.tensor(2.0, requires_grad=True)
    (x**4).backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.backward()
    return x.grad, first, first.requires_grad


@expressions("""
x + 1, 1 - x, x - x, -x, x * x, 2 / x, x / 2, x**2, 2**x, x**x, x // 2, x % 2, abs(x)
x.exp(), x.log(), x.sqrt(), x.sin(), x.tanh(), x.sigmoid(), x.relu(), x.abs(), x.clamp(0, 1), x.erf(), x.floor(), x.sign()
x.sum(), x.sum(0), x.mean(), x.mean(0), x.max(), x.max(0).values, x.amax(0), x.prod(), x.std(), x.var(0), x.norm(), x.logsumexp(0), x.cumsum(0)
x.t(), x.view(4), x.reshape(4), x.transpose(0, 1), x.permute(1, 0), x.expand(2, 2, 2), x.squeeze(), x.unsqueeze(0), x.flatten(), x.contiguous(), x.T
x[0], x[0:1], x[[0]], x[..., None], x[x > 0], x.narrow(0, 0, 1), x.select(0, 0), x.diagonal(), x.unfold(0, 1, 1), x.index_select(0, torch.tensor([0])), x.gather(0, torch.tensor([[0]])), x.take(torch.tensor([0]))
x.split(1)[0], x.chunk(2)[0], x.unbind()[0], torch.cat([x, x]), torch.stack([x, x]), x.repeat(2, 1), x.flip(0), x.roll(1), x.tril()
x @ x, x.mm(x), x.mv(x[0]), x[0].dot(x[0]), torch.bmm(x[None], x[None]), torch.addmm(x, x, x), torch.outer(x[0], x[0]), torch.einsum("ij,jk->ik", x, x), torch.matmul(x, x[0])
torch.where(x > 0, x, x), x.masked_fill(x > 0, 1.0), x.softmax(0), x.log_softmax(0), x.sort().values, x.topk(1).values, x.double(), x.clone(), torch.maximum(x, x), torch.lerp(x, x, 0.5), x.scatter(0, torch.tensor([[0]]), x)
x.clone().add_(1), x.clone().mul_(2), x.clone().zero_(), x.clone().fill_(1), x.clone().copy_(x), x.clone().relu_(), x.clone().masked_fill_(x > 0, 1)
x.detach(), x > 0, x.argmax(), x.round(), x.sign(), x.floor(), x.isnan(), x.zero_ if False else x.data
""")
def test_grad_fn(torch):
    return {"x": torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)}


@both_worlds
def test_the_graph_can_be_walked(torch):
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    node = ((x * y).exp() + y).sum().grad_fn
    yield [node.name(), node.next_functions[0][0].name(), len(node.next_functions)]
    addition = node.next_functions[0][0]
    yield [(str(type(parent).__name__), index) for parent, index in addition.next_functions]
    product = addition.next_functions[0][0].next_functions[0][0]
    yield [parent.variable is leaf for (parent, _), leaf in zip(product.next_functions, (x, y))]
    yield (x * torch.ones(2)).grad_fn.next_functions[1], x.sum().grad_fn is x.sum().grad_fn


@both_worlds
def test_same_node_at_every_read(torch):
    y = torch.ones(2, requires_grad=True) * 2
    node = y.grad_fn
    y.add_(1)
    return y.grad_fn is node, y.grad_fn.next_functions[0][0] is node, y.grad_fn is y.grad_fn


@both_worlds
def test_in_place_history_of_base_and_view(torch):
    x = torch.ones(4, requires_grad=True)
    base = x * 1
    view = base[:2]
    yield type(view.grad_fn).__name__
    base.mul_(2)
    yield type(base.grad_fn).__name__, type(view.grad_fn).__name__
    view.add_(x[2:])
    yield type(base.grad_fn).__name__, type(view.grad_fn).__name__
    (base * torch.arange(4.0)).sum().backward()
    yield x.grad


@both_worlds
def test_write_of_tracked_values_into_an_untracked_buffer(torch):
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    buffer = torch.zeros(3, 2)
    for row in range(3):
        buffer[row] = w * row
    yield buffer
    buffer.sum().backward()
    yield w.grad


@both_worlds
def test_overwriting_cuts_the_old_history(torch):
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.zero_()
    y.sum().backward()
    yield x.grad
    z = x * 2
    z[1] = 5.0
    z.copy_(torch.ones(3))
    yield z.requires_grad, z


@both_worlds
def test_two_views_from_one_call_refuse_writes(torch):
    for call in (lambda y: y.split(1), lambda y: y.chunk(2), lambda y: y.unbind(), lambda y: torch.tensor_split(y, 2)):
        y = torch.ones(2, 2, requires_grad=True) * 2
        parts = call(y)
        yield refusal(parts[0].add_, 1)
        y.add_(1)
        yield refusal(lambda: parts[1] * 2), refusal(lambda: y.sum().backward())


@both_worlds
def test_kinks(torch):
    for function in (torch.abs, torch.relu, torch.sign, torch.sqrt, lambda t: t.clamp(max=0), lambda t: torch.minimum(t, t * 0), lambda t: t.amax(0), lambda t: t.max(), lambda t: t.norm(), lambda t: t.prod(), lambda t: t**3, lambda t: torch.atan2(t, t)):
        x = torch.zeros(3, requires_grad=True)
        function(x).sum().backward()
        yield x.grad


@both_worlds
def test_anomaly_mode_names_the_function(torch):
    x = torch.tensor([-1.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        yield refusal(lambda: x.sqrt().backward())
    yield torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


FUNCTIONAL = {
    "jacobian": lambda F, f, x: F.jacobian(f, x),
    "jacobian vectorized": lambda F, f, x: F.jacobian(f, x, vectorize=True),
    "hessian": lambda F, f, x: F.hessian(lambda t: f(t).sum(), x),
    "vjp": lambda F, f, x: F.vjp(f, x, x.clone()),
    "jvp": lambda F, f, x: F.jvp(f, x, x.clone()),
    "hvp": lambda F, f, x: F.hvp(lambda t: f(t).sum(), x, x.clone()),
    "vhp": lambda F, f, x: F.vhp(lambda t: f(t).sum(), x, x.clone()),
    "strict": lambda F, f, x: F.jacobian(lambda t: t.detach(), x, strict=True),
    "hessian of a vector": lambda F, f, x: F.hessian(f, x),
    "vjp of a wrong shape": lambda F, f, x: F.vjp(f, x, x[:1]),
    "not a tensor": lambda F, f, x: F.jacobian(lambda t: 3, x),
}


@pytest.mark.parametrize("call", FUNCTIONAL.values(), ids=FUNCTIONAL)
@both_worlds
def test_functional(torch, call):
    return call(torch.autograd.functional, lambda t: t.sin() * t, torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64))


@both_worlds
def test_gradcheck(torch):
    x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
    yield torch.autograd.gradcheck(lambda t: t.exp() * t, (x,)), torch.autograd.gradgradcheck(lambda t: t**3, (x,))
    yield refusal(lambda: torch.autograd.gradcheck(lambda t: t * 2, (x.detach(),)))
    yield torch.autograd.gradcheck(lambda t: t.detach() * t, (x,), raise_exception=False)
