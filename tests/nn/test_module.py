"""Module: attributes that become parameters, names, hooks, state and its report, conversions, copies."""

import copy
import pickle
import warnings
from collections import OrderedDict

from tests.worlds import both_worlds, expressions, refusal


def net_class(torch):
    """A module with one of everything."""
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 3)
            self.scale = nn.Parameter(torch.full((3,), 2.0))
            self.register_buffer("seen", torch.zeros(1))
            self.register_buffer("scratch", torch.ones(2), persistent=False)
            self.register_parameter("nothing", None)
            self.inner = nn.Sequential(nn.BatchNorm1d(3), nn.ReLU())
            self.shared = self.first

        def forward(self, x, factor=1):
            return self.inner(self.first(x)) * self.scale * factor

    return Net


# ---------------------------------------------------------------- attributes
@expressions("""
str(m), str(nn.Module())
[name for name, _ in m.named_parameters()], [name for name, _ in m.named_parameters(remove_duplicate=False)]
[name for name, _ in m.named_parameters("pre", recurse=False)], [name for name, _ in m.named_buffers()], len(list(m.buffers(False)))
[name for name, _ in m.named_modules()], [name for name, _ in m.named_modules(prefix="p", remove_duplicate=False)]
[name for name, _ in m.named_children()], len(list(m.children())), len(list(m.modules())), len(list(m.parameters()))
list(m.state_dict()), m.state_dict()._metadata, list(m.state_dict(prefix="net."))
m.state_dict(keep_vars=True)["scale"] is m.scale, m.state_dict()["scale"].requires_grad
m.missing
m.add_module("k", 3)
m.add_module("training", nn.ReLU())
m.add_module("a.b", nn.ReLU())
m.add_module("", nn.ReLU())
m.add_module(3, nn.ReLU())
m.register_module("k", None), str(m)
m.register_parameter("q", torch.ones(1))
m.register_parameter("training", P(torch.ones(1)))
m.register_parameter("", P(torch.ones(1)))
m.register_parameter("a.b", P(torch.ones(1)))
m.register_parameter(3, P(torch.ones(1)))
m.register_buffer("training", torch.ones(1))
m.register_buffer("k", 3)
m.register_buffer("k.l", torch.ones(1))
m.register_buffer("", torch.ones(1))
m.register_buffer(3, torch.ones(1))
setattr(m, "scale", torch.ones(3))
setattr(m, "scale", None), [name for name, _ in m.named_parameters()]
setattr(m, "first", 3)
setattr(m, "first", None), str(m)
setattr(m, "seen", 3)
setattr(m, "seen", torch.ones(4)), m.seen, list(m.state_dict())
setattr(m, "seen", P(torch.ones(4))), [name for name, _ in m.named_parameters()], [name for name, _ in m.named_buffers()]
setattr(m, "new", nn.Buffer(torch.ones(1), persistent=False)), list(m.state_dict()), [name for name, _ in m.named_buffers()]
setattr(m, "inner", P(torch.ones(4))), str(m), [name for name, _ in m.named_parameters()]
delattr(m, "scale"), delattr(m, "seen"), delattr(m, "inner"), str(m), list(m.state_dict())
delattr(m, "missing")
m.get_submodule("") is m, str(m.get_submodule("inner.0")), m.get_parameter("inner.0.weight"), m.get_buffer("inner.0.running_mean")
m.get_submodule("inner.7")
m.get_submodule("scale")
m.get_parameter("inner.0.zz")
m.get_parameter("seen")
m.get_buffer("scale")
m.get_buffer("zz")
m.set_submodule("inner.0", nn.ReLU()), str(m)
m.set_submodule("inner.new", nn.ReLU()), str(m)
m.set_submodule("inner.new", nn.ReLU(), strict=True)
m.set_submodule("zz.new", nn.ReLU())
m.set_submodule("", nn.ReLU())
m.set_submodule("inner.0", 3)
m.set_submodule("scale", nn.ReLU())
nn.Module(3)
nn.Module(a=3)
nn.Module()(1)
nn.Linear(2, 2, bias=False).bias
[name for name in dir(m) if not name.startswith("_") and name in ("first", "scale", "seen", "inner", "forward", "training", "to")]
m.get_extra_state()
m.train(3)
m.eval().training, m.inner[0].training, m.train() is m, m.inner[0].training
m.requires_grad_(False) is m, [p.requires_grad for p in m.parameters()]
m.compile(), m.share_memory() is m
m.to(memory_format=torch.channels_last).first.weight.stride(), nn.Conv2d(2, 3, 2).to(memory_format=torch.channels_last).weight.stride()
m.to("cpu", torch.float64, True).scale.dtype, m.to(torch.ones(1)).scale.dtype, m.to(dtype=torch.float16).scale.dtype, m.to() is m
m.to(torch.int32)
m.type(torch.float64).inner[0].num_batches_tracked.dtype, m.type("torch.FloatTensor").scale.dtype
m.load_state_dict(m.double().state_dict() | {"scale": torch.ones(3).long()}, assign=True)
nn.Linear(1, 1).load_state_dict({"weight": torch.ones(1, 1), "bias": torch.ones(1), "_extra_state": 1})
nn.Container(a=nn.ReLU())
m._get_name(), m.extra_repr(), nn.Linear(1, 1).extra_repr(), nn.Module.__module__.split(".")[1:]
""")
def test_attributes(torch):
    return {"nn": torch.nn, "P": torch.nn.Parameter, "m": net_class(torch)()}


