"""Parametrized tensors: what they are computed from, what can be assigned and removed; norms and orthogonal weights, new and old."""

import copy
import pickle

import pytest

from tests.worlds import both_worlds, expressions, refusal


def _kinds(torch):
    nn = torch.nn

    class Symmetric(nn.Module):
        def forward(self, X):
            return X.triu() + X.triu(1).transpose(-1, -2)

    class Exp(nn.Module):
        def forward(self, X):
            return X.exp()

        def right_inverse(self, X):
            return X.log()

    class Outer(nn.Module):
        def forward(self, x, y):
            return x @ y

        def right_inverse(self, X):
            return X[:, :1].clone(), X[:1].clone()

    class By(nn.Module):
        def __init__(self, forward=lambda X: X, inverse=None):
            super().__init__()
            self.by = forward
            if inverse is not None:
                self.right_inverse = inverse

        def forward(self, *tensors):
            return self.by(*tensors)

    return Symmetric, Exp, Outer, By


@both_worlds
def test_life_of_a_parametrization(torch):
    Symmetric, Exp, Outer, _ = _kinds(torch)
    P = torch.nn.utils.parametrize
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 3, dtype=torch.float64)
    P.register_parametrization(module, "weight", Symmetric())
    yield str(module), module.weight, list(module.state_dict()), type(module).__name__, P.type_before_parametrizations(module).__name__
    yield P.is_parametrized(module), P.is_parametrized(module, "weight"), P.is_parametrized(module, "bias")
    module(torch.ones(1, 3, dtype=torch.float64)).sum().backward()
    yield module.parametrizations.weight.original.grad, refusal(setattr, module, "weight", torch.ones(3, 3))
    P.register_parametrization(module, "weight", Exp())
    P.register_parametrization(module, "bias", Exp())
    twin = copy.deepcopy(module)
    yield str(module), module.weight, module.bias, (twin.weight == module.weight).all(), type(twin) is type(module), refusal(pickle.dumps, module)
    with P.cached():
        first = module.weight
        yield module.weight is first
    yield module.weight is module.weight
    P.remove_parametrizations(module, "weight")
    P.remove_parametrizations(module, "bias", leave_parametrized=False)
    yield str(module), module.weight, module.bias, type(module).__name__, hasattr(module, "parametrizations"), type(module.weight).__name__
    yield refusal(P.remove_parametrizations, module, "bias"), refusal(P.register_parametrization, module, "x", Symmetric())


@both_worlds
def test_several_originals_and_buffers(torch):
    _, Exp, Outer, _ = _kinds(torch)
    P = torch.nn.utils.parametrize
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 2)
    P.register_parametrization(module, "weight", Outer())
    yield str(module), list(module.state_dict()), [each.requires_grad for each in module.parameters()]
    module.weight = torch.ones(2, 3)
    yield module.weight, refusal(P.remove_parametrizations, module, "weight", False), refusal(setattr, module, "weight", torch.ones(2, 3).double())
    P.remove_parametrizations(module, "weight")
    yield module.weight, str(module)
    module.register_buffer("held", torch.ones(2))
    P.register_parametrization(module, "held", Exp())
    module.held = torch.full((2,), 2.0)
    yield module.held, list(module.buffers()), module.state_dict(), module.double().held.dtype
    target = torch.nn.Linear(3, 2)
    target.register_buffer("held", torch.ones(2))
    P.transfer_parametrizations_and_params(module, target)
    yield str(target), target.held


