"""Which error comes first, and in whose words: pooling, convolutions, products, solvers, losses, and arguments of every kind."""

import itertools

import pytest

from tests.worlds import both_worlds, expressions, refusal


def shown(function, *arguments, **named):
    """The shapes that come of a call, or the error."""
    result = refusal(lambda: function(*arguments, **named))
    return tuple(result.shape) if hasattr(result, "shape") else result


# ---------------------------------------------------------------- windows
def images(rank):
    """Shapes that a pooling of `rank` dimensions takes and does not take."""
    return [(), (0,), (2,) * rank, (0, *(6,) * rank), (2, *(6,) * (rank - 1), 0), (2, 0, *(6,) * rank), (0, 2, *(6,) * rank),
            (2, 1, 1, *(6,) * rank), (1, 2, *(6,) * rank)]


WINDOWS = [((),), ((2, 2, 2, 2),), (2, (2, 2, 2, 2)), (2, ()), (2, 2, (0, 0, 0, 0)), (0,), (-1,), (2, 0), (2, -1), (2, 2, -1), (2, 2, 2), (7,), (0, 0), (0, -1)]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@both_worlds
def test_windows(torch, name, rank):
    pool = getattr(torch.nn.functional, f"{name}{rank}d")
    for shape in images(rank):
        yield shown(pool, torch.ones(shape), 2), shown(pool, torch.ones(shape), 2, 0)
    for arguments in WINDOWS:
        yield shown(pool, torch.ones(1, 2, *(6,) * rank), *arguments)
    for dtype in (torch.int32, torch.int64, torch.bool, torch.complex64, torch.float16):
        yield shown(pool, torch.ones(1, 2, *(4,) * rank).to(dtype), 2), shown(pool, torch.ones(1, 2, *(4,) * rank).to(dtype), 9)


@pytest.mark.parametrize("rank", [1, 2, 3])
@both_worlds
def test_dilated_windows(torch, rank):
    pool, image = getattr(torch.nn.functional, f"max_pool{rank}d"), torch.ones(1, 2, *(6,) * rank)
    for dilation, padding, indices in itertools.product((0, -1, (), (1,) * (rank + 1), 3, 6), (0, 2), (False, True)):
        result = refusal(lambda: pool(image, 2, dilation=dilation, padding=padding, return_indices=indices))
        yield result if isinstance(result, Exception) else True


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("name", ["adaptive_avg_pool", "adaptive_max_pool"])
@both_worlds
def test_adaptive(torch, name, rank):
    pool = getattr(torch.nn.functional, f"{name}{rank}d")
    for shape in images(rank):
        yield shown(pool, torch.ones(shape), 2), shown(pool, torch.ones(shape), (2,) * rank)
    for size in ((), (2,) * (rank + 1), (-1,) * rank, -1, 0, (0,) * rank):
        yield shown(pool, torch.ones(1, 2, *(6,) * rank), size), shown(pool, torch.ones(2, *(6,) * rank), size)
    for dtype in (torch.int64, torch.bool):
        yield shown(pool, torch.ones(1, 2, *(4,) * rank).to(dtype), 2), shown(pool, torch.ones(1, 2, *(4,) * rank).to(dtype), 1)


# ---------------------------------------------------------------- convolutions
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("name", ["conv", "conv_transpose"])
@both_worlds
def test_convolution(torch, name, rank):
    def ones(*shape):
        return torch.ones(shape)
    convolve, window = getattr(torch.nn.functional, f"{name}{rank}d"), (3,) * rank
    x, w, b = ones(1, 2, *(6,) * rank), ones(*((3, 2) if name == "conv" else (2, 3)), *window), ones(3)
    yield [shown(convolve, *each) for each in ((x[None], w), (x[0, 0], w), (x, w[0]), (x, w[None]), (x, ones(3)), (x, w, ones(4)), (x, w, ones(3, 1)))]
    yield [shown(convolve, x, w, b, *each) for each in ((0,), (-1,), (1, -1), (1, (1,) * 4), (2, "same"), (1, "other"))]
    yield [shown(convolve, x, w, b, **{key: value}) for key, value in itertools.product(("dilation", "groups"), (0, -1, 2, 7))]
    yield shown(convolve, x, w[..., :0]), shown(convolve, x[:0], w), shown(convolve, x[0], w)
    for one, two in itertools.permutations((torch.float32, torch.float64, torch.int64, torch.complex64, torch.float16), 2):
        yield shown(convolve, x.to(one), w.to(two)), shown(convolve, x.to(one), w.to(one), b.to(two))
    if name == "conv_transpose":
        yield [shown(convolve, x, w, output_padding=each) for each in (-1, 2)], shown(convolve, x, w, padding=9)