@both_worlds
def test_init_must_come_first(torch):
    nn = torch.nn

    class Hasty(nn.Module):
        def __init__(self, value):
            self.value = value

    for value in (nn.Linear(1, 1), nn.Parameter(torch.ones(1)), 3, nn.Buffer(torch.ones(1))):
        yield refusal(Hasty, value)
    yield refusal(Hasty(3), 1), refusal(Hasty(3).state_dict), refusal(Hasty(3).register_buffer, "b", torch.ones(1))


@both_worlds
def test_text_of_nested_modules(torch):
    nn = torch.nn

    class Described(nn.Module):
        def __init__(self, lines, child=None):
            super().__init__()
            self.lines, self.child = lines, child

        def extra_repr(self):
            return self.lines

    for lines in ("", "one", "one\ntwo"):
        yield str(Described(lines)), str(Described(lines, nn.Sequential(nn.ReLU(), Described(lines))))


# ---------------------------------------------------------------- state
def checkpoint(torch):
    return {name: torch.full_like(value, 3) for name, value in net_class(torch)().state_dict().items()}


@expressions("""
str(m.load_state_dict(sd)), m.scale, m.inner[0].num_batches_tracked, m.scale.requires_grad
m.load_state_dict({k: v for k, v in sd.items() if k != "scale"})
m.load_state_dict({k: v for k, v in sd.items() if k not in ("scale", "inner.0.bias")} | {"foo": x, "inner.9.x": x, "first.w": x})
m.load_state_dict(sd | {"scale": torch.ones(4), "seen": torch.ones(2, 2)})
m.load_state_dict({"scale": torch.ones(4), "zz": x}, strict=False)
m.load_state_dict({"scale": torch.ones(3), "zz": x}, strict=False), m.scale
m.load_state_dict(sd | {"scale": 3})
m.load_state_dict([1])
m.load_state_dict(sd | {"scratch": x})
m.load_state_dict(sd | {"inner.0.num_batches_tracked": torch.tensor([7])}), m.inner[0].num_batches_tracked
m.load_state_dict(sd | {"scale": torch.ones(3, dtype=torch.float64)}), m.scale.dtype
m.load_state_dict(sd | {"scale": torch.ones(3, dtype=torch.float64)}, assign=True), m.scale, type(m.scale).__name__
m.load_state_dict(sd, assign=True), m.seen is sd["seen"], m.scale is sd["scale"]
m.load_state_dict(state_dict={k: v for k, v in sd.items() if k != "inner.0.num_batches_tracked"})
m.load_state_dict(OrderedDict(m.state_dict(), zz=x), strict=True)
nn.Linear(1, 1).load_state_dict({"weight": torch.ones(1, 1), "bias": torch.ones(1), "_extra_state": 3})
nn.InstanceNorm1d(2).load_state_dict({"running_mean": torch.ones(2)})
str(nn.BatchNorm1d(2).load_state_dict({"weight": torch.ones(2), "bias": torch.ones(2), "running_mean": torch.ones(2), "running_var": torch.ones(2)}))
""")
def test_loading(torch):
    return {"nn": torch.nn, "m": net_class(torch)(), "sd": checkpoint(torch), "x": torch.zeros(1), "OrderedDict": OrderedDict}


