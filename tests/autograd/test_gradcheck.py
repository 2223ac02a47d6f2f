"""gradcheck and gradgradcheck: what passes, what is found wrong, and in which words."""

import warnings

from tests.worlds import both_worlds, expressions, refusal


def wrong(torch, forward, backward):
    """The apply of a Function of the given static methods."""
    return type("Made", (torch.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}).apply


def save(ctx, t):
    ctx.save_for_backward(t)
    return t * t


@expressions("""
gradcheck(lambda t: t.exp() * t, (x,)), gradcheck(lambda t: t.exp() * t, x), gradcheck(lambda t: t.sin(), [x])
gradcheck(lambda a, b: (a * b, a.sum()), (x, y))
gradcheck(lambda a: a @ a, (torch.ones(2, 2, dtype=torch.float64, requires_grad=True),))
gradcheck(lambda t, n: t * n, (x, 3)), gradcheck(lambda t, i: t * i, (x, torch.ones(2, dtype=torch.int64)))
gradcheck(lambda t: (t * 2, t.argmax()), (x,))
gradcheck(lambda t: t * t, (c,)), gradcheck(lambda t: t.real, (c,)), gradcheck(lambda t: t * (1 + 2j), (x,)), gradcheck(lambda t: t.abs(), (c,))
gradcheck(halved, (x,))
gradcheck(halved, (c,))
gradcheck(halved, (x,), raise_exception=False)
gradcheck(lambda t: t.detach(), (x,))
gradcheck(lambda t: t.detach(), (x,), raise_exception=False), gradcheck(lambda t: torch.ones(2), (x,))
gradcheck(lambda t: t * 2, (x.detach(),))
gradcheck(lambda t: t * 2, (x.float().detach().requires_grad_(),), eps=1e-2, atol=1e-2, rtol=1e-2)
gradcheck(lambda t: 3, (x,))
gradcheck(lambda t, u: t * 2, (x, y))
gradcheck(unstable, (x,))
gradcheck(shifted, (x,), atol=1)
gradcheck(lambda a: a * 2, (torch.ones(1, dtype=torch.float64).expand(2).requires_grad_(),))
gradcheck(lambda t: t.sqrt(), (torch.tensor([-1.0], dtype=torch.float64, requires_grad=True),))
gradcheck(lambda t: t, (x,), check_backward_ad=False)
gradcheck(lambda t: t**2, (x,), fast_mode=True), gradcheck(lambda t: t**2, (x,), check_batched_grad=True)
gradgradcheck(lambda t: t**3, (x,)), gradgradcheck(lambda t: t**3, (c,)), gradgradcheck(lambda t: t * 2, (x,))
gradgradcheck(lambda t: t**3, (x,), (torch.ones(2, dtype=torch.float64, requires_grad=True),))
gradgradcheck(lambda a, b: (a * b, a.exp()), (x, y))
""")
def test_verdicts(torch):
    counted = []
    return {
        "gradcheck": torch.autograd.gradcheck, "gradgradcheck": torch.autograd.gradgradcheck,
        "x": torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True), "y": torch.tensor([1.5, 2.0], dtype=torch.float64, requires_grad=True),
        "c": torch.tensor([1 + 2j, 0.5j], dtype=torch.complex128, requires_grad=True),
        "halved": wrong(torch, save, lambda ctx, g: g * ctx.saved_tensors[0]),
        "unstable": wrong(torch, lambda ctx, t: t * 2, lambda ctx, g: counted.append(1) or g * 2 + 1e-7 * len(counted)),
        "shifted": wrong(torch, lambda ctx, t: t * 2, lambda ctx, g: g * 2 + 1e-3),
    }


@both_worlds
def test_wrong_second_derivative(torch):
    x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
    cut = wrong(torch, save, lambda ctx, g: g * 2 * ctx.saved_tensors[0].detach())
    yield torch.autograd.gradcheck(cut, (x,))
    yield torch.autograd.gradgradcheck(cut, (x,), raise_exception=False)
    ones = torch.ones(2, dtype=torch.float64, requires_grad=True)
    yield refusal(lambda: torch.autograd.gradgradcheck(cut, (x,), (ones,)))


@both_worlds
def test_low_precision_is_warned_of(torch):
    x = torch.ones(2, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.autograd.gradcheck(lambda t: t * 2, (x,), eps=1e-2, atol=1e-1, raise_exception=False)
    yield [str(each.message) for each in caught if "Input #0" in str(each.message)]


@both_worlds
def test_inputs_are_as_before(torch):
    x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda t: t**2, (x,))
    yield x, x.grad, x.is_leaf


@both_worlds
def test_doubles_stay_doubles_through_many_evaluations(torch):
    big = torch.full((30, 20), 0.1, dtype=torch.float64)
    yield [(big * 3).sum().item() for _ in range(5)], big
