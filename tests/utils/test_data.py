"""Datasets, samplers, collating and loading in one process."""

import pickle
import warnings
from collections import OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facade.core import engine
from tests.worlds import both_worlds, expressions, refusal, world

Pair = namedtuple("Pair", "x y")


def streams(torch):
    """IterableDatasets: one that yields 0 to 4, and one that says it has three of them."""
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    class Short(Stream):
        def __len__(self):
            return 3

        def __repr__(self):
            return "Short"
    return Stream, Short


# ---------------------------------------------------------------- order
def draws(torch, size, count, batch, seed, how, own):
    """What each kind of sampler yields, and what the generators draw afterwards."""
    data = torch.utils.data
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed) if own else None
    made = {"shuffle": lambda: data.DataLoader(range(size), batch, shuffle=True, generator=generator),
            "in order": lambda: data.DataLoader(range(size), batch, generator=generator),
            "one by one": lambda: data.DataLoader(range(size), None, shuffle=True, generator=generator),
            "drop_last": lambda: data.DataLoader(range(size), batch, True, drop_last=True, generator=generator),
            "random": lambda: data.RandomSampler(range(size), num_samples=count, generator=generator),
            "replacement": lambda: data.RandomSampler(range(size), True, count, generator),
            "subset": lambda: data.SubsetRandomSampler(range(3, 3 + size), generator),
            "weighted": lambda: data.WeightedRandomSampler([1 / (place + 1) for place in range(size)], min(count, size), count % 2 == 0, generator),
            "split": lambda: [list(part) for part in data.random_split(range(size), [0.5, 0.25, 0.25], generator)],
            "distributed": lambda: data.DistributedSampler(range(size), 3, seed % 3, seed=seed, drop_last=own)}[how]()
    passes = [[each.tolist() if isinstance(each, torch.Tensor) else each for each in made] for _ in range(2)]
    return passes, torch.rand(1).item(), generator and torch.rand(1, generator=generator).item()


