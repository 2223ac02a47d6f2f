"""`autograd.Function` where the tests of behaviour leave off: odd outputs, keyword arguments, views, hooks, legacy ways."""

import gc
import weakref

from tests.worlds import both_worlds, expressions, refusal, world


def function_of(torch, forward, backward=None, setup=None, **more):
    """A Function class of the given static methods."""
    methods = {"forward": forward, "backward": backward, "setup_context": setup} | more
    return type("Made", (torch.autograd.Function,), {name: staticmethod(method) for name, method in methods.items() if method})


@both_worlds
def test_outputs_that_are_no_tensors(torch):
    x = torch.ones(2, requires_grad=True)
    Made = function_of(torch, lambda ctx, t: (t * 2, None, "text", 3), lambda ctx, *grads: print(grads) or grads[0])
    yield Made.apply(x)
    Made.apply(x)[0].sum().backward()
    for strange in ([x.detach() * 2], {"a": x.detach()}, None):
        yield function_of(torch, lambda ctx, t, strange=strange: strange, lambda ctx, g: g).apply(x)


@both_worlds
def test_one_tensor_returned_twice(torch):
    x = torch.ones(2, requires_grad=True)
    Made = function_of(torch, lambda ctx, t: (t * 2,) * 2, lambda ctx, g, h: print(g, h) or g + h)
    first, second = Made.apply(x)
    yield first is second, first.output_nr
    (first.sum() + second.sum()).backward()
    yield x.grad


@both_worlds
def test_inputs_returned_as_they_are(torch):
    Made = function_of(torch, lambda ctx, *tensors: (*tensors, tensors[0] * 1), lambda ctx, *grads: grads[:-1])
    tracked, plain = torch.ones(2, requires_grad=True), torch.ones(2)
    for inputs in ((tracked,), (plain,), (plain, tracked)):
        for before, after in zip(inputs, Made.apply(*inputs)):
            yield before is after, after.requires_grad, after._is_view(), before.requires_grad
    with torch.no_grad():
        same = Made.apply(tracked)[0]
    yield same is tracked, same.requires_grad, same._is_view()


@both_worlds
def test_views_among_the_outputs(torch):
    x = torch.ones(2, requires_grad=True)
    several = function_of(torch, lambda ctx, t: (t.view(2, 1), t * 1), lambda ctx, g, h: g.view(2)).apply(x * 1)
    yield refusal(several[0].add_, 1)
    of_leaf = function_of(torch, lambda ctx, t: t.view(2, 1), lambda ctx, g: g.view(2)).apply(x)
    yield of_leaf, of_leaf._base is x, refusal(of_leaf.add_, 1)
    of_nothing = function_of(torch, lambda ctx, t: (t * 2).view(2, 1), lambda ctx, g: g.view(2) * 2).apply(x)
    of_nothing.sum().backward()
    yield x.grad, refusal(of_nothing.mul_, 2)


@both_worlds
def test_history_given_to_a_tensor_from_outside(torch):
    outside = torch.ones(2)
    made = function_of(torch, lambda ctx, t: outside, lambda ctx, g: g).apply(torch.ones(2, requires_grad=True))
    yield made is outside, outside.requires_grad, type(outside.grad_fn).__name__


@both_worlds
def test_dirty_inputs(torch):
    x = torch.ones(2, requires_grad=True)

    def forward(ctx, t, *others):
        ctx.mark_dirty(t)
        t.mul_(2)
        return (t, *others)

    Made = function_of(torch, forward, lambda ctx, g, *others: (g * 2, *others))
    plain = torch.ones(2)
    yield Made.apply(plain) is plain, plain._version, plain.requires_grad
    joined = torch.ones(2)
    result = Made.apply(joined, x)
    yield result[0] is joined, joined._version, joined.is_leaf, type(joined.grad_fn).__name__
    yield refusal(Made.apply, x), refusal(Made.apply, (x * 1)[:1], x * 1)
    missing = function_of(torch, lambda ctx, t: ctx.mark_dirty(t) or t * 2, lambda ctx, g: g)
    yield refusal(missing.apply, x * 1)
    noted = function_of(torch, lambda ctx, t: ctx.mark_dirty(t) or t, lambda ctx, g: g * 5)
    z = x * 1
    yield noted.apply(z) is z, z._version


@both_worlds
def test_setup_context_binds_arguments(torch):
    def setup(ctx, inputs, output):
        print(inputs)
        ctx.save_for_backward(output)

    Made = function_of(torch, lambda t, scale=5: t * scale, lambda ctx, g: (g * ctx.saved_tensors[0], None), setup)
    x = torch.ones(2, requires_grad=True)
    yield Made.apply(x), Made.apply(t=x), Made.apply(x, 2), refusal(Made.apply, x, 2, 3)
    Made.apply(x).sum().backward()
    yield x.grad
    yield function_of(torch, lambda ctx, t: t * 2, lambda ctx, g: g).apply(t=x)


@both_worlds
def test_vjp_stands_for_backward(torch):
    x = torch.ones(2, requires_grad=True)
    function_of(torch, lambda ctx, t: t * 2, vjp=lambda ctx, g: g * 2).apply(x).sum().backward()
    yield x.grad
    both = function_of(torch, lambda ctx, t: t * 2, lambda ctx, g: g, vjp=lambda ctx, g: g)
    yield refusal(lambda: both.apply(x).sum().backward())