@both_worlds
def test_state_shares_memory(torch):
    module = torch.nn.Linear(1, 2)
    state = module.state_dict()
    with torch.no_grad():
        module.weight.fill_(5)
    yield state
    module.load_state_dict({"weight": torch.ones(2, 1), "bias": torch.zeros(2)})
    yield state, module.weight._version


@both_worlds
def test_extra_state(torch):
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 4

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    outer, other = torch.nn.Sequential(Counting()), torch.nn.Sequential(Counting())
    outer[0].count = 9
    yield outer.state_dict(), str(other.load_state_dict(outer.state_dict())), other[0].count
    yield refusal(other.load_state_dict, {})


@both_worlds
def test_state_hooks(torch):
    module = torch.nn.Sequential(torch.nn.Linear(1, 1))
    log = []
    module.register_state_dict_pre_hook(lambda mod, prefix, keep: log.append(("pre", type(mod).__name__, prefix, keep)))
    module[0].register_state_dict_post_hook(lambda mod, state, prefix, local: log.append(("post", list(state), prefix, local)))
    module._register_state_dict_hook(lambda mod, state, prefix, local: OrderedDict(state, added=torch.ones(1)))
    module[0].register_load_state_dict_pre_hook(lambda mod, state, prefix, *rest: log.append(("load", type(mod).__name__, list(state), prefix, rest)))
    module._register_load_state_dict_pre_hook(lambda state, *rest: log.append(("old", list(state), rest)))
    module[0].register_load_state_dict_post_hook(lambda mod, keys: log.append(("done", str(keys))))
    state = module.state_dict()
    yield list(state), log
    yield refusal(module.load_state_dict, state), log
    handle = module.register_load_state_dict_post_hook(lambda mod, keys: keys.unexpected_keys.clear())
    yield str(module.load_state_dict(state))
    handle.remove()
    yield refusal(module.load_state_dict, state)
    module[0].register_state_dict_post_hook(lambda *arguments: 3)
    yield refusal(module.state_dict)
    module.register_load_state_dict_post_hook(lambda mod, keys: 3)
    yield refusal(module.load_state_dict, {}, False)


# ---------------------------------------------------------------- forward hooks
class Log(list):
    """Hooks that note what they were given."""

    def hook(self, name, answer=None):
        """A hook that notes its arguments, without the module, and returns `answer`."""
        def called(module, *arguments):
            self.append((name, *arguments))
            return answer
        return called


@both_worlds
def test_forward_hooks(torch):
    net, log = net_class(torch)().eval(), Log()
    net.register_forward_pre_hook(log.hook("pre"))
    net.register_forward_pre_hook(log.hook("kwargs", ((torch.zeros(2, 2),), {"factor": 5})), with_kwargs=True)
    net.register_forward_pre_hook(log.hook("first", torch.ones(2, 2)), prepend=True)
    net.register_forward_hook(log.hook("after", torch.ones(1)))
    net.register_forward_hook(log.hook("with kwargs"), with_kwargs=True)
    handle = net.register_forward_hook(log.hook("prepended"), prepend=True)
    yield net(torch.randn(2, 2), factor=2), list(log)
    handle.remove()
    handle.remove()
    log.clear()
    yield net(torch.randn(2, 2)), list(log)
    net.register_forward_pre_hook(log.hook("wrong", 3), with_kwargs=True)
    yield refusal(net, torch.ones(2, 2)), len(net._forward_hooks), len(net._forward_pre_hooks)


