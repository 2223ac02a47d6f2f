"""Kernels made from a family's symbolic jaxpr are those that tracing at their sizes gives."""

import numpy
import pytest

import facade
from facade.core.engine import graph

F = facade.nn.functional
SIZES = (5, 6, 7, 4, 9, 12, 13, 11, 15)        # two powers of two, odd and even, three of each before and after a family is known


def _case(name, function):
    return pytest.param(function, id=name)


CASES = [
    _case("add", lambda x, n: x + x[:1]),
    _case("matmul", lambda x, n: x @ x.T),
    _case("linear", lambda x, n: F.linear(x, x[:3], x[:3, 0])),
    _case("softmax", lambda x, n: x.T.softmax(-1)),
    _case("layer_norm", lambda x, n: F.layer_norm(x, (8,))),
    _case("gelu", lambda x, n: F.gelu(x)),
    _case("mean", lambda x, n: x.mean(0)),
    _case("std", lambda x, n: x.std(0)),
    _case("var_mean", lambda x, n: facade.var_mean(x, 0)),
    _case("median", lambda x, n: x.median(0)),
    _case("nanmedian", lambda x, n: x.nanmedian()),
    _case("quantile", lambda x, n: x.quantile(0.3, dim=0)),
    _case("sort", lambda x, n: x.sort(0)),
    _case("topk", lambda x, n: x.topk(3, dim=0)),
    _case("kthvalue", lambda x, n: x.kthvalue(2, dim=0)),
    _case("cumsum", lambda x, n: x.cumsum(0)),
    _case("cummax", lambda x, n: x.cummax(0)),
    _case("logcumsumexp", lambda x, n: x.logcumsumexp(0)),
    _case("flip", lambda x, n: x.flip(0)),
    _case("roll", lambda x, n: x.roll(2, 0)),
    _case("roll flat", lambda x, n: x.roll(3)),
    _case("view", lambda x, n: x.view(n, 2, 4).transpose(0, 1).reshape(-1)),
    _case("unfold", lambda x, n: x.unfold(0, 3, 2)),
    _case("chunk", lambda x, n: x.chunk(3)),
    _case("split", lambda x, n: x.split(2)),
    _case("tensor_split", lambda x, n: facade.tensor_split(x, 3)),
    _case("cat", lambda x, n: facade.cat([x, x[1:]])),
    _case("stack", lambda x, n: facade.stack([x, x])),
    _case("pad", lambda x, n: F.pad(x[None], (1, 2, 2, 1), mode="reflect")),
    _case("arange", lambda x, n: facade.arange(n) + facade.arange(1, n + 1)),
    _case("eye", lambda x, n: facade.eye(n)),
    _case("linspace", lambda x, n: facade.linspace(0, 1, n)),
    _case("tril", lambda x, n: facade.tril(x @ x.T)),
    _case("diag", lambda x, n: facade.diag(x[:, 0])),
    _case("diagonal", lambda x, n: (x @ x.T).diagonal()),
    _case("index", lambda x, n: x[facade.arange(n - 1, -1, -1)]),
    _case("slices", lambda x, n: x[1:-1:2, ::3]),
    _case("gather", lambda x, n: x.gather(0, x.argsort(0))),
    _case("scatter", lambda x, n: x.scatter(0, x.argsort(0), x)),
    _case("repeat", lambda x, n: x.repeat(2, 3)),
    _case("repeat_interleave", lambda x, n: x.repeat_interleave(2, 0)),
    _case("expand", lambda x, n: x[:, None].expand(n, 3, 8)),
    _case("embedding", lambda x, n: F.embedding(facade.arange(n) % 4, x[:4])),
    _case("one_hot", lambda x, n: F.one_hot(facade.arange(n), n)),
    _case("cross_entropy", lambda x, n: F.cross_entropy(x, facade.arange(n) % 8)),
    _case("attention", lambda x, n: F.scaled_dot_product_attention(x[None], x[None], x[None], is_causal=True)),
    _case("conv1d", lambda x, n: F.conv1d(x.T[None], x[:3].reshape(1, 8, 3), padding=1)),
    _case("max_pool1d", lambda x, n: F.max_pool1d(x.T[None], 2)),
    _case("avg_pool1d", lambda x, n: F.avg_pool1d(x.T[None], 3, 2)),
    _case("adaptive_avg_pool1d", lambda x, n: F.adaptive_avg_pool1d(x.T[None], 4)),
    _case("interpolate", lambda x, n: F.interpolate(x.T[None], scale_factor=2, mode="linear")),
    _case("batch_norm", lambda x, n: F.batch_norm(x, None, None, training=True)),
    _case("group_norm", lambda x, n: F.group_norm(x, 4)),
    _case("norm", lambda x, n: (x.norm(), x.norm(3, dim=0))),
    _case("cdist", lambda x, n: facade.cdist(x, x[:3])),
    _case("einsum", lambda x, n: facade.einsum("ij,kj->ik", x, x)),
    _case("inverse", lambda x, n: facade.linalg.inv(x @ x.T + 9 * facade.eye(n))),
    _case("cholesky", lambda x, n: facade.linalg.cholesky(x @ x.T + 9 * facade.eye(n))),
    _case("fft", lambda x, n: (facade.fft.fft(x, dim=0).real, facade.fft.irfft(x.to(facade.complex64), dim=0))),
    _case("searchsorted", lambda x, n: facade.searchsorted(x[:, 0].sort().values, x[:, 1])),
    _case("where", lambda x, n: facade.where(x > 0, x, 0)),
    _case("glu", lambda x, n: F.glu(x)),
    _case("in place", lambda x, n: x.clone().add_(1).clamp_(max=0.5)),
]


