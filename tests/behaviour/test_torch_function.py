"""Types with a `__torch_function__`: subclasses of Tensor, types that are no tensors, and who is asked first."""

import numpy as np
import pytest

from tests.worlds import both_worlds, refusal


def logging_class(torch, seen):
    """A subclass of Tensor that notes the names of what is done with it."""
    class Logged(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(func.__name__)
            return super().__torch_function__(func, types, args, kwargs or {})
    return Logged


CALLS = """\
logged + 1
1 + logged
plain - logged
1 - logged
2 / logged
2 ** logged
plain @ logged
-logged
logged > plain
logged == plain
logged[0]
len(logged)
float(logged.sum())
3.0 in logged
torch.add(plain, logged, alpha=2)
torch.sum(logged, dim=0)
torch.cat([plain, logged])
logged.max(1).values
logged.view(-1).detach().clone()
torch.nn.functional.linear(logged, plain)
torch.nn.functional.relu(logged)
torch.where(plain > 1, logged, plain)
logged.tolist()
logged.numpy()
torch.is_tensor(logged)
logged.size(dim=0)
logged.stride()
(logged.clone().requires_grad_() * 2).sum().backward()"""


@pytest.mark.parametrize("call", CALLS.split("\n"))
@both_worlds
def test_a_subclass_is_asked(torch, call):
    seen = []
    logged, plain = torch.arange(4.0).reshape(2, 2).as_subclass(logging_class(torch, seen)), torch.ones(2, 2)
    result = eval(call, {"torch": torch, "logged": logged, "plain": plain})
    yield seen, type(result).__name__
    if isinstance(result, torch.Tensor):
        yield torch.Tensor.numpy(result.as_subclass(torch.Tensor))


@both_worlds
def test_writes_of_a_subclass(torch):
    seen = []
    logged = torch.zeros(3).as_subclass(logging_class(torch, seen))
    logged += 1
    logged[0] = 5
    logged.mul_(2)
    yield seen, np.asarray(logged.tolist())


@both_worlds
def test_types_that_are_no_tensors_can_be_operands(torch):
    handled = {}

    class Scaled:
        """A diagonal matrix: a number and a size."""

        def __init__(self, size, value):
            self.size, self.value = size, value

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func not in handled or not all(issubclass(each, (torch.Tensor, cls)) for each in types):
                return NotImplemented
            return handled[func](*args, **(kwargs or {}))

    handled[torch.mean] = lambda input: input.value / input.size
    handled[torch.add] = lambda input, other: ("add", type(input).__name__, type(other).__name__)
    handled[torch.Tensor.add] = handled[torch.add]
    matrix, tensor = Scaled(5, 2), torch.ones(2)
    yield torch.mean(matrix), torch.add(matrix, tensor), torch.add(tensor, matrix), tensor + matrix, tensor.add(matrix)
    yield torch.overrides.has_torch_function((matrix,)), torch.overrides.is_tensor_like(matrix)
    yield from (refusal(failing) for failing in (lambda: torch.mul(matrix, tensor), lambda: tensor.sum(matrix), lambda: torch.cat([tensor, matrix])))
    yield type(refusal(lambda: matrix + tensor)).__name__


@both_worlds
def test_the_subclass_of_a_subclass_is_asked_first(torch):
    order = []

    class First(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            order.append((cls.__name__, [each.__name__ for each in types]))
            return NotImplemented

    class Second(First):
        pass
    one, two = torch.ones(2).as_subclass(First), torch.ones(2).as_subclass(Second)
    yield type(refusal(lambda: torch.add(one, two))).__name__
    yield order


@both_worlds
def test_nobody_is_asked_where_that_is_off(torch):
    seen = []
    logged = torch.ones(2).as_subclass(logging_class(torch, seen))
    with torch._C.DisableTorchFunctionSubclass():
        yield type(logged + 1).__name__, type(torch.sin(logged)).__name__
    yield type(logged + 1).__name__, type(torch.sin(logged)).__name__, seen


@both_worlds
def test_a_subclass_that_is_never_asked(torch):
    class Silent(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl
    silent = torch.ones(2).as_subclass(Silent)
    yield type(silent).__name__, type(silent + 1).__name__, type(torch.sin(silent)).__name__, silent.tolist()


@both_worlds
def test_methods_take_their_keywords(torch):
    class Plain(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return super().__torch_function__(func, types, args, kwargs or {})
    leaf = torch.ones(2, requires_grad=True)
    loss = (leaf.as_subclass(Plain) * 3).sum()
    loss.backward(retain_graph=True)
    loss.backward(gradient=torch.tensor(2.0))
    yield leaf.grad, type(loss).__name__
