"""Making tensors, turning them into other dtypes and into Python's values, and what is refused on the way."""

import copy
import pickle

import numpy as np

from tests.worlds import both_worlds, expressions, refusal


@expressions("""
torch.tensor([[1, 2], [3]])
torch.tensor([[1, 2], 3])
torch.tensor([1, None])
torch.tensor({"a": 1})
torch.tensor("text")
torch.tensor([1.5, 2], dtype=torch.int64)
torch.tensor([300], dtype=torch.int8)
torch.tensor(2**63)
torch.tensor([2**63 - 1, -2**63])
torch.tensor([1, 2.5, True]), torch.tensor([True, 1]), torch.tensor([1, 1j])
torch.tensor([]), torch.tensor([[]]).shape, torch.tensor([[], []]).shape
torch.tensor(range(3)), torch.tensor((1, 2)), torch.tensor([torch.tensor(1), torch.tensor(2)])
torch.tensor([np.float64(1.5)]), torch.tensor(np.array([1, 2], np.int16)), torch.tensor(np.float32(2))
torch.tensor([1.0], requires_grad=True), torch.tensor([1], requires_grad=True)
torch.tensor([1], dtype=float), torch.tensor([1.5], dtype=int), torch.tensor([2], dtype=bool)
torch.tensor([1.0], device="cpu").device, torch.tensor([1.0], device=torch.device("cpu", 0)).device
torch.tensor([1.0], device="nowhere")
torch.tensor([1.0], device="cuda")
torch.device("cuda:1"), torch.device("cpu"), str(torch.device("cuda", 1)), torch.device("cuda:1").index
torch.cuda.is_available()
torch.zeros(2, 3), torch.zeros((2, 3)), torch.zeros([2]), torch.zeros(torch.Size([1])), torch.zeros(())
torch.zeros(-1)
torch.zeros(2.5)
torch.zeros(2, dtype=torch.int8), torch.ones(2, dtype=torch.bool), torch.empty(2, 0)
torch.eye(2), torch.eye(3, 2, dtype=torch.int64)
torch.arange(5), torch.arange(1, 4), torch.arange(1, 2, 0.25), torch.arange(3, 0, -1), torch.arange(0), torch.arange(2.5)
torch.arange(1, 0)
torch.linspace(0, 1, 5), torch.linspace(3, 1, 3, dtype=torch.float64), torch.linspace(0, 10, 4, dtype=torch.int64), torch.linspace(0, 1, 0)
torch.logspace(0, 2, 3), torch.logspace(0, 3, 4, base=2)
torch.full((2, 2), 3), torch.full((2,), 3.5, dtype=torch.int64), torch.full_like(torch.ones(2), 7)
torch.zeros_like(torch.ones(2, dtype=torch.int64)), torch.ones_like(torch.zeros(2), dtype=torch.bool), torch.empty_like(torch.ones(2, 3)).shape
torch.ones(2).new_zeros(3), torch.ones(2, dtype=torch.int64).new_full((2,), 5), torch.ones(1, dtype=torch.float64).new_tensor([1, 2]), torch.ones(1).new_ones((1, 2)), torch.ones(2).new_empty(3).shape
torch.Tensor(2, 3).shape, torch.Tensor([1, 2]), torch.Tensor((3,)), torch.Tensor(), torch.FloatTensor(2).shape, torch.DoubleTensor([1]), torch.BoolTensor([1, 0]), torch.ByteTensor([1])
torch.LongTensor([1.5])
torch.Tensor("a")
torch.FloatTensor([1]).type(), torch.ones(1).type(torch.LongTensor), torch.ones(1).type("torch.DoubleTensor"), torch.ones(1).type(torch.int32)
torch.ones(1).type("torch.NoTensor")
torch.autograd.Variable(torch.ones(2), requires_grad=True)
torch.as_tensor([1, 2]), torch.asarray([1.5]), torch.as_tensor(np.ones(2)), torch.asarray(3)
torch.tril(torch.ones(3, 3)), torch.triu(torch.ones(2, 3), 1), torch.diag(torch.tensor([1, 2])), torch.tril_indices(2, 2)
torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij"), torch.cartesian_prod(torch.arange(2), torch.arange(2))
torch.is_tensor(torch.ones(1)), torch.is_tensor([1]), torch.is_floating_point(torch.ones(1)), torch.numel(torch.ones(2, 3))
torch.zeros(2, requires_grad=True).is_leaf
torch.scalar_tensor(2.5), torch.complex(torch.ones(1), torch.zeros(1))
""")
def test_creation(torch):
    """Names nothing: the line says all."""


