"""Hooks: on tensors, on leaves after accumulation, on nodes of the graph, and on what is saved for backward."""

import pytest

from tests.worlds import both_worlds, expressions, refusal


@both_worlds
def test_tensor_hooks_run_in_order_and_replace(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    y.register_hook(lambda grad: grad * 2)
    y.register_hook(lambda grad: print("after the first:", grad))
    x.register_hook(lambda grad: grad + 1)
    y.sum().backward()
    yield x.grad


@both_worlds
def test_a_removed_hook_is_silent(torch):
    x = torch.ones(1, requires_grad=True)
    handle = x.register_hook(lambda grad: print("removed", grad))
    x.register_hook(lambda grad: print("kept", grad))
    handle.remove()
    handle.remove()
    (x * 2).backward()
    with x.register_hook(lambda grad: print("within", grad)):
        (x * 3).backward()
    (x * 4).backward()
    return x.grad, type(handle).__name__


@both_worlds
def test_a_leaf_hook_sees_the_sum_of_one_pass(torch):
    x = torch.ones(1, requires_grad=True)
    x.register_hook(lambda grad: print(grad))
    y = x * 2 + x * 3
    y.backward(retain_graph=True)
    y.backward()
    yield x.grad


@both_worlds
def test_hooks_and_retained_gradients(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda grad: grad * 10)
    y.retain_grad()
    y.register_hook(lambda grad: grad + 1)
    y.sum().backward()
    yield y.grad, x.grad, y.retains_grad, x.retains_grad


@both_worlds
def test_retained_gradient_through_a_write(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.mul_(5)
    y.sum().backward()
    yield y.grad, x.grad
    z = x * 2
    z.register_hook(lambda grad: print("before the write", grad))
    z.mul_(5)
    z.register_hook(lambda grad: print("after the write", grad))
    z.sum().backward()


@both_worlds
def test_post_accumulate(torch):
    x = torch.ones(2, requires_grad=True)

    def step(parameter):
        with torch.no_grad():
            parameter -= 0.5 * parameter.grad
        parameter.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    for _ in range(2):
        (x * x).sum().backward()
        yield x, x.grad
    handle.remove()
    (x * x).sum().backward()
    yield x, x.grad
    yield refusal((x * 2).register_post_accumulate_grad_hook, step)


@both_worlds
def test_node_hooks(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    y.grad_fn.register_prehook(lambda grads: print("pre", grads))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, *inputs[1:]))
    handle = y.grad_fn.register_hook(lambda inputs, outputs: print("post", inputs, outputs))
    y.sum().backward(retain_graph=True)
    handle.remove()
    y.sum().backward()
    yield x.grad


@both_worlds
def test_hook_on_the_accumulation_node(torch):
    x = torch.ones(2, requires_grad=True)
    node = (x * 2).grad_fn.next_functions[0][0]
    node.register_hook(lambda inputs, outputs: print(inputs, outputs, x.grad))
    (x * 2).sum().backward()
    yield node.name(), node.variable is x


@both_worlds
def test_hooks_with_autograd_grad_and_inputs(torch):
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda grad: grad * 7)
    x.register_post_accumulate_grad_hook(lambda parameter: print("accumulated"))
    yield torch.autograd.grad((x * 2).sum(), x)
    y = x * 2
    y.register_hook(lambda grad: grad + 1)
    yield torch.autograd.grad((y * 3).sum(), y)


@both_worlds
def test_hook_under_create_graph(torch):
    x = torch.tensor(2.0, requires_grad=True)
    x.register_hook(lambda grad: print(grad.requires_grad, torch.is_grad_enabled()))
    (x**3).backward(create_graph=True)
    (x**3).backward()


@expressions("""
z.register_hook(print)
x.register_hook(3), (x * 2).sum().backward()
x.register_hook(lambda g: "text"), (x * 2).sum().backward()
x.register_hook(lambda g: g.double()), (x * 2).sum().backward(), x.grad
x.register_hook(lambda g: g[:1]), (x * 2).sum().backward()
x.register_hook(lambda g: g.mul_(3) and None), (x * 2).sum().backward(), x.grad
x.register_hook(lambda g: 1 / 0), (x * 2).sum().backward()
(x * 2).grad_fn.register_hook(lambda i, o: ()), x.grad
z.retain_grad()
x.retain_grad(), x.retains_grad
x.register_hook(lambda g: None), (x * 2).sum().backward(), x.grad
""")
def test_refused_or_allowed(torch):
    return {"x": torch.ones(2, requires_grad=True), "z": torch.ones(2)}


