"""Lazy modules: shapes from the first input or from a state; uninitialized tensors, what they know and what they refuse."""

import copy

import pytest

from tests.worlds import both_worlds, expressions, refusal

# class -> (arguments, options, shape of an input)
CLASSES = {
    "LazyLinear": ((3,), {}, (2, 5)), "LazyConv1d": ((4, 3), {}, (2, 5, 7)), "LazyConv2d": ((4, 3), {"groups": 2, "padding": "same"}, (2, 6, 4, 4)),
    "LazyConv3d": ((2, 3), {"bias": False}, (3, 4, 4, 4)), "LazyConvTranspose1d": ((4, 3), {}, (2, 5, 4)),
    "LazyConvTranspose2d": ((4, 3), {"stride": 2}, (2, 3, 3, 3)), "LazyConvTranspose3d": ((2, 2), {}, (1, 3, 2, 2, 2)),
    "LazyBatchNorm1d": ((), {"bias": False}, (3, 4)), "LazyBatchNorm2d": ((), {}, (3, 4, 2, 2)),
    "LazyBatchNorm3d": ((), {"track_running_stats": False}, (3, 4, 2, 1, 2)), "LazyInstanceNorm1d": ((), {}, (3, 4, 5)),
    "LazyInstanceNorm2d": ((), {"affine": False}, (3, 4, 3, 2)), "LazyInstanceNorm3d": ((), {"track_running_stats": False}, (3, 4, 2, 1, 2)),
}


def _classes(tensors):
    return [type(each).__name__ for each in tensors]


@pytest.mark.parametrize("name", CLASSES)
@both_worlds
def test_first_call_and_states(torch, name):
    arguments, options, shape = CLASSES[name]

    def made():
        torch.manual_seed(0)
        return getattr(torch.nn, name)(*arguments, dtype=torch.float64, **options) if name != "LazyLinear" else torch.nn.LazyLinear(3, dtype=torch.float64)
    module, loaded, empty = made(), made(), made()
    state = module.state_dict()
    yield str(module), module.has_uninitialized_params(), _classes(module.parameters()), _classes(module.buffers()), _classes(state.values())
    yield str(empty.load_state_dict(state)), str(empty), [each.dtype for each in empty.float().parameters()], refusal(module.share_memory)
    x = torch.randn(*shape, dtype=torch.float64)
    result = module(x)
    yield result, str(module), type(module).__name__, _classes(module.parameters()), _classes(module.buffers()), len(module._forward_pre_hooks)
    yield str(loaded.load_state_dict(module.state_dict())), str(loaded), _classes(loaded.parameters()), loaded.state_dict()
    yield refusal(module.load_state_dict, state)


@expressions("""
p, b, str(p), p.dtype, p.requires_grad, p.is_leaf, p.grad, p.size(), p.ndim, p.data, p.is_floating_point(), b.persistent, p.half().dtype
isinstance(p, nn.Parameter), isinstance(b, nn.Buffer), isinstance(b, nn.Parameter), nn.parameter.is_lazy(p), nn.parameter.is_lazy(torch.ones(1))
p.shape
p.dim()
p.numel()
p + 1
1 + p
torch.ones(2) * p
p @ p
p.sum()
p.detach()
p.clone()
p.requires_grad_(False)
p.share_memory_()
nn.init.zeros_(p)
p.materialize((2, 3)), type(p).__name__, p.shape, p.requires_grad, b.materialize((2,), dtype=torch.int32), type(b).__name__, b.shape, b.dtype
nn.UninitializedParameter(False, dtype=torch.float64).materialize((1,))
copy.deepcopy(p), copy.deepcopy(p).dtype
""")
def test_uninitialized(torch):
    return {"nn": torch.nn, "copy": copy, "p": torch.nn.UninitializedParameter(dtype=torch.float64), "b": torch.nn.UninitializedBuffer()}


@both_worlds
def test_in_a_network(torch):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.LazyLinear(4), torch.nn.ReLU(), torch.nn.LazyLinear(2, bias=False))
    twin = copy.deepcopy(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    yield refusal(lambda: sum(each.numel() for each in net.parameters()))
    net(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    yield str(net), list(net.parameters()), str(twin), twin(torch.ones(1, 7)).shape, str(twin)
    yield refusal(torch.nn.LazyConv2d(4, 3, groups=2), torch.ones(1, 3, 4, 4)), refusal(torch.nn.LazyConv1d(4, 3), torch.ones(3))
    yield refusal(torch.nn.LazyConv2d, 3), refusal(torch.nn.LazyLinear)


@both_worlds
def test_own_lazy_modules(torch):
    nn = torch.nn

    class Unready(nn.modules.lazy.LazyModuleMixin, nn.Module):
        pass

    class Forgetful(Unready):
        def __init__(self):
            super().__init__()
            self.weight = nn.UninitializedParameter()

        def initialize_parameters(self, x):
            pass

    class Scale(Forgetful):
        def __init__(self):
            super().__init__()
            self.register_buffer("shift", nn.UninitializedBuffer())

        def initialize_parameters(self, x, size=2):
            with torch.no_grad():
                self.weight.materialize((size,))
                self.weight.fill_(1)
                self.shift.materialize((size,))
                self.shift.fill_(2)

        def forward(self, x, size=2):
            return x * self.weight + self.shift

    scale = Scale()
    yield refusal(Unready(), 1), refusal(Forgetful(), 1), scale(3, size=3), type(scale).__name__, scale.state_dict()
