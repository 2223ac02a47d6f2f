"""`autograd.Function`: what the context offers, what backward may return, and every refusal."""

from tests.worlds import both_worlds, refusal


def function_of(torch, forward, backward=None, setup=None, **more):
    """A Function class of the given static methods."""
    methods = {"forward": forward, "backward": backward, "setup_context": setup} | more
    return type("Made", (torch.autograd.Function,), {name: staticmethod(method) for name, method in methods.items() if method})


def save_first(ctx, x, *others):
    ctx.save_for_backward(x)
    return x * 2


@both_worlds
def test_saved_tensors_and_plain_attributes(torch):
    def forward(ctx, x, power):
        ctx.save_for_backward(x, None)
        ctx.power = power
        return x**power

    def backward(ctx, grad):
        x, nothing = ctx.saved_tensors
        print(nothing, ctx.power, ctx.needs_input_grad, torch.is_grad_enabled())
        return grad * ctx.power * x ** (ctx.power - 1), None

    Made = function_of(torch, forward, backward)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = Made.apply(x, 3)
    yield y, type(y.grad_fn).__name__, y.grad_fn.name(), len(y.grad_fn.next_functions)
    y.sum().backward()
    yield x.grad, refusal(lambda: y.grad_fn.saved_tensors)


@both_worlds
def test_several_outputs_and_missing_gradients(torch):
    def backward(ctx, one, two):
        print(one, two)
        return one

    Made = function_of(torch, lambda ctx, x: (x * 2, x * 3), backward)
    x = torch.ones(2, requires_grad=True)
    first, second = Made.apply(x)
    yield first.output_nr, second.output_nr
    first.sum().backward()
    yield x.grad

    def lazy(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    function_of(torch, lazy, backward).apply(x)[0].sum().backward()


@both_worlds
def test_what_backward_may_return(torch):
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    returned = {
        "none": lambda g: (None, None),
        "too few": lambda g: g,
        "too many": lambda g: (g, g, g),
        "too many, all none": lambda g: (g, g, None),
        "shape": lambda g: (g[:1], g),
        "broadcastable": lambda g: (g.expand(3, 2), g),
        "dtype": lambda g: (g.double(), g),
        "number": lambda g: (1.0, g),
    }
    for name, result in returned.items():
        Made = function_of(torch, lambda ctx, x, w: x * w, lambda ctx, g, result=result: result(g))
        x.grad = w.grad = None
        yield name, refusal(lambda: Made.apply(x, w).sum().backward()), x.grad, w.grad


@both_worlds
def test_gradient_for_what_needs_none(torch):
    x = torch.ones(2, requires_grad=True)
    Made = function_of(torch, lambda ctx, x, n: x * n, lambda ctx, g: (g, g))
    yield refusal(lambda: Made.apply(x, 3).sum().backward())
    yield refusal(lambda: Made.apply(x, torch.ones(2)).sum().backward())
    yield Made.apply(torch.ones(2), 3).requires_grad, Made.apply(x, torch.ones(2)).requires_grad


@both_worlds
def test_mark_dirty(torch):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    Made = function_of(torch, forward, lambda ctx, g: g * 2)
    leaf = torch.ones(2, requires_grad=True)
    x = leaf * 1
    y = Made.apply(x)
    y.sum().backward()
    yield y is x, x._version, type(x.grad_fn).__name__, leaf.grad
    yield refusal(Made.apply, leaf)
    base = leaf * 1
    view = base[:1]
    Made.apply(view)
    yield base, type(base.grad_fn).__name__


@both_worlds
def test_mark_non_differentiable(torch):
    def forward(ctx, x):
        order = x.argsort()
        positive = x > 0
        ctx.mark_non_differentiable(order, positive)
        return x[order], order, positive

    Made = function_of(torch, forward, lambda ctx, g, *others: g)
    x = torch.tensor([2.0, 1.0], requires_grad=True)
    values, order, positive = Made.apply(x)
    yield values.requires_grad, order.requires_grad, order.grad_fn, positive
    values.sum().backward()
    yield x.grad


@both_worlds
def test_integer_outputs_need_no_mark(torch):
    Made = function_of(torch, lambda ctx, x: (x * 2, x.argmax()), lambda ctx, g, h: g)
    values, index = Made.apply(torch.ones(2, requires_grad=True))
    return values.requires_grad, index.requires_grad


@both_worlds
def test_setup_context(torch):
    def setup(ctx, inputs, output):
        print(len(inputs), output.requires_grad)
        ctx.save_for_backward(inputs[0], output)

    def backward(ctx, grad):
        x, output = ctx.saved_tensors
        return grad * output, None

    Made = function_of(torch, lambda x, scale: x.exp() * scale, backward, setup)
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    Made.apply(x, 1.0).sum().backward()
    yield x.grad


@both_worlds
def test_once_differentiable(torch):
    backward = torch.autograd.function.once_differentiable(lambda ctx, g: g * ctx.saved_tensors[0])
    Made = function_of(torch, save_first, backward)
    x = torch.ones(2, requires_grad=True)
    first, = torch.autograd.grad(Made.apply(x).sum(), x, create_graph=True)
    yield first, first.requires_grad, refusal(lambda: first.sum().backward())


@both_worlds
def test_differentiable_twice(torch):
    Made = function_of(torch, lambda ctx, x: ctx.save_for_backward(x) or x.sin(), lambda ctx, g: g * ctx.saved_tensors[0].cos())
    x = torch.tensor([0.5], requires_grad=True)
    first, = torch.autograd.grad(Made.apply(x), x, create_graph=True)
    return torch.autograd.grad(first, x), first.grad_fn.name()


@both_worlds
def test_saved_value_changed_or_freed(torch):
    Made = function_of(torch, save_first, lambda ctx, g: g * ctx.saved_tensors[0])
    x = torch.ones(2, requires_grad=True)
    changed = x * 1
    y = Made.apply(changed)
    with torch.no_grad():
        changed.add_(1)
    yield refusal(lambda: y.sum().backward())
    y = Made.apply(x)
    y.sum().backward()
    yield refusal(lambda: y.sum().backward())


@both_worlds
def test_returning_an_input_or_a_view(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x * 1
    same = function_of(torch, lambda ctx, t: t, lambda ctx, g: g * 10).apply(y)
    yield same is y, type(same.grad_fn).__name__, same._is_view()
    view = function_of(torch, lambda ctx, t: t.view(4), lambda ctx, g: g.view(2, 2)).apply(y)
    yield view, view._is_view(), refusal(view.add_, 1)
    view.sum().backward()
    yield x.grad


@both_worlds
def test_misuse(torch):
    x = torch.ones(2, requires_grad=True)
    yield refusal(lambda: torch.autograd.Function.apply(x)), refusal(lambda: torch.autograd.Function()(x))
    yield refusal(lambda: function_of(torch, lambda ctx, t: t * 2).apply(x).sum().backward())
    yield refusal(lambda: function_of(torch, lambda ctx, t: "text", lambda ctx, g: g).apply(x))
    yield refusal(lambda: function_of(torch, lambda ctx, t: (t * 2, "text"), lambda ctx, g, h: g).apply(x))
    yield refusal(lambda: function_of(torch, lambda ctx, t: ctx.save_for_backward(3) or t * 2, lambda ctx, g: g).apply(x))
    yield refusal(lambda: function_of(torch, lambda ctx, t: t * 2, lambda ctx, g: 1 / 0).apply(x).sum().backward())
    yield refusal(lambda: function_of(torch, lambda ctx, t: ctx.nothing, lambda ctx, g: g).apply(x))


@both_worlds
def test_jvp_and_vmap_are_named_where_missing(torch):
    yield torch.autograd.Function.generate_vmap_rule, refusal(torch.autograd.Function.jvp, None), refusal(torch.autograd.Function.vmap, None, None)
    yield torch.autograd.Function.vjp is torch.autograd.Function.backward