HOW = ["shuffle", "in order", "one by one", "drop_last", "random", "replacement", "subset", "weighted", "split", "distributed"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("own", [False, True], ids=["default generator", "own generator"])
@both_worlds
def test_order(torch, how, own):
    for size, count, batch, seed in ((7, 5, 2, 0), (50, 120, 8, 3), (33, 64, 40, 2**40 + 1)):
        yield draws(torch, size, count, batch, seed, how, own)


@given(st.integers(1, 60), st.integers(1, 100), st.integers(1, 9), st.sampled_from(HOW), st.booleans())
def test_every_index_is_there(size, count, batch, how, own):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")         # parts of a split may be empty
        passes, _, _ = draws(world("facade"), size, count, batch, size * count, how, own)
    for found in passes:
        flat = np.hstack([np.ravel(each) for each in found]) if found else np.array([])
        if how in ("shuffle", "in order", "one by one", "subset", "split"):
            assert sorted(flat - 3 * (how == "subset")) == list(range(size))
        if how == "drop_last":
            assert len(flat) == size // batch * batch and len(set(flat)) == len(flat)


@expressions("""
[len(made) for made in (data.BatchSampler(range(7), 3, False), data.BatchSampler(range(7), 3, True), data.RandomSampler(range(4), num_samples=9))]
list(data.BatchSampler(range(7), 3, True)), list(data.BatchSampler(iter(range(7)), 9, False))
data.RandomSampler([])
data.RandomSampler(range(3), replacement=1)
data.RandomSampler(range(3), num_samples=2.0)
list(data.RandomSampler([], num_samples=3))
[next(iter(data.RandomSampler(range(3), replacement=each, num_samples=10**12, generator=torch.Generator().manual_seed(1)))) for each in (True, False)]
data.WeightedRandomSampler([1.0], True)
data.WeightedRandomSampler([1.0], 1, 1)
data.WeightedRandomSampler([[1.0]], 1)
list(data.WeightedRandomSampler([1.0], 2, False))
data.BatchSampler(range(3), 0, False)
data.BatchSampler(range(3), 2, None)
iter(data.Sampler())
len(data.SubsetRandomSampler([4, 5])), len(data.WeightedRandomSampler([1.0], 5)), len(data.SequentialSampler("abc"))
data.DistributedSampler(range(10), 3, 3)
data.DistributedSampler(range(10))
[list(data.DistributedSampler(range(10), 12, 11)), len(data.DistributedSampler(range(10), 3, 0, drop_last=True))]
data.random_split(range(10), [3, 3])
data.random_split(range(10), [1.5, -0.5])
[list(part) for part in data.random_split(range(3), [0.9, 0.05, 0.05])]
""")
def test_samplers(torch):
    return {"data": torch.utils.data}


# ---------------------------------------------------------------- datasets
@expressions("""
pairs[0], pairs[-1], pairs[1:3], len(pairs)
pairs[6]
data.Dataset()[0]
data.TensorDataset(x, x[:3])
data.TensorDataset(torch.tensor(1.0))
data.StackDataset()
data.StackDataset([1], a=[1])
data.StackDataset([1], [1, 2])
data.StackDataset(pairs, range(6))[2], data.StackDataset(a=pairs, b="uvwxyz")[2], len(data.StackDataset("ab"))
data.StackDataset(a=data.Subset("abc", [2, 0]), b="xy").__getitems__([0, 1])
data.ConcatDataset([])
data.ConcatDataset([data.ChainDataset([])])
data.ConcatDataset([range(3)])[-4]
data.ConcatDataset([range(3)])[3]
(lambda both: (both[-1], both[3], both.cumulative_sizes, both.cummulative_sizes, len(both)))(data.ConcatDataset([range(3), range(10, 12)]))
(pairs + pairs)[7], type(pairs + pairs)
list(Stream() + Short()), len(data.ChainDataset([Short(), Short()])), len(Short() + Stream())
list(data.ChainDataset([[1]]))
data.Subset(pairs, [4, 2])[[0, 1]], data.Subset("abc", [2, 0])[1], len(data.Subset("abc", [2, 0]))
type("Own", (data.Subset,), {"__getitem__": lambda self, index: 3})("abc", [0])
type("Own", (), {"__getitems__": lambda self, indices: [1], "__len__": lambda self: 3}) and data.StackDataset(type("Own", (), {"__getitems__": lambda self, indices: [1], "__len__": lambda self: 3})()).__getitems__([1, 2])
""")
def test_datasets(torch):
    x = torch.arange(12.0).reshape(6, 2)
    Stream, Short = streams(torch)
    return {"data": torch.utils.data, "x": x, "pairs": torch.utils.data.TensorDataset(x, torch.arange(6)), "Stream": Stream, "Short": Short}


# ---------------------------------------------------------------- collating
BATCHES = [
    [1, 2], [1.5, 2], [True, False], ["a", "b"], [b"a", b"b"], [(1, 2.0), (3, 4.0)], [[1, 2], [3, 4]], [Pair(1, "a"), Pair(2, "b")],
    [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}], [OrderedDict(a=1)], [UserDict(a=1)], [MappingProxyType({"a": 1})], [range(2), range(2, 4)],
    [UserList([1, 2])], [deque([1, 2])], [defaultdict(list, a=1)], [np.float32(1), np.float32(2)], [np.int8(1)], [np.bool_(True)], [np.str_("a")],
    [np.array([1, 2]), np.array([3, 4])], [np.array(1.0), np.array(2.0)], [np.array([1, 2]), np.array([3])], [np.array(["a"])], [np.array([None])],
    [np.ones((2, 3))[::-1]], [np.ones((2, 3)).T], [np.ones(2, ">f4")], [np.ones(2, np.uint16)], [np.ones(2), np.ones(2, np.float32)], [None], [object()],
    [{1, 2}], [(1,), (1, 2)], [[], []], [()], [{}], [{"a": 1}, {"b": 1}], [1, "a"], [1j], [[1, [2, {"a": (3, 4.0)}]], [5, [6, {"a": (7, 8.0)}]]],
    [bytearray(b"ab")], [], (1, 2), "ab", 3,
]


@pytest.mark.parametrize("number", range(len(BATCHES)))
@both_worlds
def test_collate(torch, number):
    outcome = refusal(torch.utils.data.default_collate, BATCHES[number])
    yield outcome, type(outcome)