@both_worlds
def test_hooks_that_are_always_called(torch):
    class Failing(torch.nn.Module):
        def forward(self, x):
            raise RuntimeError("no")

    def broken(*arguments):
        raise ValueError("broken")

    module, log = Failing(), Log()
    module.register_forward_hook(log.hook("plain"))
    module.register_forward_hook(log.hook("always"), always_call=True)
    module.register_forward_hook(broken, always_call=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield refusal(module, 1), list(log), [str(each.message) for each in caught]


@both_worlds
def test_global_hooks(torch):
    every, log = torch.nn.modules.module, Log()
    handles = [every.register_module_forward_pre_hook(log.hook("pre")), every.register_module_forward_hook(log.hook("after")),
               every.register_module_forward_hook(log.hook("always"), with_kwargs=True, always_call=True),
               every.register_module_full_backward_hook(log.hook("backward")),
               every.register_module_full_backward_pre_hook(log.hook("before backward"))]
    x = torch.ones(2, requires_grad=True)
    torch.nn.Sequential(torch.nn.Tanh(), torch.nn.ReLU())(x).sum().backward()
    yield list(log), refusal(every.register_module_backward_hook, log.hook("old"))
    for handle in handles:
        handle.remove()
    log.clear()
    torch.nn.Tanh()(x)
    yield list(log)


@both_worlds
def test_registration_hooks(torch):
    every, log = torch.nn.modules.module, []
    note = [lambda module, name, value: log.append((type(module).__name__, name, type(value).__name__))] * 3
    handles = [register(hook) for register, hook in zip((every.register_module_buffer_registration_hook, every.register_module_module_registration_hook,
                                                         every.register_module_parameter_registration_hook), note)]
    torch.nn.Sequential(torch.nn.BatchNorm1d(1), torch.nn.Linear(1, 1, bias=False))
    for handle in handles:
        handle.remove()
    torch.nn.Linear(1, 1)
    yield log


# ---------------------------------------------------------------- backward hooks
@both_worlds
def test_full_backward_hooks(torch):
    module, log = torch.nn.Linear(2, 1, bias=False), Log()
    with torch.no_grad():
        module.weight.fill_(2.0)
    module.register_full_backward_hook(log.hook("second"))
    module.register_full_backward_hook(log.hook("first", (torch.full((1, 2), 7.0),)), prepend=True)
    module.register_full_backward_pre_hook(log.hook("pre", (torch.full((1, 1), 3.0),)))
    x = torch.ones(1, 2, requires_grad=True)
    out = module(x)
    yield out
    out.sum().backward()
    yield list(log), x.grad, module.weight.grad
    yield refusal(module.register_backward_hook, log.hook("old"))


@both_worlds
def test_backward_hooks_without_input_gradient(torch):
    module, log = torch.nn.Linear(2, 1), Log()
    handle = module.register_full_backward_hook(log.hook("hook"))
    module(torch.ones(1, 2)).sum().backward()
    yield list(log), module.weight.grad
    with torch.no_grad():
        yield module(torch.ones(1, 2))
    handle.remove()
    module.register_full_backward_hook(log.hook("answers", (None,)))
    yield refusal(module(torch.ones(1, 2)).sum().backward)
    module.register_full_backward_hook(log.hook("answers", (torch.ones(1, 2),)))
    yield refusal(module(torch.ones(1, 2)).sum().backward)


@both_worlds
def test_backward_hooks_of_several_inputs_and_outputs(torch):
    class Both(torch.nn.Module):
        def forward(self, a, number, b):
            return a * b * number, a + 1, "text"

    module, log = Both(), Log()
    module.register_full_backward_hook(log.hook("hook"))
    a, b = torch.ones(2, requires_grad=True), torch.full((2,), 3.0)
    first, second, text = module(a, 2, b)
    (first.sum() + 5 * second.sum()).backward()
    yield list(log), a.grad, b.grad, text, first.requires_grad
    log.clear()
    module(a, 2, b)[0].sum().backward()
    yield list(log)
    module.register_full_backward_hook(log.hook("wrong", (None,)))
    yield refusal(module(a, 2, b)[0].sum().backward)


@both_worlds
def test_backward_hooks_guard_views(torch):
    module = torch.nn.Identity()
    module.register_full_backward_hook(lambda *arguments: None)
    x = torch.ones(2, requires_grad=True) * 1
    yield refusal(module(x).add_, 1), refusal(torch.nn.Sequential(module, torch.nn.ReLU(inplace=True)), x)


@both_worlds
def test_old_backward_hooks(torch):
    class Returning(torch.nn.Module):
        def __init__(self, make):
            super().__init__()
            self.make = make

        def forward(self, *args):
            return self.make(*args)

    x = torch.zeros(2, requires_grad=True)
    y = x * 1
    two = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Tanh())
    for module, args in ((two, (x,)), (torch.nn.Tanh(), (x,)), (torch.nn.Tanh(), (y,)), (Returning(lambda a: [a * 2]), (y,)),
                         (Returning(lambda a: {"out": a * 2}), (y,)), (Returning(lambda a: (a * 2, a * 3)), (y,)), (Returning(torch.mul), (y, 3))):
        log = Log()
        module.register_backward_hook(log.hook("old"))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            out = module(*args)
            (out if isinstance(out, torch.Tensor) else next(iter(out.values() if isinstance(out, dict) else out))).sum().backward(retain_graph=True)
            yield list(log), [str(each.message) for each in caught]
    yield refusal(module.register_full_backward_hook, log.hook("full"))


