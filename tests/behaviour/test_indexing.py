"""Indexing both ways: basic, by lists, tensors and masks, what is written, and the sentence of every refusal."""

import pytest

from tests.worlds import both_worlds, expressions, run_line

READS = """
a[0], a[-1], a[1, 2], a[1][2], a[..., 1], a[0, ..., 1], a[()], a[...], a[:]
a[0:2], a[::2], a[1:, :2], a[:, -2:], a[5:], a[:0], a[2:1], a[-9:9], a[:, ::3]
a[None], a[:, None], a[None, 0, None], a[..., None], a[0, None, 1]
a[True], a[False], a[True, 0], a[None, True]
a[[0, 2]], a[[0, -1], [1, 2]], a[[[0, 1], [2, 0]]], a[(0, 1)], a[[True, False, True]], a[[]]
a[i], a[i, j], a[i[:, None], j], a[:, i], a[..., i], a[i, 1:3], a[i, None], a[None, i], a[0, i], a[i, ..., 0], a[torch.tensor(1)], a[torch.tensor(1), torch.tensor(2)], a[torch.tensor([[0], [1]])].shape
a[m], a[m[:, 0]], a[:, m[0]], a[m.any(1), 0], a[m & ~m], a[m.any(1)], a[m.any(1), 1:3]
b[[0, 1], :, [1, 2]].shape, b[:, [0, 1], [1, 2]].shape, b[0, :, [1, 2]].shape, b[[0], [1], None].shape, b[[0], None, [1]].shape, b[[[0]], :, [[1, 2]]].shape, b[..., [0, 1]].shape, b[:, m[:3, :3]].shape
a[np.int64(1)], a[np.array([0, 2])], a[np.array([True, False, True])], a[range(2)], a[i.int()], a[i.to(torch.int16).long()], a[torch.tensor([1, 0, 1], dtype=torch.uint8)]
a[slice(None), slice(0, 2)], a[torch.tensor(0):torch.tensor(2)], a[i[0]:i[1]]
a[3]
a[-4]
a[0, 4]
a[0, 0, 0]
a[..., ..., 0]
a[::-1]
a[::0]
a[1.0]
a["x"]
a[None:1.5]
a[[0, 3]]
a[[0, 1.5]]
a[i, torch.tensor([0, 1, 2])]
a[torch.tensor([3])]
a[torch.tensor([-4])]
a[torch.tensor([1.0])]
a[torch.tensor([1j])]
a[m.t()]
a[:, m]
a[[True, False]]
a[torch.tensor([True, False])]
a[0][0][0]
torch.tensor(1)[0]
torch.tensor(1)[...], torch.tensor(1)[None], torch.tensor(1)[True], torch.tensor([])[:1]
a[object()]
a[{}]
a[a]
a.gather(0, torch.tensor([[0, 1, 2, 0]])), a.gather(1, torch.tensor([[3], [0], [1]])), a.gather(0, torch.empty(0, 4, dtype=torch.int64))
a.gather(1, torch.tensor([[4]]))
a.gather(1, torch.tensor([[-1]]))
a.gather(2, torch.tensor([[0]]))
a.gather(0, torch.tensor([0]))
a.gather(0, torch.tensor([[0.0]]))
a.gather(0, torch.zeros(4, 1, dtype=torch.int64)).shape
a.gather(0, torch.zeros(1, 5, dtype=torch.int64))
a.index_select(0, i), a.index_select(1, torch.tensor(2)), a.index_select(-1, i.int())
a.index_select(0, torch.tensor([3]))
a.index_select(0, torch.tensor([-1]))
a.index_select(0, torch.tensor([[0]]))
a.index_select(0, torch.tensor([0.0]))
a.take(torch.tensor([0, 5, -1])), torch.take_along_dim(a, torch.tensor([[0]]), 0)
a.take(torch.tensor([12]))
a.masked_select(m), torch.masked_select(a, torch.tensor([True, False, True, False]))
a.masked_select(a)
a.nonzero(), m.nonzero(as_tuple=True), torch.where(m), torch.argwhere(m)
torch.nn.functional.embedding(i, a), torch.nn.functional.one_hot(i, 3)
torch.nn.functional.embedding(torch.tensor([3]), a)
a[:, [4]]
a[..., [9]]
b[:, [0], [9]]
b[[range(2), range(2)]], b[[np.array([0, 1]), np.array([0, 1])]].shape
a[torch.tensor([0, 1], dtype=torch.int8)]
a[np.array([0, 1], dtype=np.int16)]
a[b"x"]
a[["x"]]
torch.tensor(1)[:]
torch.tensor(1)[torch.tensor(0)]
a.split([2, -1])
a.permute(dims=(1, 0)).shape, a.view(size=(12,)).shape, a[:, :1].expand(size=(3, 2)).shape, a.new_zeros(size=(2,))
b.H
a[0].mH
a.unflatten(1, ())
a.masked_select(torch.tensor([True, False]))
"""


