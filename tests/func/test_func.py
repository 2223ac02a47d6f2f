"""torch.func in both worlds: derivatives, batches, their nesting, and refusals."""

import facade as torch
from tests.worlds import both_worlds, expressions, refusal


def data(torch):
    return torch.arange(12.0).reshape(4, 3) / 7


def names(torch):
    """What the expressions below may use."""
    F = torch.func
    rows = data(torch)
    return {"grad": F.grad, "grad_and_value": F.grad_and_value, "vjp": F.vjp, "jvp": F.jvp, "jacrev": F.jacrev, "jacfwd": F.jacfwd,
            "hessian": F.hessian, "vmap": F.vmap, "linearize": F.linearize, "x": rows[0] + 1, "rows": rows, "number": torch.tensor(2.0),
            "cube": lambda x: (x**3).sum(), "square": lambda x: x**2, "both": lambda x: (x**2, x.sum()), "refusal": refusal}


@expressions("""
    grad(cube)(x)
    grad(grad(lambda t: t**3))(number)
    grad(lambda a, b: cube(a * b), argnums=(0, 1))(x, x + 1)
    grad(lambda a, b: cube(a * b), argnums=-1)(x, x + 1)
    grad(lambda d: cube(d["a"]) + d["b"].sum())({"a": x, "b": x})
    grad(lambda x: (cube(x), x * 2), has_aux=True)(x)
    grad_and_value(lambda x: (cube(x), x * 2), has_aux=True)(x)
    grad(lambda x: (x.detach() * x).sum())(x)
    grad(lambda x: x.sum().item() * x.sum())(x)
    grad(lambda x, k=2: (x**k).sum())(x, k=3)
    vjp(square, x)[1](x)
    vjp(lambda a, b: {"product": a * b}, x, x + 1)[1]({"product": x})
    jvp(square, (x,), (x,))
    jvp(both, (x,), (x,), has_aux=True)
    linearize(square, x)[1](x + 1)
    jacrev(square)(x)
    jacfwd(both)(x)
    jacrev(cube)(x)
    jacrev(both, has_aux=True)(x)
    hessian(cube)(x)
    hessian(lambda a, b: (a**2 * b).sum(), argnums=(0, 1))(x, x + 1)
    jacrev(jacrev(cube))(x)
    grad(lambda x: jvp(cube, (x,), (x,))[1])(x)
""")
def test_derivatives(torch):
    """Derivatives of functions of tensors."""
    return names(torch)


@expressions("""
    vmap(cube)(rows)
    vmap(cube, in_dims=1)(rows)
    vmap(square, out_dims=1)(rows)
    vmap(lambda a, b: a @ b, in_dims=(0, None))(rows, x)
    vmap(lambda d, k: d["a"] * k, in_dims=({"a": 1}, None))({"a": rows}, 3)
    vmap(both, out_dims=(1, 0))(rows)
    vmap(lambda x: x.max(0))(rows)
    vmap(lambda x: x.sort().values)(rows)
    vmap(vmap(lambda a, b: a @ b, in_dims=(None, 0)), in_dims=(0, None))(rows, rows)
    vmap(grad(cube))(rows)
    vmap(hessian(cube))(rows)
    vmap(jacfwd(square))(rows)
    vmap(lambda x, t: jvp(square, (x,), (t,))[1])(rows, rows)
    grad(lambda w: vmap(lambda x: (w * x).sum())(rows).sum())(number)
    grad(grad(lambda w: vmap(lambda x: (w**3 * x).sum())(rows).sum()))(number)
    jacrev(vmap(cube))(rows)
    hessian(lambda rows: vmap(cube)(rows).sum())(rows[:2])
    vmap(lambda x: x * 0 + number, out_dims=0)(rows)
""")
def test_batches(torch):
    """Functions of samples as functions of batches, in and around derivatives."""
    return names(torch)


@expressions("""
    refusal(grad(square), x)
    refusal(grad(cube), x.long())
    refusal(grad(cube), 3.0)
    refusal(grad(both), x)
    refusal(grad(cube, argnums=1), x)
    refusal(grad(cube, argnums=(0, 0)), x)
    refusal(grad(cube, has_aux=True), x)
    refusal(vjp(square, x)[1], x[:2])
    refusal(vjp(square, x)[1], (x, x))
    refusal(vjp, lambda x: 3.0, x)
    refusal(jvp, square, x, x)
    refusal(jvp, square, (x,), (x[:2],))
    refusal(jvp, square, (x,), (x, x))
    refusal(lambda: jvp(lambda x: number, (x,), (x,), strict=True))
    refusal(linearize(square, x)[1], x[:2])
    refusal(lambda: jacrev(square, chunk_size=0))
    refusal(vmap(cube), number)
    refusal(vmap(lambda a, b: a * b), rows, x)
    refusal(vmap(cube, in_dims=None), rows)
    refusal(vmap(cube, in_dims=(0, 0)), rows)
    refusal(vmap(cube, in_dims=2), rows)
    refusal(vmap(cube))
    refusal(vmap(lambda x: 3.0), rows)
    refusal(vmap(lambda x: x.sum().item()), rows)
    refusal(vmap(lambda x: x if x.sum() > 0 else -x), rows)
    refusal(vmap(square, out_dims=None), rows)
    refusal(vmap(square, out_dims=(0, 0)), rows)
    refusal(vmap(cube, randomness="bad"), rows)
""")
def test_refusals(torch):
    """What cannot be, in torch's words."""
    return names(torch)


