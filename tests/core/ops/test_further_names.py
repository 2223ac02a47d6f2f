"""Names that few programs use: Python functions over elements, segments, bags, strided tensors asked about other layouts, borrowed memory."""

import os

import numpy as np

from tests.worlds import both_worlds, expressions, refusal


@expressions("""
    t.clone().apply_(lambda x: x + 1)
    torch.arange(3).apply_(lambda x: x * 2.5)
    t.clone().apply_(lambda x: 'a')
    t.clone().requires_grad_().apply_(abs)
    t.clone().t().apply_(lambda x: 3)
    t.clone().map_(torch.ones(3), lambda a, b: a + b)
    t.clone().map_(torch.ones(3).double(), lambda a, b: a + b)
    t.clone().map_(torch.ones(4), lambda a, b: a + b)
    t.clone().map2_(t, torch.ones(3), lambda a, b, c: a + b * c)
    t.clone().map2_(t.long(), torch.ones(3), lambda a, b, c: a)
    torch.as_strided_scatter(t, torch.ones(2), (2,), (2,), 1)
    torch.as_strided_scatter(t, torch.ones(3), (2,), (2,), 1)
    torch.as_strided_(t.clone(), (3, 2), (1, 3))
    torch.slice_copy(t.clone().requires_grad_(), 1, 0, 2)
    torch.conv_tbc(torch.ones(5, 2, 3), torch.ones(2, 3, 4), torch.ones(4), 1)
    torch.conv_tbc(torch.ones(5, 2), torch.ones(2, 3, 4), torch.ones(4))
    torch.conv_tbc(torch.ones(5, 2, 3), torch.ones(2, 4, 4), torch.ones(4))
    torch.embedding_bag(w, torch.tensor([1, 2, 4, 3]), torch.tensor([0, 2]))
    torch.embedding_bag(w, torch.tensor([1, 2, 4, 3]), torch.tensor([0, 2]), mode=1)
    torch.embedding_bag(w, torch.tensor([1, 2, 4, 3]), torch.tensor([0, 2]), mode=2)
    t.coalesce()
    t.crow_indices()
    t.values()
    t.sparse_dim(), t.dense_dim(), t.t().dim_order(), t.half().dequantize(), t.is_sparse, t.is_quantized, t.is_nested
    torch.sym_int(-3.7), torch.sym_float(3), torch.sym_max(3, 2.0), torch.sym_min(3, 4), torch.sym_not(3)
    torch.sym_sum([1, 2]), torch.sym_ite(True, 1, 2)
    torch.sym_max('a', 1)
    torch.hash_tensor(torch.tensor([-1, 2, 3], dtype=torch.int8)), torch.hash_tensor(t, 1), torch.hash_tensor(t.half())
    torch.fake_quantize_per_channel_affine(t, torch.tensor([0.1, 0.2]), torch.tensor([0, 500], dtype=torch.int32), 0, -128, 127)
    torch.fake_quantize_per_tensor_affine(t, 0.1, 300, 0, 255)
    torch.cond(torch.tensor(True), lambda x: x + 1, lambda x: x - 1, (t,))
    torch.cond(torch.tensor([True, False]), abs, abs, (t,))
    torch.while_loop(lambda i: i < 3, lambda i: (i + 1,), (torch.tensor(0),))
    torch.__version__ >= '2.4', torch.__version__ > (1, 2), torch.__version__ < '10'
    [torch.functional.einsum('ij->i', t), torch.functional.atleast_3d(t).shape]
    sorted(torch.nn.factory_kwargs({'device': 'cpu', 'dtype': None})), torch.nn.grad.conv1d_weight(torch.ones(1, 2, 5), (3, 2, 2), torch.ones(1, 3, 4))
    torch.nn.grad.conv2d_input((1, 1, 3, 3), torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    torch.nn.factory_kwargs({'a': 1})
""")
def test_name(torch):
    return {"t": torch.arange(6.0).reshape(2, 3), "w": torch.arange(10.0).reshape(5, 2)}