@expressions(READS)
def test_read(torch):
    return {"a": torch.arange(12.0).view(3, 4), "b": torch.arange(24).view(2, 3, 4), "i": torch.tensor([0, 2]), "j": torch.tensor([1, 3]),
            "m": torch.arange(12).view(3, 4) % 3 == 0}


@expressions("""
a[0] = 5
a[1, 2] = 7.5
a[:, 1] = torch.tensor([1.0, 2.0, 3.0])
a[::2, 1:3] = -1
a[...] = 2
a[None, 0] = 3
a[i] = 9
a[i] = torch.arange(4.0)
a[i, j] = torch.tensor([10.0, 20.0])
a[i[:, None], j] = 0
a[:, i] = torch.ones(2)
a[m] = 0
a[m] = torch.arange(4.0)
a[m[:, 0]] = 1
a[[2, 0]] = a[[0, 2]]
a[0], a[1] = a[1].clone(), a[0].clone()
a[1:] += 10
a[i] += 1
a[[0, 0, 0]] += 1
a[m] *= -1
a[True] = 4
a[False] = 4
a[0] = True
a[0] = torch.tensor(3)
a[0] = np.arange(4)
a[0, 0] = torch.tensor([[8.0]])
a[0] = torch.ones(1, 1, 4)
a[0] = torch.ones(5)
a[0] = torch.ones(2, 4)
a[i] = torch.ones(3, 4)
a[i, j] = torch.ones(3)
a[m] = torch.ones(3)
a[m] = torch.ones(5)
a[i] = torch.ones(2, 4, dtype=torch.float64)
a[0] = torch.ones(4, dtype=torch.float64)
a[0] = "text"
a[0] = [1, 2, 3, 4]
a[0] = None
a[5] = 0
a[0, 9] = 0
a[::-1] = 0
a["x"] = 0
a[torch.tensor([7])] = 0
a[torch.tensor([True, False])] = 0
a[[0.5]] = 0
n[0] = 1.7
n[0] = float("nan")
n[[0]] = torch.tensor([1.5])
n[0] = torch.tensor(2.9)
n[n > 1] = 100
a[m] = torch.tensor(3)
a[m] = torch.tensor([[4]])
n[n > 1] = torch.tensor(2.9)
n[n > 1] = torch.tensor(float("nan"))
a[m] = torch.ones(3, dtype=torch.float64)
a.index_put_(i, torch.tensor(5.0))
a.index_put_((i,), 5.0)
a.index_put_((m,), torch.tensor(5))
del a[0]
torch.tensor(1.0)[()] = 2
a[1:2, 0] = a[0, 1:2]
a.index_put_((i, j), torch.tensor(5.0))
a.index_put_((torch.tensor([0, 0]), torch.tensor([0, 0])), torch.tensor([1.0, 2.0]), accumulate=True)
a.index_fill_(1, torch.tensor([0, -1]), 5), a.index_fill(0, i, 1)
a.index_fill_(0, torch.tensor([4]), 5)
a.index_add_(0, torch.tensor([0, 0, 2]), torch.ones(3, 4), alpha=2), a.index_copy_(0, torch.tensor([1]), torch.zeros(1, 4))
a.index_add_(0, torch.tensor([0]), torch.ones(2, 4))
a.index_add_(0, torch.tensor([5]), torch.ones(1, 4))
a.index_copy_(0, torch.tensor([3]), torch.ones(1, 4))
a.scatter_(1, torch.tensor([[0], [3], [1]]), 7), a.scatter_add_(0, torch.tensor([[0, 0, 1, 2]]), torch.ones(1, 4)), a.scatter(0, torch.tensor([[2]]), torch.tensor([[1.5]]))
a.scatter_(1, torch.tensor([[4]]), 7)
a.scatter_(1, torch.tensor([[0]]), torch.tensor([[1]]))
a.scatter_(0, torch.tensor([[0, 1]]), torch.ones(1, 1))
a.scatter_reduce_(0, torch.tensor([[0, 0, 0, 0]]), torch.full((1, 4), 5.0), "amax"), a.scatter_reduce(0, torch.tensor([[0, 0, 0, 0]]), torch.full((1, 4), 5.0), "mean")
a.masked_fill_(m, -1), a.masked_fill(m, float("inf")), a.masked_fill(torch.tensor([True, False, False, True]), 0)
a.masked_fill_(m, torch.ones(2))
a.masked_fill_(m[:2], 1)
a.masked_scatter_(m, torch.arange(4.0)), a.masked_scatter(m, torch.zeros(12))
a.masked_scatter_(m, torch.ones(2))
a.put_(torch.tensor([0, 5]), torch.tensor([1.0, 2.0])), a.fill_diagonal_(0), a.select_scatter(torch.zeros(4), 0, 1), a.slice_scatter(torch.zeros(1, 4), 0, 0, 1), a.diagonal_scatter(torch.ones(3))
a.fill_(torch.tensor(2.0)), a.fill_(torch.tensor([2.0, 1.0]))
""")
def test_write(torch):
    return {"a": torch.arange(12.0).view(3, 4), "n": torch.arange(4), "i": torch.tensor([0, 2]), "j": torch.tensor([1, 3]),
            "m": torch.arange(12).view(3, 4) % 3 == 0}