def _results(function, size):
    made = function(facade.tensor(numpy.random.RandomState(size).randn(size, 8).astype("float32")), size)
    made = made if isinstance(made, (tuple, list)) else [made]
    return [(each.dtype, numpy.array(each.tolist())) for each in made]


@pytest.fixture
def anew():
    """No kernels and no families from before; afterwards none from here."""
    graph._kernels.clear()
    graph.forget_families()
    yield
    graph._kernels.clear()
    graph.forget_families()


@pytest.mark.parametrize("function", CASES)
def test_every_size_gives_what_tracing_at_it_gives(function, anew, monkeypatch):
    from_families = [_results(function, size) for size in SIZES]
    graph._kernels.clear()
    monkeypatch.setattr(graph.Kernel, "_found_family", lambda self: None)
    for size, found in zip(SIZES, from_families):
        for (dtype, values), (other_dtype, others) in zip(found, _results(function, size), strict=True):
            assert dtype is other_dtype
            numpy.testing.assert_array_equal(values, others, err_msg=f"size {size}")


def test_a_family_is_traced_once_for_a_power_of_two(anew):
    traced = []
    original = graph.Kernel._traced

    def counted(self, specs, statics):
        traced.append(specs)
        return original(self, specs, statics)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph.Kernel, "_traced", counted)
        for size in range(8, 16):
            facade.ones(size, 5).exp()
        assert len([specs for specs in traced if specs and specs[0] is not float]) <= 3     # two sizes, then symbols
        facade.ones(17, 5).exp()
    assert graph.totals.kernels


def _gradients(function, size):
    x = facade.tensor(numpy.random.RandomState(size).randn(size, 8).astype("float32"), requires_grad=True)
    made = function(x, size)
    made = [each for each in (made if isinstance(made, (tuple, list)) else [made]) if each.requires_grad]
    if not made:
        return None
    sum((each * each.detach().cos()).sum() for each in made).backward()
    return x.grad.numpy()


def test_derivatives_at_every_size_need_what_those_of_their_family_need(anew, monkeypatch):
    """What a derivative keeps is found once for all sizes; the derivative itself is traced at its own."""
    names = "softmax layer_norm std matmul gather gelu norm batch_norm where".split()
    functions = [case.values[0] for case in CASES if case.id in names]
    from_families = [[_gradients(each, size) for size in SIZES] for each in functions]
    graph._kernels.clear()
    monkeypatch.setattr(graph.Kernel, "_found_family", lambda self: None)
    for each, found in zip(functions, from_families):
        for size, values in zip(SIZES, found):
            numpy.testing.assert_array_equal(values, _gradients(each, size))


def test_a_derivative_that_nobody_asks_for_is_not_traced_at_every_size(anew):
    before = graph.totals.kernels
    for size in range(8, 16):
        facade.ones(size, 5, requires_grad=True).exp()
    assert graph.totals.kernels - before <= 8 + 8 + 3       # ones and exp at eight sizes; the derivative at two, and for them all


def test_an_operator_that_asks_about_its_size_is_traced_at_every_size(anew):
    class Odd:
        sized = True

        def specialize(self, specs, statics):
            return lambda x: x * (2 if x.shape[0] > 10 else 1)
    operator = Odd()
    for size in (8, 9, 11, 12, 10, 13):
        value = graph.constant(numpy.ones(size, "float32"))
        (result,), _ = facade.core.engine.record(operator, (), [value])
        assert facade.core.engine.read(result)[0] == (2 if size > 10 else 1)