@expressions("""
a.to(torch.int64), a.to("cpu").dtype, a.to(torch.zeros(1, dtype=torch.float64)).dtype, a.to("cpu", torch.float16).dtype
a.to(a.dtype) is a, a.to(torch.float32, copy=True) is a, a.float() is a, a.double() is a, a.cpu() is a, a.contiguous() is a
a.type(), a.dtype, a.device, a.layout, a.is_floating_point(), a.is_complex(), a.is_cuda, a.is_sparse, a.is_signed()
a.to("float32")
a.to(3)
a.tolist(), a.long().tolist(), a[0].item(), a[0].tolist(), (a > 0).tolist(), a.double()[0].item()
a.item()
a.long()[1].item(), type(a.long()[1].item()), type(a[0].item()), type((a > 0)[0].item())
int(a[0]), float(a[1]), bool(a[0]), complex(a[0])
int(a)
float(torch.ones(0))
bool(torch.zeros(1)), bool(torch.tensor([[2]]))
bool(a)
a[0].__index__()
torch.tensor(2).__index__(), [1, 2, 3][torch.tensor([1])], torch.tensor(True).__index__()
"{:.3f} {}".format(a[0], a[0]), f"{a[1]:>8.2f}", "%d" % torch.tensor(3), "%s" % torch.tensor(3)
a.round(decimals=1), a.round()
round(a)
len(a), list(a), [x for x in torch.ones(2, 2)], torch.ones(2, 0).__len__(), sorted(torch.tensor([3, 1, 2]))
len(torch.ones(()))
2.5 in a, 7 in a, torch.tensor(1.5) in a
"x" in a
list(reversed(torch.arange(3))), max(a), min(a), sum(a)
np.asarray(a), np.array(a, dtype=np.float64), np.sin(a), np.add(a, 1), a.__array__().dtype
np.asarray(torch.ones(2, requires_grad=True))
a.numpy().dtype, torch.tensor(1).numpy().shape
torch.ones(1, dtype=torch.bfloat16).numpy()
a.nelement(), a.element_size(), a.nbytes, a.ndim, a.dim(), a.ndimension(), a.size(), a.size(0), a.size(-1), a.shape.numel()
a.size(1)
a.shape == (3,), a.shape == torch.Size([3]), repr(a.shape), torch.Size((1, 2)) + (3,), torch.Size([1, 2])[:1], a.shape * 2
a == None, a != None, a is None
a.equal(a.clone()), a.equal(a.double()), torch.equal(a, a[:2]), torch.allclose(a, a + 1e-9), torch.isclose(a, a + 1)
a.half(), a.bfloat16(), a.int(), a.short(), a.char(), a.byte().dtype, a.bool(), a.cfloat(), a.cdouble().dtype
torch.tensor([float("inf"), float("nan"), -0.0]).tolist(), torch.tensor([1 + 2j]).tolist(), torch.tensor(3.0).item()
torch.tensor([1 + 2j]).float()
float(torch.tensor(1j))
torch.tensor([0.1, 1.5]).double(), torch.tensor([1e40], dtype=torch.float64).float(), torch.tensor([65520.0]).half()
torch.tensor([True, False]).float(), torch.tensor([0.5, 0.0]).bool(), torch.tensor([-1.5, 1.5]).long()
a.nope
a.shape = (1,)
a.foo = 3
del a.grad
a.T.shape, a.data.requires_grad, a.grad, a.name, a.output_nr, a.is_leaf
divmod(torch.tensor(7), 2)
a @ 2
[1, 2] + a
a + [1, 2, 3]
a + "b"
a & 1
~a
a << 1
-torch.tensor(True)
""")
def test_conversion(torch):
    return {"a": torch.tensor([1.5, -2.25, 3.0])}


@both_worlds
def test_copies(torch):
    leaf = torch.ones(2, requires_grad=True)
    (leaf * 3).sum().backward()
    deep, shallow = copy.deepcopy(leaf), copy.copy(leaf)
    yield deep, deep.grad, shallow, shallow.grad, shallow.data_ptr() == leaf.data_ptr()
    deep.data.zero_()
    shallow.data.add_(1)
    yield leaf, refusal(copy.deepcopy, leaf * 2)
    base = torch.zeros(4)
    other, view = copy.deepcopy((base, base[1:3]))
    view.fill_(1)
    yield base, other


@both_worlds
def test_pickle(torch):
    base = torch.arange(4.0, requires_grad=True)
    for value in (base, base.detach()[1:3], torch.ones(2, dtype=torch.bfloat16), torch.tensor(1), torch.float32, torch.Size([1, 2])):
        yield pickle.loads(pickle.dumps(value))
    a, b = pickle.loads(pickle.dumps((lambda t: (t, t[1:]))(torch.zeros(3))))
    b.fill_(1)
    yield a


@both_worlds
def test_hash_is_identity(torch):
    a, b = torch.ones(2), torch.ones(2)
    return hash(a) == hash(a), hash(a) == hash(b), len({a, b, a}), {a: 1}[a], a in [a], id(a) == hash(a)


@both_worlds
def test_dlpack_and_array_protocols(torch):
    a = torch.arange(3.0)
    return np.from_dlpack(a), torch.from_dlpack(np.arange(3.0)), torch.utils.dlpack.from_dlpack(a)
