"""Gradient modes: as contexts, decorators and plain calls, what they leave behind, and inference tensors."""

import copy
import threading

from tests.worlds import both_worlds, refusal


@both_worlds
def test_nesting_and_restoring(torch):
    yield torch.is_grad_enabled()
    with torch.no_grad():
        yield torch.is_grad_enabled()
        with torch.enable_grad():
            yield torch.is_grad_enabled()
            torch.set_grad_enabled(False)
            yield torch.is_grad_enabled()
        yield torch.is_grad_enabled()
        with torch.set_grad_enabled(True):
            yield torch.is_grad_enabled()
    yield torch.is_grad_enabled()


@both_worlds
def test_an_exception_restores_the_mode(torch):
    def fail():
        with torch.no_grad():
            raise KeyError("inside")

    return refusal(fail), torch.is_grad_enabled()


@both_worlds
def test_decorators(torch):
    x = torch.ones(2, requires_grad=True)

    @torch.no_grad()
    def off(t, scale=1):
        """doc"""
        return t * scale

    @torch.enable_grad()
    def on(t):
        return t * 2

    @torch.inference_mode()
    def infer(t):
        return t * 2

    @torch.set_grad_enabled(False)
    def never(t):
        return t * 2

    yield torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    yield off(x, scale=3), off.__name__, off.__doc__, never(x).requires_grad, infer(x).requires_grad, infer(x).is_inference()
    with torch.no_grad():
        yield on(x).requires_grad


@both_worlds
def test_a_generator_under_a_decorator(torch):
    @torch.no_grad()
    def numbers():
        received = yield torch.is_grad_enabled()
        yield received, torch.is_grad_enabled()

    running = numbers()
    yield next(running), torch.is_grad_enabled()
    yield running.send(5), torch.is_grad_enabled()


@both_worlds
def test_results_under_no_grad(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x * 2
    with torch.no_grad():
        for result in (x * 2, y.view(4), x.view(4), x[0], y.t(), y.detach(), x.clone(), torch.zeros(2, requires_grad=True)):
            yield result.requires_grad, result.is_leaf, result.grad_fn
        y.add_(1)
    yield y.requires_grad, type(y.grad_fn).__name__
    y.sum().backward()
    yield x.grad


@both_worlds
def test_a_view_made_under_no_grad_and_written_outside(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    with torch.no_grad():
        view, leaf_view = y[:1], x[:1]
    yield refusal(view.add_, 1)
    yield refusal(leaf_view.add_, 1)
    with torch.no_grad():
        yield view.add_(1), leaf_view.add_(1), x


@both_worlds
def test_leaf_update_by_hand(torch):
    w = torch.ones(2, requires_grad=True)
    for _ in range(3):
        loss = ((w * torch.tensor([1.0, 2.0]) - 1) ** 2).sum()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            w.grad.zero_()
        yield loss, w, w.is_leaf, w._version, w.grad_fn


@both_worlds
def test_rebinding_a_leaf_loses_it(torch):
    w = torch.ones(2, requires_grad=True)
    (w * 2).sum().backward()
    w = w - 0.1 * w.grad
    yield w.is_leaf, w.grad
    with torch.no_grad():
        w = w - 1
    yield w.requires_grad, w.is_leaf


@both_worlds
def test_views_are_inference_tensors_where_their_base_is(torch):
    plain = torch.ones(2)
    with torch.inference_mode():
        made, view = torch.ones(2), plain[0]
        made[0] = 5
    yield view.is_inference(), made.view(1, 2).is_inference(), made.detach().is_inference(), made
    yield refusal(made.__setitem__, 0, 1), refusal(lambda: made._version), plain._version, copy.deepcopy(made).is_inference()
    with torch.inference_mode():
        made.fill_(1)           # torch has written before it refused
    yield made.data.add_(1), made.detach().add_(1), made.data._version
    yield refusal(lambda: torch.ones(2, requires_grad=True) * made.view(2)), refusal(torch.set_grad_enabled, 1), repr(torch.set_grad_enabled(True))[-10:]
    product = torch.ones(2, requires_grad=True) * 2
    yield refusal(setattr, product, "requires_grad", True), product.requires_grad_() is product, refusal(plain.requires_grad_, "yes")


@both_worlds
def test_inference_tensors(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        made = torch.ones(2)
        result = x * 2
        made.add_(1)
        yield made.is_inference(), result.requires_grad, torch.is_inference_mode_enabled(), torch.is_grad_enabled()
        with torch.inference_mode(False):
            yield torch.is_inference_mode_enabled(), torch.ones(1).is_inference()
    yield refusal(made.add_, 1), refusal(lambda: (x * made).sum().backward()), refusal(made.requires_grad_), refusal(lambda: made._version)
    yield made * 2, made.clone().is_inference(), made.view(2, 1).is_inference(), refusal(lambda: made.requires_grad)


@both_worlds
def test_no_grad_belongs_to_its_thread(torch):
    seen = []
    with torch.no_grad():
        other = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        other.start()
        other.join()
    return seen


@both_worlds
def test_detach_in_the_middle(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    (y.detach() * x + y).sum().backward()
    yield x.grad
    shared = y.detach()
    shared.zero_()
    yield y, shared.requires_grad, y._version
    yield y.detach_().grad_fn, y.requires_grad