# ---------------------------------------------------------------- products and solvers
@expressions("""
torch.baddbmm(o(2, 2, 4), o(2, 2, 3), o(3))
torch.baddbmm(o(2, 2, 4), o(2, 2, 3), o(2, 2, 3, 4))
torch.addbmm(o(2, 4), o(2, 2, 3), o(()))
torch.addbmm(o(2, 4).double(), o(2, 2, 3), o(2, 3, 4))
torch.addmv(o(5), o(2, 3), o(3))
torch.mv(o(()), o(3))
torch.inner(o(2, 3).long(), o(2, 3))
torch.tensordot(o(2, 3).long(), o(3, 2), 1)
torch.linalg.multi_dot([o(2, 3), o(4, 2)])
torch.chain_matmul()
torch.nn.functional.linear(o(2, 3), o(()))
torch.linalg.vecdot(o(3, 3), o(3, 3).int())
torch.linalg.pinv(o(3))
torch.linalg.svdvals(o(3))
torch.linalg.svd(o(2, 2).half())
torch.linalg.eigh(o(2, 2).long())
torch.linalg.eig(o(2, 2).bool())
torch.linalg.qr(o(2, 2).half())
torch.linalg.cond(o(3))
torch.linalg.cond(o(3, 2), 1)
torch.linalg.householder_product(o(3, 2), o(3))
torch.linalg.householder_product(o(2, 3, 2), o(2))
torch.linalg.lu_solve(o(3, 3), torch.ones(4, dtype=torch.int32), o(3, 2))
torch.lu_unpack(o(3, 3), o(3))
torch.linalg.lstsq(o(2, 3, 4), o(3))
torch.cholesky_solve(o(4, 2), o(3, 3))
torch.triangular_solve(o(4), o(3, 3))
torch.cdist(o(2, 3), o(4, 3).bool())
torch.dist(o(2, 3), o(2, 4))
torch.trapezoid(o(2, 3), o(2, 4))
torch.cosine_similarity(o(2, 3), o(1, 2, 3))
torch.matrix_exp(o(2, 2).long())
""")
def test_matrices(torch):
    return {"o": lambda *shape: torch.ones(shape[0] if shape and isinstance(shape[0], tuple) else shape)}


# ---------------------------------------------------------------- losses, indices, samples
@expressions("""
F.linear_cross_entropy(o(2, 3), o(4, 4), z(2))
F.linear_cross_entropy(o(2, 3), o(4, 3), z(2), linear_bias=o(3))
F.linear_cross_entropy(o(2, 3), o(4, 3), o(2, 4), ignore_index=1)
F.multi_margin_loss(o(5, 4), o(5, 4))
F.multilabel_margin_loss(o(5, 4), o(4))
F.poisson_nll_loss(o(5, 4), o(5))
F.poisson_nll_loss(o(2).bool(), o(2).bool())
F.hinge_embedding_loss(o(2).bool(), o(2))
F.group_norm(o(2, 4).int(), 2)
F.layer_norm(o(2, 4).long(), (4,))
F.batch_norm(torch.full((2, 3), 2.0), None, None, training=True, eps=0)
F.interpolate(o(1, 1, 4).int(), 2)
F.unfold(o(1, 1, 4, 4).long(), 2)
F.prelu(o(2).long(), o(1).long())
torch.hinge_embedding_loss(o(2, 3), o(2, 3)).shape
torch.triplet_margin_loss(o(2, 3), o(2, 3), o(2, 3), reduction=2)
o(3, 4).scatter(0, z(3, 4) + 9, o(4))
o(3, 4).scatter_(0, z(3, 4) + 9, o(3, 4).double())
o(3, 4).scatter_add(0, z(3, 4) + 9, o(()))
o(3, 4).gather(0, z(4) + 9)
o(3, 4).index_add_(0, z(2) + 9, o(2, 5))
torch.multinomial(torch.tensor([-1.0, 1]), 2, True)
torch.multinomial(torch.tensor([-1.0, 1]), 2, False)
torch.multinomial(torch.tensor([float("inf"), 1]), 2, True)
torch.bernoulli(o(3), -1)
torch.tensor([2**63, 1])
torch.tensor([1, 2**64], dtype=torch.uint64)
torch.full((2,), -3.0, dtype=torch.bfloat16).byte()
torch.logit(torch.tensor([0.1, 0.5, 2]), 1.0)
torch.unravel_index(torch.tensor([1, 2], dtype=torch.uint8), 3)
torch.block_diag()
torch.histogram(o(3)).hist.shape
o(2).long().bitwise_and_(o(2).half())
o(()).bitwise_left_shift_(o(2, 3).long())
torch.zeros(1, 3).expand(2, 3).masked_fill_(o(2, 3), 1)
torch.zeros(1, 3).expand(2, 3).t_().shape
""")
def test_numbers(torch):
    def ones(*shape):
        return torch.ones(shape[0] if shape and isinstance(shape[0], tuple) else shape)
    return {"F": torch.nn.functional, "o": ones, "z": lambda *shape: torch.zeros(shape, dtype=torch.int64)}


# ---------------------------------------------------------------- arguments
@expressions("""
x.cumsum(0, dim=0)
x.cumsum(0, out=x)
x.mm(x, out=x)
torch.cumsum(x, 0, axis=1)
torch.add(self=x, other=x)
torch.add(2, x)
torch.add(2, 3)
torch.div(1, 2, rounding_mode="floor")
torch.exp(x, generator=None)
torch.det(x, out=x)
torch.linalg.inv(x, out="a")
torch.linalg.qr(x, out=x)
torch.nn.functional.relu(x, out=x)
torch.nonzero(x, as_tuple=True, out=x)
torch.nonzero(x, as_tuple=False, out=torch.zeros(2))
torch.amax(x, dim=None)
x.bfloat16(1)
x.long(foo=1)
x.split(2, foo=1)
x.permute((1, "a"))
x.sum((0, "a"))
x.reshape((2, None))
x.transpose(0, torch.tensor(1)).shape
torch.Tensor.add(1.5, x)
torch.nn.functional.fold(x)
torch.nn.functional.cross_entropy(x)
torch.atleast_1d(x, dim=1)
torch.stft()
torch.nn.functional.avg_pool2d(x[None], 2, 2, 0, 4)
torch.nn.functional.linear(x, 1)
torch.eq(x, x, out=torch.ones(2, 3, requires_grad=True)).tolist()
""")
def test_arguments(torch):
    return {"x": torch.ones(2, 3)}