@both_worlds
def test_saved_tensors_hooks(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def pack(tensor):
        print("pack", tensor)
        return tensor.tolist()

    def unpack(packed):
        print("unpack", packed)
        return torch.tensor(packed)

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = x * x
    y.sum().backward()
    yield x.grad
    with torch.autograd.graph.save_on_cpu():
        (x.exp() * x).sum().backward()
    yield x.grad
    with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
        yield refusal(lambda: torch.autograd.graph.saved_tensors_hooks(pack, unpack).__enter__())


@both_worlds
def test_multi_grad_hook_and_gradient_edge(torch):
    a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    torch.autograd.graph.register_multi_grad_hook((a, b), lambda grads: print(grads))
    (a * b * 2).backward()
    y = a * 3
    edge = torch.autograd.graph.get_gradient_edge(y)
    yield edge.node.name(), edge.output_nr, torch.autograd.grad((y * b).sum(), edge)


ANSWERS = {"a number": lambda given: 3, "a tensor": lambda given: given[0], "too few": lambda given: (), "too many": lambda given: (*given, given[0]),
           "numbers": lambda given: (1,) * len(given), "another size": lambda given: (given[0][:1], *given[1:]),
           "another dtype": lambda given: (given[0].double(), *given[1:]), "nothing": lambda given: (None,) * len(given)}


@pytest.mark.parametrize("answer", ANSWERS)
@both_worlds
def test_what_hooks_on_a_node_answer(torch, answer):
    x = torch.ones(2, requires_grad=True)
    for register in ("register_hook", "register_prehook"):
        y = x * 2
        getattr(y.grad_fn, register)(lambda given, *rest: ANSWERS[answer](given))
        yield refusal(y.sum().backward), x.grad
    module = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.ones_(module.weight)
    module.register_full_backward_hook(lambda module, given, outputs: ANSWERS[answer](given))
    yield refusal(module(x).sum().backward), x.grad


@both_worlds
def test_hooks_after_accumulation_answer_nothing(torch):
    x = torch.ones(2, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda leaf: leaf.grad)
    yield refusal((x * 2).sum().backward)


@both_worlds
def test_a_node_has_no_entry_for_indices_and_one_for_what_was_not_given(torch):
    x, place, functional = torch.ones(2, requires_grad=True), torch.tensor([0]), torch.nn.functional
    for made in (torch.where(x > 0, x, x), x[place], x.masked_fill(x > 0, 1), x.gather(0, place), functional.layer_norm(x, (2,)),
                 functional.conv1d(x.view(1, 1, 2), torch.ones(1, 1, 1)), functional.nll_loss(x.view(1, 2), place), x.index_add(0, place, x[:1])):
        yield made.grad_fn.name(), [each and each.name() for each, _ in made.grad_fn.next_functions]
    y = torch.where(x > 0, x, 1.0)
    log = []
    y.grad_fn.register_hook(lambda inputs, outputs: log.append(inputs))
    y.sum().backward()
    yield log


@both_worlds
def test_a_hook_after_accumulation_may_return_the_leaf(torch):
    v = torch.zeros(3, requires_grad=True)
    v.register_post_accumulate_grad_hook(lambda p: p.add_(p.grad, alpha=-0.5))
    v.backward(torch.tensor([1.0, 2.0, 3.0]))
    yield v.detach()


@both_worlds
def test_a_retained_gradient_is_that_of_the_last_content(torch):
    x = torch.tensor([0.5, 2.0, 0.25], requires_grad=True)
    y, z = x * 2, x * 3
    y.retain_grad()
    z.retain_grad()
    y[1:] = x[:2]
    z[0].mul_(x[1])
    (y.sin().sum() + z.sin().sum()).backward()
    yield y.grad, z.grad, x.grad
    hidden = x.tanh()
    hidden.retain_grad()
    slope, = torch.autograd.grad((hidden * hidden).sum(), x, create_graph=True)
    slope.sum().backward()
    yield hidden.grad, x.grad