@both_worlds
def test_segment_reduce(torch):
    data = torch.arange(12.0).reshape(6, 2)
    for kind in ("sum", "mean", "max", "min", "prod"):
        yield torch.segment_reduce(data, kind, lengths=torch.tensor([2, 0, 4]))
        yield torch.segment_reduce(data, kind, offsets=torch.tensor([0, 2, 6]), initial=3)
        tracked = torch.tensor([1.0, 3.0, 3.0, 0.0, 2.0], requires_grad=True)
        torch.segment_reduce(tracked, kind, lengths=torch.tensor([3, 2])).sum().backward()
        yield tracked.grad
    yield torch.segment_reduce(data.T.contiguous(), "sum", lengths=torch.tensor([[2, 4], [1, 5]]), axis=1)
    for wrong in ({"lengths": torch.tensor([2, 3])}, {"lengths": torch.tensor([9, -3])}, {}, {"lengths": torch.tensor([6.0])},
                  {"lengths": torch.tensor([6]), "axis": 1}, {"indices": torch.tensor([0])}):
        yield refusal(lambda: torch.segment_reduce(data, "sum", **wrong))
    yield refusal(lambda: torch.segment_reduce(data, "other", lengths=torch.tensor([6])))
    yield refusal(lambda: torch.segment_reduce(data.long(), "sum", lengths=torch.tensor([6])))


@both_worlds
def test_asarray(torch):
    leaf = torch.ones(2, requires_grad=True)
    yield torch.asarray(leaf) is leaf, torch.asarray(leaf, copy=True), torch.asarray(leaf, dtype=torch.float64)
    yield torch.asarray(leaf * 2, requires_grad=False)
    yield torch.asarray(leaf, copy=True, requires_grad=False), torch.asarray([1.0], requires_grad=True), torch.asarray(np.ones(2), requires_grad=True)
    yield refusal(lambda: torch.asarray(leaf, dtype=torch.int64)), refusal(lambda: torch.asarray([1], copy=False))
    yield refusal(lambda: torch.asarray(leaf, dtype=torch.float64, copy=False)), refusal(lambda: torch.asarray([1, 2], requires_grad=True))
    yield torch.asarray(b"abcd", dtype=torch.uint8), torch.asarray(leaf, requires_grad=False) is leaf, leaf.requires_grad


@both_worlds
def test_from_file(torch, tmp_path):
    path = str(tmp_path / f"{torch.__name__}.bin")
    yield torch.from_file(path, shared=True, size=3), os.path.getsize(path)
    torch.from_file(path, shared=True, size=3).fill_(2)
    own = torch.from_file(path, size=3)
    own[0] = 7
    yield own, torch.from_file(path, size=3), torch.from_file(path, size=2, dtype=torch.int32), torch.from_file(path)
    yield type(refusal(lambda: torch.from_file(path, size=5))).__name__, type(refusal(lambda: torch.from_file(path + "x", size=5))).__name__


@both_worlds
def test_exchanged_and_shared(torch):
    one, other = torch.nn.Parameter(torch.ones(2)), torch.zeros(3)
    torch.utils.swap_tensors(one, other)
    yield one, other, type(one).__name__, type(other).__name__
    source = torch.arange(4)
    torch.from_dlpack(source)[:2] = -1
    yield source, refusal(lambda: torch.from_dlpack(torch.ones(1, requires_grad=True)))


@both_worlds
def test_extreme_eigenvalues(torch):
    torch.manual_seed(0)
    matrix = torch.randn(8, 8, dtype=torch.float64)
    matrix = matrix @ matrix.T + torch.eye(8)
    weights = torch.eye(8, dtype=torch.float64) * 2
    for values, vectors in (torch.lobpcg(matrix, 2, tol=1e-10, niter=500), torch.lobpcg(matrix, 2, largest=False, tol=1e-10, niter=500)):
        yield torch.allclose(matrix @ vectors, vectors * values, atol=1e-4), bool((values - values.flip(0))[0] > 0)
    values, vectors = torch.lobpcg(matrix, 1, weights, tol=1e-10, niter=500)
    yield torch.allclose(matrix @ vectors, weights @ vectors * values, atol=1e-4), refusal(lambda: torch.lobpcg(matrix, 3))


@both_worlds
def test_what_torch_has_removed_says_what_to_call(torch):
    x = torch.ones(2, 2)
    yield [refusal(getattr(torch, name), *arguments) for name, arguments in (
        ("solve", (x, x)), ("eig", (x,)), ("lstsq", (x, x)), ("matrix_rank", (x,)), ("symeig", (x,)))]
    yield refusal(x.solve, x), refusal(x.eig), refusal(x.lstsq, x), refusal(x.symeig), x.volatile, x.is_distributed()
