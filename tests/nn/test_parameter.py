"""Parameters and buffers: tensors that share memory with what they are made of, and whose results are plain tensors."""

import copy
import pickle

from tests.worlds import both_worlds, expressions


@expressions("""
Parameter(x)
Parameter(x), type(Parameter(x)), Parameter(x).is_leaf, Parameter(x).grad_fn
repr(Parameter(x)), str(Parameter(x)), f"{Parameter(x)}", "%s" % Parameter(x[0])
repr(Parameter(x, requires_grad=False))
Parameter().shape, Parameter(None).requires_grad, Parameter(data=x).shape
Parameter(torch.tensor([1, 2]))
Parameter(torch.tensor([True]))
Parameter(torch.tensor([1, 2]), requires_grad=False)
Parameter(torch.tensor([1, 2]), False)
Parameter([1.0, 2.0])
Parameter(3)
Parameter(x, 3)
Parameter(x, requires_grad=None)
Parameter(x, True, 3)
Parameter(x.double()).dtype, Parameter(torch.ones(2, dtype=torch.complex64)).dtype
Parameter(x.expand(2, 3)).stride(), Parameter(torch.ones(2, 3).t()).stride()
Parameter(p) is p, Parameter(p), Parameter(x * p)
Parameter(Special(x))
isinstance(p, Parameter), isinstance(x, Parameter), isinstance(p, torch.Tensor), issubclass(Parameter, torch.Tensor)
isinstance(Special(x), Parameter), isinstance(p, Special), isinstance(Special(x), Special)
p + 1, 1 + p, p + p, p - x, x - p, 1 - p
p * p, p * 2, 2 * p, x * p, p / p, 2 / p, p / 2
p**2, 2**p, p**p, p % 2, p // 2
p @ p, x @ p, p @ x
-p, abs(p), p.exp(), torch.exp(p), p.sum(), p.mean()
p == p, p != x, p < 2, 2 < p, x >= p
p[0], p[1:], p.view(3, 1), p.reshape(1, 3), list(p)
p.detach(), p.data, p.clone()
torch.stack([p, p]), torch.cat([p, x]), torch.where(p > 1, p, x)
p.to(torch.float32) is p, p.to(torch.float64)
torch.zeros_like(p), p.new_zeros(2), torch.ones_like(p)
p.add_(1)
p.numpy()
p.detach().numpy(), p.tolist(), len(p)
{p: 1}[p], p in {p}, hash(p) == id(p)
Special(x) + Special(x)
torch.nn.Parameter.__name__, torch.nn.Parameter.__module__
torch.nn.Buffer(x), isinstance(torch.nn.Buffer(x), torch.nn.Buffer), isinstance(x, torch.nn.Buffer), torch.nn.Buffer(x).persistent
torch.nn.Buffer().shape, torch.nn.Buffer(x, persistent=False).persistent, torch.nn.Buffer(p).requires_grad
""")
def test_made(torch):
    x = torch.tensor([1.0, 2.0, 3.0])

    class Special(torch.nn.Parameter):
        pass

    return {"Parameter": torch.nn.Parameter, "Special": Special, "x": x, "p": torch.nn.Parameter(torch.tensor([1.0, 2.0, 4.0]))}


@both_worlds
def test_memory_is_shared(torch):
    whole = torch.ones(4)
    parameter, part = torch.nn.Parameter(whole), torch.nn.Parameter(whole[1:3])
    whole.mul_(2)
    yield parameter, part, parameter._version
    with torch.no_grad():
        part.add_(1)
        parameter += 1
    yield whole, parameter, part, type(parameter)
    parameter.data = torch.zeros(2)
    yield parameter, whole


@both_worlds
def test_gradients(torch):
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    (parameter * parameter).sum().backward()
    yield parameter.grad, type(parameter.grad)
    parameter.requires_grad_(False)
    yield parameter, isinstance(parameter, torch.nn.Parameter)
    with torch.no_grad():
        yield torch.nn.Parameter(torch.ones(2))
    with torch.inference_mode():
        yield torch.nn.Parameter(torch.ones(2)).is_inference(), torch.nn.Parameter(parameter).is_inference()


@both_worlds
def test_a_mark_makes_a_parameter(torch):
    tensor = torch.ones(2)
    tensor._is_param = True
    yield isinstance(tensor, torch.nn.Parameter)


@both_worlds
def test_copies(torch):
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    parameter.sum().backward()
    parameter.note = 3
    deep, shallow = copy.deepcopy(parameter), copy.copy(parameter)
    yield deep, deep.grad, hasattr(deep, "note"), shallow
    with torch.no_grad():
        deep.add_(1)
    yield parameter
    loaded = pickle.loads(pickle.dumps(parameter))
    yield loaded, loaded.grad, loaded.note
    yield pickle.loads(pickle.dumps(torch.nn.Parameter(torch.ones(2), requires_grad=False)))
    pair = copy.deepcopy([parameter, parameter])
    yield pair[0] is pair[1]
