"""Clipping gradients, and parameters as one vector."""

from tests.worlds import both_worlds, expressions, refusal


def _parameters(torch):
    first, second, third = (torch.nn.Parameter(torch.ones(*shape)) for shape in ((3,), (2, 2), (1,)))
    first.grad, second.grad = torch.tensor([3.0, -4.0, 0.0]), torch.tensor([[1.0, 2.0], [-6.0, 0.5]])
    return first, second, third


@expressions("""
U.clip_grad_norm_([p, q, r], 1.0), p.grad, q.grad, r.grad
U.clip_grad_norm_(p, 2), p.grad
U.clip_grad_norm_((each for each in (p, q)), 100.0), p.grad, q.grad
U.clip_grad_norm_([p, q], 1.0, norm_type=float("inf")), p.grad, q.grad
U.clip_grad_norm_([p, q], 1.0, 1, foreach=False), p.grad, q.grad
U.clip_grad_norm_([], 1.0), U.clip_grad_norm_((each for each in ()), 1.0), U.clip_grad_norm_([r], 1.0)
U.clip_grad_norm_([n], 1.0), n.grad
U.clip_grad_norm_([n], 1.0, error_if_nonfinite=True)
U.clip_grad_norm_([n], 1.0, 3, error_if_nonfinite=True)
U.clip_grad_norm([p], 1.0), p.grad
U.clip_grad_value_([p, q, r], 2), p.grad, q.grad
U.clip_grad_value_(p, 0.5), p.grad
U.get_total_norm([torch.ones(2), torch.ones(3)]), U.get_total_norm(torch.ones(3), 1), U.get_total_norm([])
U.clip_grads_with_norm_([p], 1.0, torch.tensor(10.0)), p.grad
U.parameters_to_vector([p, q]), U.parameters_to_vector(iter([q]))
U.parameters_to_vector([])
U.vector_to_parameters(torch.arange(7.0), [p, q]), p, q
U.vector_to_parameters(3, [p])
""")
def test_gradients_and_vectors(torch):
    p, q, r = _parameters(torch)
    n = torch.nn.Parameter(torch.ones(2))
    n.grad = torch.tensor([float("nan"), 1.0])
    return {"U": torch.nn.utils, "p": p, "q": q, "r": r, "n": n}


@both_worlds
def test_vector_shares_memory_with_parameters(torch):
    p, q, _ = _parameters(torch)
    vector = torch.arange(7.0)
    torch.nn.utils.vector_to_parameters(vector, [p, q])
    vector.mul_(10)
    yield p, q, p.grad
    torch.nn.utils.parameters_to_vector([p, q]).sum().backward()
    yield p.grad, q.grad


@both_worlds
def test_fusion(torch):
    nn, U = torch.nn, torch.nn.utils
    torch.manual_seed(0)
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for layer, transpose in ((nn.Conv2d(3, 4, 2), False), (nn.Conv2d(3, 4, 2, bias=False), False), (nn.ConvTranspose2d(3, 4, 2), True)):
        for affine in (True, False):
            layer, norm = layer.double().eval(), nn.BatchNorm2d(4, affine=affine).double()
            norm(layer(x))
            fused = U.fuse_conv_bn_eval(layer, norm.eval(), transpose)
            yield str(fused), fused.weight, fused.bias, (fused(x) - norm(layer(x))).abs().max() < 1e-9
    yield refusal(U.fuse_conv_bn_eval, nn.Conv2d(1, 1, 1), norm), refusal(U.fuse_conv_bn_eval, layer, nn.BatchNorm2d(4, track_running_stats=False).eval())
    layer, norm = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4)
    norm(torch.randn(5, 4))
    fused = U.fuse_linear_bn_eval(layer, norm.eval())
    yield str(fused), fused.weight, fused.bias, refusal(U.fuse_linear_bn_eval, layer, nn.BatchNorm1d(3).eval())


@both_worlds
def test_functional_call(torch):
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x):
            self.seen = self.seen + 1
            return self.a(x) + self.b(x)

    torch.manual_seed(0)
    module, weight, x, given = Twice(), torch.ones(2, 2), torch.ones(1, 2), {"seen": torch.ones(1)}
    call = torch.func.functional_call
    yield call(module, {"a.weight": weight}, x), call(module, {"a.weight": weight}, x, tie_weights=False), module.seen
    yield call(module, given, (x,)), given, module.seen, torch.nn.utils.stateless.functional_call(module, {"a.weight": weight}, x)
    for wrong in ({"a.weight": weight, "b.weight": weight * 2}, {"a.weight": weight}, {"z": weight}):
        yield refusal(lambda: call(module, wrong, x, strict=True))


@both_worlds
def test_without_first_values(torch):
    U = torch.nn.utils
    torch.manual_seed(3)
    yield str(U.skip_init(torch.nn.Linear, 2, 3)), torch.rand(1), refusal(U.skip_init, torch.nn.ReLU), refusal(U.skip_init, int)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2), torch.nn.ConvTranspose2d(4, 2, 2), torch.nn.Linear(1, 1))
    yield [each.stride() for each in U.convert_conv2d_weight_memory_format(net, torch.channels_last).parameters()]