@both_worlds
def test_a_history_leads_out_only_where_there_is_one(torch):
    w = torch.tensor(2.0, requires_grad=True)
    x = data(torch)[1]
    plain, closed = torch.func.grad(lambda x: (x**2).sum())(x), torch.func.grad(lambda x: (w * x).sum())(x)
    yield plain.requires_grad, closed.requires_grad
    closed.sum().backward()
    yield w.grad
    with torch.no_grad():
        yield torch.func.grad(lambda x: (w * x).sum())(x).requires_grad
    value = torch.func.grad_and_value(lambda x: (w * x).sum())(x)[1]
    value.backward()
    yield w.grad


@both_worlds
def test_gradients_flow_through_a_batch_and_twice(torch):
    rows, w = data(torch).requires_grad_(), torch.tensor([1.0, 2.0, -1.0], requires_grad=True)
    result = torch.vmap(lambda x: (x * w).sin().sum())(rows)
    gradients = torch.autograd.grad(result.pow(2).sum(), (rows, w), create_graph=True)
    yield result.detach(), [each.detach() for each in gradients]
    yield torch.autograd.grad(gradients[0].sum() + gradients[1].pow(2).sum(), (rows, w))


@both_worlds
def test_writes_stay_inside(torch):
    def written(x):
        x = x.clone()
        x[0] = 5
        x.mul_(2)
        return (x * x).sum()
    x = torch.ones(3)
    return torch.func.grad(written)(x), x


@both_worlds
def test_gradients_of_each_sample(torch):
    def loss(parameters, x, target):
        logits = (x @ parameters["weight"] + parameters["bias"])[None]
        return torch.nn.functional.cross_entropy(logits.tanh(), target[None])
    parameters = {"weight": torch.arange(6.0).view(3, 2) / 5, "bias": torch.ones(2)}
    return torch.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(parameters, data(torch), torch.tensor([0, 1, 0, 1]))


@both_worlds
def test_randomness(torch):
    def noisy(x):
        return x + torch.rand(3)
    yield refusal(torch.vmap(noisy), data(torch))
    torch.manual_seed(0)
    yield torch.vmap(noisy, randomness="same")(data(torch)), torch.vmap(noisy, randomness="different")(data(torch))


@both_worlds
def test_jacobians_of_many_by_few(torch):
    """As large as columns are cheaper than rows: both ways, in a batch, nested, and with a history that leads out."""
    F, x, w = torch.func, data(torch)[1], torch.linspace(-1, 1, 1200).reshape(400, 3).requires_grad_()
    many = lambda x, y: ((w @ (x * y)).sin().outer(x), x.detach().repeat(400))      # noqa: E731
    for argnums in (0, (0, 1)):
        both = F.jacfwd(many, argnums)(x, x + 1), F.jacrev(many, argnums)(x, x + 1)
        pairs = list(zip(*map(lambda tree: torch.utils._pytree.tree_flatten(tree)[0], both)))
        yield len(pairs), [torch.allclose(one, other, atol=1e-6) for one, other in pairs], [one.shape for one, _ in pairs]
    single = lambda x: many(x, x)[0]        # noqa: E731
    batch = F.vmap(F.jacfwd(single))(torch.stack([x, x + 1]))
    yield batch.shape, batch.abs().mean((1, 2, 3))
    second = F.jacfwd(F.jacfwd(single))(x)
    yield second.shape, second.abs().mean(), F.hessian(single)(x).abs().mean()
    batch.square().sum().backward()
    yield w.grad.abs().sum()


class Scaled:
    """The least that functional_call asks of a module."""

    training = True

    def __init__(self, scale):
        self._parameters = {"scale": scale}

    def named_parameters(self, remove_duplicate=True):
        return self._parameters.items()

    def __call__(self, x, power=1):
        return self._parameters["scale"] * x**power


def test_functional_call():
    module = Scaled(torch.tensor(3.0))
    assert torch.func.functional_call(module, {"scale": torch.tensor(5.0)}, torch.tensor(2.0), {"power": 2}).item() == 20
    assert module(torch.tensor(1.0)).item() == 3
    slope = torch.func.grad(lambda scale: torch.func.functional_call(module, {"scale": scale}, (torch.tensor(2.0),)))(torch.tensor(1.0))
    assert slope.item() == 2
    sentence = str(refusal(lambda: torch.func.functional_call(module, {"other": slope}, (slope,), strict=True)))
    assert sentence == "Error(s) in reparametrizing for Scaled:\n\tUnexpected key(s): 'other'.\n\tMissing key(s): 'scale'."