@expressions("""
collate([torch.ones(2), torch.zeros(2)]), collate([torch.tensor(1), torch.tensor(2)])
collate([torch.ones(2), torch.zeros(3)])
collate([torch.ones(2), torch.zeros(2).int()])
collate([torch.ones(2), 3])
collate([torch.ones(2, requires_grad=True), torch.zeros(2)])
collate([torch.ones(2, 3).t(), torch.ones(3, 2)]).stride()
collate([torch.nn.Parameter(torch.ones(2))])
convert([np.array([1, 2]), (np.float32(2), "a"), {"b": np.array(1.5)}, torch.ones(1), None, range(2)])
type(convert(UserList([np.array(1)]))), type(convert(Pair(np.array(1), 2))), type(convert(MappingProxyType({"a": 1}))), type(convert((1,)))
rules([(1, 2), (3, 4)], collate_fn_map={int: lambda batch, collate_fn_map: list(batch)})
rules([Pair(True, 2)], collate_fn_map={int: lambda batch, collate_fn_map: sorted(key.__name__ for key in collate_fn_map)})
rules([1])
""")
def test_collate_tensors(torch):
    inside = torch.utils.data._utils.collate
    return {"collate": torch.utils.data.default_collate, "convert": torch.utils.data.default_convert, "rules": inside.collate, "UserList": UserList,
            "Pair": Pair, "MappingProxyType": MappingProxyType}


# ---------------------------------------------------------------- loading
@both_worlds
def test_loads(torch):
    data = torch.utils.data
    x = torch.arange(12.0).reshape(6, 2)
    pairs = data.TensorDataset(x, torch.arange(6))
    for dataset in (pairs, data.Subset(pairs, [1, 3, 5]), data.Subset(data.Subset(pairs, [5, 4, 3, 2]), [0, 2, -1]), pairs + pairs, x, x.numpy(), list(x),
                    data.StackDataset(a=pairs, b=range(6)), [(row, int(place)) for place, row in enumerate(x)]):
        for options in ({"batch_size": 4}, {"batch_size": None}, {"batch_size": 2, "shuffle": True}, {"batch_size": 4, "drop_last": True},
                        {"batch_size": 2, "collate_fn": len}):
            yield list(data.DataLoader(dataset, **options))
    for sampler in ([0, -1, -6], [0, -7], [7], torch.tensor([0, 3]), [True, False]):
        yield refusal(list, data.DataLoader(pairs, sampler=sampler, batch_size=2))


@both_worlds
def test_gathered_batches_are_the_stacked_samples(torch):
    """A batch of a TensorDataset: its dtypes, layouts, history, and memory of its own."""
    data = torch.utils.data
    block = torch.arange(24).reshape(2, 3, 4).transpose(0, 2)
    for batch in data.DataLoader(data.TensorDataset(block, block.bool(), block.to(torch.bfloat16)), batch_size=3):
        yield batch, [each.stride() for each in batch]
    weights = torch.ones(6, 2, requires_grad=True)
    batch, = next(iter(data.DataLoader(data.TensorDataset(weights * 2), batch_size=3)))
    batch.sum().backward()
    yield batch, weights.grad
    array = np.arange(6.0)
    shared = torch.from_numpy(array)
    loader = data.DataLoader(data.TensorDataset(shared), batch_size=4)
    array[0], shared[1] = 100, 7
    for batch, in loader:
        yield batch
        batch.fill_(5)
    yield shared
    next(iter(data.DataLoader(shared, batch_size=None))).fill_(55)
    yield shared, array


