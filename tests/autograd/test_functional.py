"""Jacobians, Hessians and their products: values, shapes, nesting, and every refusal."""

import pytest

from tests.worlds import both_worlds, expressions


def names(torch):
    """Functions and inputs for the lines below."""
    x, w = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64), torch.tensor([2.0, 3.0], dtype=torch.float64)
    return {
        "F": torch.autograd.functional, "x": x, "w": w, "v": x.clone(), "s": x.sum(), "leaf": x.clone().requires_grad_(),
        "curve": lambda t: t.sin() * t, "bowl": lambda t: (t.sin() * t).sum(),
        "two": lambda a, b: (a.sum() * b, a * 2), "bowl2": lambda a, b: (a.sum() * b * b).sum(), "first": lambda a, b: (a * a).sum(),
        "linear": lambda t: t.sum(), "constant": lambda t: x.sum() * 2, "cut": lambda t: t.detach().sum(),
        "other_graph": lambda t: (x.clone().requires_grad_() * 2).sum(), "number": lambda t: 3, "pair": lambda t: (t, 3),
    }


@expressions("""
F.jacobian(curve, x), F.jacobian(curve, (x,)), F.jacobian(curve, x, vectorize=True)
F.jacobian(curve, x, strict=True)
F.jacobian(curve, leaf, create_graph=True).requires_grad, F.jacobian(curve, x, create_graph=True).requires_grad
F.jacobian(two, (x, w))
F.jacobian(two, (x, w), vectorize=True)
F.jacobian(lambda t: t @ t, torch.arange(4.0).reshape(2, 2))
F.jacobian(lambda t: t[:0], x).shape
F.jacobian(lambda t: t * t, torch.tensor([1 + 2j]))
F.jacobian(constant, x), F.jacobian(linear, x)
F.jacobian(constant, x, strict=True)
F.jacobian(cut, x, strict=True)
F.jacobian(other_graph, x, strict=True)
F.jacobian(linear, x, strict=True), F.jacobian(first, (x, w))
F.jacobian(linear, x, strict=True, create_graph=True)
F.jacobian(first, (x, w), strict=True)
F.jacobian(curve, x, strict=True, vectorize=True)
F.jacobian(curve, 3)
F.jacobian(curve, (x, 3))
F.jacobian(curve, [x])
F.jacobian(number, x)
F.jacobian(pair, x)
F.jacobian(curve, x, strategy="forward-mode")
F.jacobian(curve, x, strategy="sideways")
""")
def test_jacobian(torch):
    return names(torch)


@expressions("""
F.hessian(bowl, x), F.hessian(bowl, (x,)), F.hessian(bowl, x, vectorize=True)
F.hessian(bowl2, (x, w))
F.hessian(bowl, leaf, create_graph=True).requires_grad
F.hessian(lambda t: bowl(t).reshape(1), x)
F.hessian(linear, x), F.hessian(constant, x), F.hessian(lambda a, b: (a * 2).sum(), (x, w))
F.hessian(bowl, x, strict=True)
F.hessian(linear, x, strict=True)
F.hessian(constant, x, strict=True)
F.hessian(other_graph, x, strict=True)
F.hessian(bowl, x, strict=True, vectorize=True)
F.hessian(curve, x)
F.hessian(two, (x, w))
F.hessian(number, x)
F.hessian(bowl, 3)
F.hessian(bowl, x, outer_jacobian_strategy="sideways")
""")
def test_hessian(torch):
    return names(torch)


@expressions("""
F.vjp(curve, x, v), F.vjp(bowl, x), F.vjp(two, (x, w), (w, x))
F.vjp(curve, x)
F.vjp(curve, x, v[:2])
F.vjp(curve, x, (v, v))
F.vjp(two, (x, w), (w,))
F.vjp(two, (x, w), (w, w))
F.vjp(curve, x, 3)
F.vjp(number, x, v)
F.vjp(linear, x, s, strict=True), F.vjp(first, (x, w), s), F.vjp(constant, x, s)
F.vjp(cut, x, s, strict=True)
F.vjp(first, (x, w), s, strict=True)
F.vjp(linear, x, s, strict=True, create_graph=True)
F.vjp(curve, leaf, v, create_graph=True)[1].requires_grad
F.jvp(curve, x, v), F.jvp(curve, x[0]), F.jvp(two, (x, w), (x, w))
F.jvp(bowl, x)
F.jvp(curve, x, v[:2])
F.jvp(two, (x, w), (x, x))
F.jvp(number, x, v)
F.jvp(linear, x, v), F.jvp(first, (x, w), (x, w)), F.jvp(constant, x, v)
F.jvp(cut, x, v, strict=True)
F.jvp(first, (x, w), (x, w), strict=True)
F.jvp(linear, x, v, strict=True, create_graph=True)
F.jvp(curve, leaf, v, create_graph=True)[1].requires_grad
""")
def test_products_with_the_jacobian(torch):
    return names(torch)


@pytest.mark.parametrize("product", ["vhp", "hvp"])
@both_worlds
def test_products_with_the_hessian(torch, product):
    space = names(torch)
    function = getattr(space["F"], product)
    x, w, v = space["x"], space["w"], space["v"]
    calls = [("bowl", x, v), ("bowl", x[0], None), ("bowl2", (x, w), (x, w)), ("bowl", x, None), ("bowl", x, v[:2]), ("bowl", x, (v, v)),
             ("bowl", x, 3), ("linear", x, v), ("constant", x, v), ("first", (x, w), (x, w)), ("number", x, v), ("curve", x, v), ("two", (x, w), (x, w))]
    for name, inputs, vector in calls:
        for strict in (False, True):
            try:
                yield name, function(space[name], inputs, vector, strict=strict)
            except Exception as failure:
                yield name, failure
    yield function(space["bowl"], space["leaf"], v, create_graph=True)[1].requires_grad


@both_worlds
def test_derivative_of_a_hessian(torch):
    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    matrix = torch.autograd.functional.hessian(lambda t: (t**4).sum(), x, create_graph=True)
    matrix.sum().backward()
    yield matrix.detach(), x.grad
    with torch.no_grad():
        yield torch.autograd.functional.jacobian(lambda t: t**2, x)