GRADIENTS = {
    "repeated rows": lambda torch, x: x[[0, 0, 1]],
    "mask": lambda torch, x: x[x > 2],
    "tensor index": lambda torch, x: x[torch.tensor([1, 0]), torch.tensor([2, 2])],
    "gather": lambda torch, x: x.gather(1, torch.tensor([[0, 0], [1, 2]])),
    "index_select": lambda torch, x: x.index_select(1, torch.tensor([2, 2])),
    "take": lambda torch, x: x.take(torch.tensor([0, 0, 5])),
    "masked_fill": lambda torch, x: x.masked_fill(x > 2, 0.0),
    "scatter": lambda torch, x: x.scatter(1, torch.tensor([[0], [1]]), 2 * x),
    "index_add": lambda torch, x: x.index_add(0, torch.tensor([0, 0]), x),
    "embedding": lambda torch, x: torch.nn.functional.embedding(torch.tensor([1, 1]), x),
    "masked_select": lambda torch, x: x.masked_select(x < 3),
    "mixed": lambda torch, x: x[None, [1, 1], 1:],
}


@pytest.mark.parametrize("read", GRADIENTS.values(), ids=GRADIENTS)
@both_worlds
def test_gradient_of_read(torch, read):
    x = torch.arange(6.0).view(2, 3).requires_grad_()
    result = read(torch, x)
    yield result
    result.square().sum().backward()
    yield x.grad


WRITES = """
y[0] = v
y[:, 1] = v[:2]
y[[0, 1]] = v
y[y > 2] = 0
y[y > 2] = v
y[torch.tensor([0, 1]), torch.tensor([1, 2])] = v[1:]
y[0][1:] = v[1:]
y.t()[0] = v[0]
y.masked_fill_(y > 2, v[0])
y.index_copy_(0, torch.tensor([1]), v[None])
y.index_put_((torch.tensor([0, 0]),), v, accumulate=True)
y.masked_scatter_(y > 2, v)
""".strip().splitlines()


@pytest.mark.parametrize("line", WRITES, ids=WRITES)
@both_worlds
def test_gradient_of_write(torch, line):
    x, v = torch.arange(6.0).view(2, 3).requires_grad_(), torch.full((3,), 2.0, requires_grad=True)
    y = x * 1
    run_line(line, {"torch": torch, "y": y, "v": v})
    yield y
    (y * torch.arange(1.0, 7.0).view(2, 3)).sum().backward()
    yield x.grad, v.grad


@both_worlds
def test_row_by_row_loop(torch):
    x = torch.arange(3.0, requires_grad=True)
    table = torch.zeros(3, 3)
    for row in range(3):
        for column in range(row + 1):
            table[row, column] = x[row] * x[column]
    table.sum().backward()
    return table, x.grad