@expressions("""
[list(data.DataLoader(Stream(), **options)) for options in ({}, {"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None})]
len(data.DataLoader(Short(), 2)), len(data.DataLoader(Short(), 2, drop_last=True)), len(data.DataLoader(Short(), None))
len(data.DataLoader(Stream()))
data.DataLoader(Stream(), shuffle=True)
data.DataLoader(Stream(), sampler=[1])
data.DataLoader(Stream(), batch_sampler=[[1]])
data.DataLoader(range(3), num_workers=-1)
data.DataLoader(range(3), timeout=-1)
list(data.DataLoader(range(3), timeout=3))
data.DataLoader(range(3), prefetch_factor=2)
data.DataLoader(range(3), prefetch_factor=-2, num_workers=1)
data.DataLoader(range(3), persistent_workers=True)
data.DataLoader(range(3), sampler=[0], shuffle=True)
data.DataLoader(range(3), batch_sampler=[[0]], batch_size=2)
data.DataLoader(range(3), batch_size=None, drop_last=True)
data.DataLoader(range(3), batch_size=0)
data.DataLoader(range(3), multiprocessing_context="fork")
data.DataLoader(range(3), multiprocessing_context="bad", num_workers=1)
data.DataLoader(range(3), multiprocessing_context=3, num_workers=1)
data.DataLoader(3)
list(data.DataLoader({"a": 1}))
list(data.DataLoader([])), refusal(data.DataLoader, [], shuffle=True)
list(data.DataLoader(range(3), batch_sampler=[[2, 1], [0]])), list(data.DataLoader(range(3), sampler=iter([2, 0])))
refusal(pickle.dumps, iter(data.DataLoader([1])))
[refusal(setattr, data.DataLoader([1]), name, 3) for name in ("batch_size", "sampler", "dataset", "persistent_workers", "num_workers", "collate_fn")]
(lambda made: (len(made), iter(made) is made, type(made)))(iter(data.DataLoader([1, 2])))
sorted(vars(data.DataLoader([1])))
data.Dataset[int], data.DataLoader[int], data.get_worker_info()
[getattr(data.DataLoader([1], None), name) for name in ("batch_size", "batch_sampler", "prefetch_factor", "timeout", "generator", "in_order")]
data._utils.worker.WorkerInfo(1, 2, 3, 4)
""")
def test_loaders(torch):
    Stream, Short = streams(torch)
    return {"data": torch.utils.data, "Stream": Stream, "Short": Short, "refusal": refusal, "pickle": pickle}


@both_worlds
def test_warnings(torch):
    data = torch.utils.data
    _, Short = streams(torch)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loader = data.DataLoader(Short())
        yield len(loader), list(loader)
        list(data.DataLoader([1], pin_memory=True))
        list(data.DataLoader([1], pin_memory=True, pin_memory_device="cuda"))
        data.random_split(range(2), [0.9, 0.1])
        data.ConcatDataset([[1]]).cummulative_sizes
        data.DataLoader([1], num_workers=1000)
    yield [(each.category.__name__, str(each.message)) for each in caught]


# ---------------------------------------------------------------- beside the tape
def test_loading_compiles_nothing_and_leaves_the_tape_alone():
    torch = world("facade")
    data = torch.utils.data
    x, y = torch.randn(40, 3), torch.arange(40)
    own = [(x[place] * 2, y[place]) for place in range(40)]
    engine.evaluate_all()
    pending = x.sum()
    with engine.expect_compiles(0):
        for dataset in (data.TensorDataset(x, y), own, data.StackDataset(x, y)):
            for _ in range(5):
                batches = list(data.DataLoader(dataset, 8, shuffle=True))
                assert len(batches) == 5
    assert pending.value.array is None
    assert pending.item() == pytest.approx(x.numpy().sum(), rel=1e-5)


def test_a_dataset_that_needs_what_is_pending():
    torch = world("facade")
    source = torch.arange(6.0)
    pending = source * 2 + 1
    assert [each.tolist() for each in torch.utils.data.DataLoader(pending, 4)] == [[1, 3, 5, 7], [9, 11]]
    pending += 1
    with engine.aside():
        torch.set_default_dtype(torch.float64)
        wide = torch.ones(2) * 1
    assert wide.dtype is torch.float64 and (pending + torch.ones(6)).tolist() == [3, 5, 7, 9, 11, 13] and (pending + torch.ones(6)).dtype is torch.float64
    torch.set_default_dtype(torch.float32)


def test_an_index_out_of_range_in_a_dataset():
    torch = world("facade")
    table = torch.arange(4.0)
    with pytest.raises(IndexError):
        list(torch.utils.data.DataLoader([torch.tensor([1, 9])], collate_fn=lambda batch: table[batch[0]]))