@both_worlds
def test_the_context_is_seen_through_grad_fn(torch):
    def forward(ctx, x, power):
        ctx.power = power
        ctx.save_for_backward(x, None)
        print(ctx.saved_tensors, ctx.needs_input_grad, torch.is_grad_enabled())
        return x ** power

    Made = function_of(torch, forward, lambda ctx, g: (g * ctx.power, None))
    x = torch.ones(2, requires_grad=True)
    node = Made.apply(x, 3).grad_fn
    yield node.power, node.saved_tensors[0] is x, node.saved_tensors[1], node.needs_input_grad, node.metadata, node.name()
    yield len(node._raw_saved_tensors), refusal(lambda: node.nothing), isinstance(node, torch.autograd.graph.Node)
    print(node)


@both_worlds
def test_saved_output(torch):
    def forward(ctx, x):
        y = x * 2
        ctx.save_for_backward(y, x)
        return y

    Made = function_of(torch, forward, lambda ctx, g: g * ctx.saved_tensors[0])
    x = torch.ones(2, requires_grad=True)
    y = Made.apply(x)
    saved = y.grad_fn.saved_tensors[0]
    yield saved is y, saved.grad_fn is y.grad_fn, torch.autograd.grad(y.sum(), x, create_graph=True)
    changed = Made.apply(x).add_(1)
    yield refusal(lambda: changed.sum().backward())


@both_worlds
def test_second_derivative_of_a_saved_output(torch):
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    Made = function_of(torch, forward, lambda ctx, g: g * ctx.saved_tensors[0])
    x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    for _ in range(2):
        found = Made.apply(x)
        for _ in range(3):
            found, = torch.autograd.grad(found, x, create_graph=True)
            yield found.detach()


@both_worlds
def test_saved_tensors_pass_through_hooks(torch):
    def forward(ctx, x):
        y = x * 2
        ctx.save_for_backward(y, x)
        return y

    Made = function_of(torch, forward, lambda ctx, g: print(ctx.saved_tensors) or g)
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: print("pack", t) or t, lambda t: print("unpack") or t):
        y = Made.apply(x)
    y.sum().backward()


@both_worlds
def test_gradients_of_the_wrong_kind(torch):
    x = torch.ones(2, requires_grad=True)
    for wrong in (1.0, "text", None, (), [torch.ones(2)], torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.int64),
                  torch.tensor(1.0), torch.ones(3), torch.ones(3, 2)):
        Made = function_of(torch, lambda ctx, t: t * 2, lambda ctx, g, wrong=wrong: wrong)
        yield refusal(lambda: Made.apply(x).sum().backward()), x.grad
        x.grad = None


@expressions("""
F.apply(x)
F()(x)
F().save_for_backward
made(lambda ctx, t: t * 2)()(x)
made(lambda ctx, t: ctx.save_for_backward([t]) or t, lambda ctx, g: g).apply(x)
made(lambda ctx, t: ctx.mark_dirty(3) or t * 2, lambda ctx, g: g).apply(x)
made(lambda ctx, t: ctx.mark_non_differentiable(3) or t * 2, lambda ctx, g: g).apply(x)
made(lambda ctx, t: ctx.set_materialize_grads(3) or t * 2, lambda ctx, g: g).apply(x)
made(lambda ctx, t: ctx.mark_non_differentiable(t) or t * 2, lambda ctx, g: g).apply(x)
made(lambda ctx, t: t * 2, lambda ctx, g: ctx.nothing).apply(x).sum().backward()
made(lambda ctx, t: t * 2).apply(x).sum().backward()
made(lambda ctx, t: ctx.save_for_backward(t) or t * 2, lambda ctx, g: g).apply(x).grad_fn.saved_variables
torch.autograd.function.InplaceFunction(inplace=True).inplace
F.setup_context(None, None, None)
F.backward(None)
""")
def test_misuse(torch):
    F = torch.autograd.Function
    return {"F": F, "x": torch.ones(2, requires_grad=True), "made": lambda *methods: function_of(torch, *methods)}


@both_worlds
def test_once_differentiable_names_its_node(torch):
    once = torch.autograd.function.once_differentiable
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    Made = function_of(torch, lambda ctx, t, s: t * 2, once(lambda ctx, g: (g, None)))
    first, = torch.autograd.grad((Made.apply(x, w) ** 2).sum(), x, create_graph=True)
    yield type(first.grad_fn).__name__, refusal(lambda: first.sum().backward())
    linear, = torch.autograd.grad(Made.apply(x, w).sum(), x, create_graph=True)
    yield linear


def test_nothing_keeps_the_graph_alive():
    """Outputs saved for backward do not hold the node that holds them."""
    torch = world("facade")
    Made = function_of(torch, lambda ctx, x: (lambda y: ctx.save_for_backward(y) or y)(x * 2), lambda ctx, g: g)
    gc.disable()
    try:
        y = Made.apply(torch.ones(2, requires_grad=True))
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()