@expressions("""
register(By(lambda X: X[:1]))
register(By(lambda X: X[:1]), unsafe=True).weight.shape
register(By(lambda X: X.double()))
register(By(lambda X: 3))
register(By(inverse=lambda X: 3))
register(By(inverse=lambda X: [X, 3]))
register(By(inverse=lambda X: X.double()))
again(By(lambda X: X[:1]))
again(By(lambda X: X.double()))
again(By(lambda X: 3))
again(By(inverse=lambda X: 3))
again(By(inverse=lambda X: X[:1]))
again(By(inverse=lambda X: X.double()))
P.ParametrizationList([], torch.ones(1))
setattr(register(By(inverse=lambda X: X)), "weight", 3)
U.parametrizations.orthogonal(L(2, 2), "bias")
U.parametrizations.orthogonal(L(2, 2), "x")
U.parametrizations.orthogonal(L(2, 2), orthogonal_map="x")
U.parametrizations.orthogonal(L(2, 2, dtype=torch.complex64), orthogonal_map="householder")
U.parametrizations.spectral_norm(L(2, 2), n_power_iterations=0)
U.parametrizations.spectral_norm(L(2, 2), dim=4)
U.parametrizations.spectral_norm(L(2, 2), "w")
U.parametrizations.spectral_norm(L(2, 2), "bias").bias
U.spectral_norm(L(2, 2), n_power_iterations=0)
U.spectral_norm(L(2, 2, bias=False), "bias")
U.spectral_norm(torch.nn.LazyLinear(2))
U.weight_norm(torch.nn.LazyLinear(2))
U.weight_norm(U.weight_norm(L(2, 2)))
U.remove_weight_norm(L(2, 2))
U.remove_spectral_norm(L(2, 2))
""")
def test_refused(torch):
    torch.manual_seed(0)
    P, L = torch.nn.utils.parametrize, torch.nn.Linear
    Symmetric, _, _, By = _kinds(torch)
    return {"P": P, "U": torch.nn.utils, "L": L, "By": By, "register": lambda kind, **options: P.register_parametrization(L(3, 3), "weight", kind, **options),
            "again": lambda kind: P.register_parametrization(P.register_parametrization(L(3, 3), "weight", Symmetric()), "weight", kind)}


LAYERS = {"linear": ("Linear", (3, 4), (2, 3)), "conv": ("Conv2d", (2, 3, 2), (1, 2, 3, 3)), "transposed": ("ConvTranspose1d", (2, 3, 2), (1, 2, 4))}


def _layer(torch, kind):
    name, arguments, shape = LAYERS[kind]
    torch.manual_seed(0)
    return getattr(torch.nn, name)(*arguments, dtype=torch.float64), torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("kind", LAYERS)
@both_worlds
def test_weight_norm(torch, kind):
    U = torch.nn.utils
    for dim in (0, 1, None):
        layer, x = _layer(torch, kind)
        new, old = U.parametrizations.weight_norm(copy.deepcopy(layer), dim=dim), U.weight_norm(layer, dim=dim)
        for each in (old, new):
            each(x).pow(2).sum().backward()
            yield str(each), each.state_dict(), each.weight.grad_fn, [parameter.grad for parameter in each.parameters()]
        yield new.load_state_dict(old.state_dict()), U.remove_weight_norm(old).weight, str(old)
        yield U.parametrize.remove_parametrizations(new, "weight").weight, list(new.state_dict())


@pytest.mark.parametrize("kind", LAYERS)
@both_worlds
def test_spectral_norm(torch, kind):
    U = torch.nn.utils
    for apply in (U.spectral_norm, U.parametrizations.spectral_norm):
        layer, x = _layer(torch, kind)
        apply(layer, n_power_iterations=2)
        layer(x)
        layer(x).pow(2).sum().backward()
        yield str(layer), layer.state_dict(), [each.grad for each in layer.parameters()], layer.eval()(x), layer(x), layer.weight
        twin = apply(_layer(torch, kind)[0])
        yield twin.load_state_dict(layer.state_dict()), twin.eval()(x)
    layer.weight = torch.ones_like(layer.weight)
    yield layer.weight
    old = U.spectral_norm(_layer(torch, kind)[0])
    state = {name: each for name, each in old.state_dict().items() if name != "weight_v"}
    yield old.state_dict()._metadata, refusal(old.load_state_dict, {"bias": state["bias"]}), refusal(U.spectral_norm, old)
    yield old.load_state_dict(state | {"weight": old.weight.detach()}), old.weight_v, U.remove_spectral_norm(old).weight, list(old.state_dict())


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)], ids=str)
@both_worlds
def test_orthogonal(torch, shape):
    U = torch.nn.utils
    for orthogonal_map in (None, "cayley", "matrix_exp"):
        for use_trivialization in (True, False):
            torch.manual_seed(1)
            layer = torch.nn.Linear(shape[1], shape[0], dtype=torch.float64)
            U.parametrizations.orthogonal(layer, orthogonal_map=orthogonal_map, use_trivialization=use_trivialization)
            layer(torch.randn(2, shape[1], dtype=torch.float64)).pow(2).sum().backward()
            yield str(layer), layer.weight, list(layer.state_dict()), [each.grad for each in layer.parameters()]
            value = torch.linalg.qr(torch.randn(max(shape), min(shape), dtype=torch.float64))[0]
            yield refusal(setattr, layer, "weight", value if shape[0] >= shape[1] else value.T), layer.weight, refusal(setattr, layer, "weight", value[:1])
            yield U.parametrize.remove_parametrizations(layer, "weight").weight, str(layer)