# ---------------------------------------------------------------- conversions
@both_worlds
def test_conversions_keep_parameters(torch):
    net = net_class(torch)()
    weight = net.first.weight
    net(torch.randn(2, 2)).sum().backward()
    yield net.double() is net, net.first.weight is weight, weight.dtype, weight.grad.dtype, net.seen.dtype, net.inner[0].num_batches_tracked.dtype
    yield net.half().scale.dtype, net.bfloat16().scale.dtype, net.float().scale.dtype, net.to(torch.float64).scale.dtype, net.cpu() is net
    yield net.to("cpu", torch.float32).scale.dtype, net.to(torch.ones(1, dtype=torch.float64)).scale.dtype, net.type(torch.float32).scale.dtype
    yield net.to(device="cpu").scale.dtype, net.first.weight is weight, weight.requires_grad, weight.is_leaf
    yield refusal(net.to, torch.int64), refusal(net.to, torch.ones(1, dtype=torch.int64))


@both_worlds
def test_apply_and_zero_grad(torch):
    net, seen = net_class(torch)(), []
    yield net.apply(lambda module: seen.append(type(module).__name__)) is net, seen
    net(torch.randn(2, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    yield net.scale.grad, net.first.weight.grad
    net.zero_grad()
    yield net.scale.grad


# ---------------------------------------------------------------- copies
@both_worlds
def test_copies_are_independent(torch):
    net, log = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2)), Log()
    net.register_forward_hook(lambda module, args, out: log.append(module is net))
    twin = copy.deepcopy(net)
    with torch.no_grad():
        twin[0].weight.fill_(1.0)
    x = torch.randn(3, 2)
    yield twin(x), net(x), list(log), twin[1].running_mean, str(twin), net[0].weight
    shallow = copy.copy(net)
    yield shallow[0] is net[0], shallow._modules is net._modules


@both_worlds
def test_pickled_modules(torch):
    net = torch.nn.Sequential(OrderedDict(a=torch.nn.Conv2d(1, 2, 2), b=torch.nn.LeakyReLU(0.2), c=torch.nn.ConstantPad1d(1, 3.0)))
    net.eval()
    net.a.weight.requires_grad_(False)
    twin = pickle.loads(pickle.dumps(net))
    x = torch.randn(1, 1, 3, 3)
    yield str(twin), twin.training, twin.a.weight.requires_grad, twin.state_dict(), twin(x), net(x)
    old = torch.nn.Linear(1, 1)
    state = old.__getstate__()
    for name in ("_state_dict_pre_hooks", "_non_persistent_buffers_set", "_forward_hooks_always_called"):
        del state[name]
    fresh = torch.nn.Linear.__new__(torch.nn.Linear)
    fresh.__setstate__(state)
    yield list(fresh.state_dict()), fresh(torch.ones(1)).shape


@both_worlds
def test_what_is_not_called_shows_its_name(torch):
    """`print(net.parameters())` and a forgotten pair of brackets: what tutorials show, but for the address."""
    net, f = torch.nn.Linear(1, 1, bias=False), torch.nn.functional
    net.weight.data.fill_(2.0)
    for each in (net.parameters(), net.named_modules(), net.children()):
        yield type(each).__name__, each.__qualname__
    yield str(net.state_dict), str(net.extra_repr), str(net.forward), str(net.weight.backward)
    for each in (torch.nn.Module.forward, torch.nn.BatchNorm1d._check_input_dim, f.cross_entropy, f.l1_loss, f.avg_pool2d, torch.stft, torch.atleast_1d):
        yield each.__name__, each.__qualname__
    yield [each.__name__ for each in (torch.rand_like, torch.is_floating_point, torch.numel, torch.hsplit, f.kl_div)]
