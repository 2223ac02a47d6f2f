"""The random streams against torch, and against digits recorded from it where torch is absent.

A comparison with torch is of the bits of the numbers, and of the whole state of the generator afterwards.
"""

import math

import ml_dtypes
import numpy as np
import pytest

from facade.core.random import streams
from facade.core.random.mt19937 import MT19937
from tests import oracle

SIZES = (1, 5, 15, 16, 17, 100, 1000, 100000)
SEEDS = (0, 2**33 + 12345)
FLOATS = ("float64", "float32", "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "bool")

needs_torch = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="the oracle is not installed")


@pytest.fixture
def torch():
    return oracle.torch


def numpy_dtype(name):
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def weights(n):
    """Numbers of [0, 1], exact in every dtype."""
    return (np.arange(n) % 33 / 32).astype(np.float64)


def on(torch, array):
    """The same array in torch."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.astype(np.float32)).bfloat16()
    return torch.from_numpy(array)


def in_place(method, *arguments):
    return lambda torch, g, n, d: getattr(torch.empty(n, dtype=d), method)(*arguments, generator=g)


def stream(function, *arguments):
    return lambda e, n, d: getattr(streams, function)(e, (n,), *arguments, dtype=d)


def weighted(function, scale=1.0, offset=0.0):
    return lambda e, n, d: getattr(streams, function)(e, (weights(n) * scale + offset).astype(d))


def weighted_torch(function, scale=1.0, offset=0.0):
    return lambda torch, g, n, d: getattr(torch, function)(on(torch, weights(n) * scale + offset).to(d), generator=g)


WIDE, INTEGRAL_OR_FLOAT = FLOATS[:2], INTEGERS[:-1] + FLOATS
# name: (dtypes, ours(engine, n, dtype), theirs(torch, generator, n, dtype))
CASES = {
    "rand": (FLOATS + COMPLEX, stream("uniform"), lambda t, g, n, d: t.rand(n, dtype=d, generator=g)),
    "uniform": (FLOATS, stream("uniform", -2.5, 9.1), in_place("uniform_", -2.5, 9.1)),
    "randn": (FLOATS + COMPLEX, stream("normal"), lambda t, g, n, d: t.randn(n, dtype=d, generator=g)),
    "normal": (FLOATS + COMPLEX, stream("normal", 0.3, 2.7), in_place("normal_", 0.3, 2.7)),
    "normal of arrays": (
        FLOATS,
        lambda e, n, d: streams.normal(e, (n,), weights(n).astype(d), (weights(n) * 3).astype(d), dtype=d),
        lambda t, g, n, d: t.normal(on(t, weights(n)).to(d), on(t, weights(n) * 3).to(d), generator=g)),
    "normal of a mean array": (
        FLOATS,
        lambda e, n, d: streams.normal(e, (n,), weights(n).astype(d), 1.7, dtype=d),
        lambda t, g, n, d: t.normal(on(t, weights(n)).to(d), 1.7, generator=g)),
    "normal of a std array": (
        FLOATS,
        lambda e, n, d: streams.normal(e, (n,), 0.3, weights(n).astype(d), dtype=d),
        lambda t, g, n, d: t.normal(0.3, on(t, weights(n)).to(d), generator=g)),
    "strided normal": (
        FLOATS,
        lambda e, n, d: streams.normal(e, (n,), 0.5, 3.0, dtype=d, contiguous=False),
        lambda t, g, n, d: t.empty(n + 1, 2, dtype=d)[:n, 0].normal_(0.5, 3.0, generator=g) if n > 1
        else t.empty(n, dtype=d).normal_(0.5, 3.0, generator=g)),
    "randint": (INTEGRAL_OR_FLOAT, stream("randint", 3, 101), in_place("random_", 3, 101)),
    "coarse randint": (
        ("float64", "float32", "bfloat16"),
        stream("randint", 2**24 + 1, 2**26 + 3), in_place("random_", 2**24 + 1, 2**26 + 3)),
    "wide randint": (
        ("int64", "int32", "float64"), stream("randint", -5, 2**28 - 5), in_place("random_", -5, 2**28 - 5)),
    "widest randint": (("int64",), stream("randint", -2**63, 2**63 - 1), in_place("random_", -2**63, 2**63 - 1)),
    "random": (INTEGERS + FLOATS, stream("random"), in_place("random_")),
    "random from": (INTEGRAL_OR_FLOAT, stream("random", 5), in_place("random_", 5, None)),
    "random of 64 bits": (("int64",) + WIDE, stream("random", -2**63), in_place("random_", -2**63, None)),
    "randperm": (
        ("int64",),
        lambda e, n, d: streams.randperm(e, n, d), lambda t, g, n, d: t.randperm(n, dtype=d, generator=g)),
    "bernoulli": (INTEGERS + FLOATS, stream("bernoulli", 0.3), in_place("bernoulli_", 0.3)),
    "bernoulli of array": (
        FLOATS,
        lambda e, n, d: streams.bernoulli(e, (n,), weights(n).astype(d), dtype=d), weighted_torch("bernoulli")),
    "exponential": (FLOATS, stream("exponential", 2.5), in_place("exponential_", 2.5)),
    "cauchy": (FLOATS, stream("cauchy", 3.0, 2.7), in_place("cauchy_", 3.0, 2.7)),
    "log_normal": (FLOATS, stream("log_normal", 0.3, 0.7), in_place("log_normal_", 0.3, 0.7)),
    "geometric": (INTEGRAL_OR_FLOAT, stream("geometric", 0.3), in_place("geometric_", 0.3)),
    "rare geometric": (INTEGRAL_OR_FLOAT, stream("geometric", 0.01), in_place("geometric_", 0.01)),
    "poisson": (FLOATS, weighted("poisson", 40), weighted_torch("poisson", 40)),
    "binomial": (
        WIDE,
        lambda e, n, d: streams.binomial(e, (weights(n) * 64).astype(d), weights(n)[::-1].astype(d)),
        lambda t, g, n, d: t.binomial(on(t, weights(n) * 64).to(d), on(t, weights(n)[::-1].copy()).to(d), generator=g)),
    "standard_gamma": (WIDE, weighted("standard_gamma", 4), weighted_torch("_standard_gamma", 4)),
    "dirichlet": (
        WIDE,
        lambda e, n, d: streams.dirichlet(e, (weights(n * 3).reshape(n, 3) + 0.125).astype(d)),
        lambda t, g, n, d: t._sample_dirichlet(on(t, weights(n * 3).reshape(n, 3) + 0.125).to(d), g)),
    "multinomial of one": (
        FLOATS,
        lambda e, n, d: streams.multinomial(e, (weights(n) + 1).astype(d), 1),
        lambda t, g, n, d: t.multinomial(on(t, weights(n) + 1).to(d), 1, generator=g)),
    "multinomial": (
        WIDE,
        lambda e, n, d: streams.multinomial(e, (weights(n) + 1).astype(d), min(n, 40)),
        lambda t, g, n, d: t.multinomial(on(t, weights(n) + 1).to(d), min(n, 40), generator=g)),
    "multinomial with replacement": (
        FLOATS,
        lambda e, n, d: streams.multinomial(e, (weights(n) + 1).astype(d), 50, True),
        lambda t, g, n, d: t.multinomial(on(t, weights(n) + 1).to(d), 50, True, generator=g)),
    "rows of multinomial": (
        WIDE,
        lambda e, n, d: streams.multinomial(e, (weights(4 * n) + 1).reshape(4, n).astype(d), 3, True),
        lambda t, g, n, d: t.multinomial(on(t, weights(4 * n) + 1).to(d).reshape(4, n), 3, True, generator=g)),
    "rrelu_noise": (
        WIDE,
        lambda e, n, d: streams.rrelu_noise(e, (weights(n) - 0.5).astype(d), 0.1, 0.7),
        lambda t, g, n, d: rrelu_noise(t, on(t, weights(n) - 0.5).to(d), g)),
}


def rrelu_noise(torch, input, generator):
    noise = torch.empty_like(input)
    torch.ops.aten.rrelu_with_noise(input, noise, 0.1, 0.7, True, generator)
    return noise


def same_bits(torch, ours, theirs):
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    theirs = theirs.contiguous().view(torch.uint8).numpy().tobytes()
    assert np.frombuffer(ours.tobytes(), ours.dtype).tobytes() == theirs, differences(ours, theirs)


def differences(ours, theirs):
    theirs = np.frombuffer(theirs, ours.dtype).reshape(ours.shape)
    places = np.argwhere(ours != theirs)
    wrong = ours != theirs
    return f"{len(places)} of {ours.size} differ, first at {places[:1]}: {ours[wrong][:3]} {theirs[wrong][:3]}"


@needs_torch
def test_one_wrong_bit_is_seen(torch):
    with pytest.raises(AssertionError, match="1 of 3 differ"):
        same_bits(torch, np.array([1, 2, 3 + 2**-22], np.float32), torch.tensor([1.0, 2.0, 3.0]))


@needs_torch
@pytest.mark.filterwarnings("ignore:.*out of bounds")
@pytest.mark.parametrize("name, dtype", [(name, dtype) for name, case in CASES.items() for dtype in case[0]])
def test_equals_torch(torch, name, dtype):
    _, ours, theirs = CASES[name]
    for seed in SEEDS:
        for size in SIZES:
            engine, generator = MT19937(seed), torch.Generator().manual_seed(seed)
            expected = theirs(torch, generator, size, getattr(torch, dtype))
            same_bits(torch, ours(engine, size, numpy_dtype(dtype)), expected)
            assert (engine.state_bytes() == generator.get_state().numpy()).all(), (seed, size)


MIXED = ("rand", "randn", "rand", "randint", "normal", "random", "log_normal", "randperm", "standard_gamma",
         "bernoulli", "exponential", "poisson", "strided normal", "multinomial of one", "randn")


@needs_torch
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dtype", WIDE)
def test_a_mixed_sequence_stays_in_step(torch, dtype, seed):
    engine, generator = MT19937(seed), torch.Generator().manual_seed(seed)
    for step, name in enumerate(MIXED * 20):
        known = dtype if dtype in CASES[name][0] else CASES[name][0][0]
        size = 1 + step % 23
        theirs = CASES[name][2](torch, generator, size, getattr(torch, known))
        same_bits(torch, CASES[name][1](engine, size, numpy_dtype(known)), theirs)
    assert (engine.state_bytes() == generator.get_state().numpy()).all()


@needs_torch
@pytest.mark.parametrize("drawn", [0, 1, 7, 623, 624, 625, 2000])
def test_a_state_goes_both_ways(torch, drawn):
    engine, generator = MT19937(9), torch.Generator()
    engine.words(drawn)
    streams.normal(engine, (drawn % 2,), dtype=np.float64)
    generator.set_state(torch.from_numpy(engine.state_bytes()))
    theirs = torch.randn(4, dtype=torch.float64, generator=generator)
    same_bits(torch, streams.normal(engine, (4,), dtype=np.float64), theirs)
    torch.randn(3, generator=generator)
    engine.set_state_bytes(generator.get_state().numpy())
    assert engine.initial_seed == generator.initial_seed() == 9
    assert (engine.state_bytes() == generator.get_state().numpy()).all()
    same_bits(torch, streams.normal(engine, (9,), dtype=np.float32), torch.randn(9, generator=generator))


@needs_torch
@pytest.mark.parametrize("seed", [0, 5, 2**32 + 5, 2**63, 2**64 - 1, -1, -2**63])
def test_every_seed_starts_as_in_torch(torch, seed):
    generator = torch.Generator().manual_seed(seed)
    assert MT19937(seed).initial_seed == generator.initial_seed()
    assert (MT19937(seed).state_bytes() == generator.get_state().numpy()).all()


def with_field(offset, dtype, value):
    state = MT19937(1).state_bytes()
    state[offset:offset + np.dtype(dtype).itemsize].view(dtype)[0] = value
    return state


STATES = {
    "left 0": with_field(8, np.int32, 0), "left 625": with_field(8, np.int32, 625),
    "left 624": with_field(8, np.int32, 624),
    "unseeded": with_field(12, np.int32, 0), "seeded twice": with_field(12, np.int32, 7),
    "next 624": with_field(16, np.uint64, 624), "next 625": with_field(16, np.uint64, 625),
    "a normal waits": with_field(5040, np.int32, 5), "a float normal waits": with_field(5052, np.uint8, 1),
    "short": MT19937(1).state_bytes()[:100], "long": np.zeros(10112, np.uint8), "zeros": np.zeros(5056, np.uint8),
    "floats": MT19937(1).state_bytes().astype(np.float32), "strided": np.zeros(10112, np.uint8)[::2],
}


@needs_torch
@pytest.mark.parametrize("name", STATES)
def test_states_are_judged_as_torch_does(torch, name):
    engine, generator = MT19937(), torch.Generator()
    try:
        generator.set_state(torch.from_numpy(STATES[name]))
    except (RuntimeError, TypeError) as refused:
        with pytest.raises(type(refused)) as error:
            engine.set_state_bytes(STATES[name])
        assert str(error.value) == str(refused)
    else:
        engine.set_state_bytes(STATES[name])
        assert (engine.state_bytes() == generator.get_state().numpy()).all()


@needs_torch
def test_permutations_of_few_and_none(torch):
    for n in (0, 1, 2, 3):
        engine, generator = MT19937(4), torch.Generator().manual_seed(4)
        same_bits(torch, streams.randperm(engine, n), torch.randperm(n, generator=generator))
        assert (engine.state_bytes() == generator.get_state().numpy()).all()


@needs_torch
@pytest.mark.parametrize("mean, std", [(math.inf, 1.0), (0.0, math.inf), (math.nan, 1.0), (0.0, 0.0), (1e20, 1e-3)])
def test_extreme_locations_and_scales(torch, mean, std):
    for n in (5, 40):
        for dtype in WIDE:
            theirs = torch.empty(n, dtype=getattr(torch, dtype))
            theirs.normal_(mean, std, generator=torch.Generator().manual_seed(4))
            ours = streams.normal(MT19937(4), (n,), mean, std, dtype=numpy_dtype(dtype))
            np.testing.assert_array_equal(ours, theirs.numpy())


@needs_torch
def test_shapes_are_filled_in_order(torch):
    for function, method in ((streams.uniform, torch.rand), (streams.normal, torch.randn)):
        theirs = method(2, 3, 5, generator=torch.Generator().manual_seed(4))
        same_bits(torch, function(MT19937(4), (2, 3, 5), dtype=np.float32), theirs)
        assert function(MT19937(4), (), dtype=np.float32).shape == ()
        assert function(MT19937(4), (0, 3), dtype=np.complex64).shape == (0, 3)


@needs_torch
def test_modules_draw_from_these_streams(torch):
    functional = torch.nn.functional
    torch.manual_seed(6)
    mask = functional.dropout(torch.ones(4, 25), 0.3) != 0
    features = functional.dropout2d(torch.ones(2, 5, 3, 3), 0.3)[..., 0, 0] != 0
    alpha = functional.alpha_dropout(torch.zeros(50), 0.3, True) > 0
    gumbel = functional.gumbel_softmax(torch.zeros(50), tau=1.0).log()
    engine = MT19937(6)
    for shape, theirs in (((4, 25), mask), ((2, 5), features), ((50,), alpha)):
        same_bits(torch, streams.bernoulli(engine, shape, 1 - 0.3, dtype=bool), theirs)
    noise = streams.gumbel(engine, (50,), dtype=np.float32)
    np.testing.assert_allclose(noise - np.log(np.exp(noise).sum()), gumbel.numpy(), rtol=1e-5, atol=1e-5)


def test_a_copy_draws_the_same_and_leaves_the_original():
    engine = MT19937(2)
    streams.normal(engine, (3,), dtype=np.float64)
    twin = engine.copy()
    expected = streams.normal(twin, (8,), dtype=np.float64)
    assert not (twin.state_bytes() == engine.state_bytes()).all()
    assert (streams.normal(engine, (8,), dtype=np.float64) == expected).all()


def test_large_permutations_exchange_backwards(monkeypatch):
    monkeypatch.setattr(streams, "_MANY", 1)
    for n in (1, 2, 17, 1000):
        order = [0] * n
        for here, there in enumerate((MT19937(3).double_words(n) % np.arange(1, n + 1, dtype=np.uint64)).tolist()):
            order[here], order[there] = order[there], here
        assert streams.randperm(MT19937(3), n).tolist() == order


@pytest.mark.parametrize("name", CASES)
def test_recorded_digits(name):
    dtype, first, total, position = RECORDED[name]
    engine = MT19937(3)
    values = CASES[name][1](engine, 1000, numpy_dtype(dtype)).ravel().astype(np.float64)
    np.testing.assert_allclose(values[:3], first, rtol=2e-6)
    np.testing.assert_allclose(np.abs(values).sum(), total, rtol=2e-6)
    assert engine.state_bytes()[16:24].view(np.int64)[0] == position


# From torch 2.13, seed 3, 1000 numbers: dtype, the first three, the sum of the magnitudes, the position in the engine.
RECORDED = {
    "rand": ("float32", [0.00426352024, 0.105569363, 0.285842478], 496.336719, 376),
    "uniform": ("float32", [-2.45054317, -1.27539539, 0.815772831], 3835.15347, 376),
    "randn": ("float32", [-0.076644294, 0.35988152, -0.782016814], 797.225876, 392),
    "normal": ("float32", [0.0930604115, 1.27168012, -1.81144547], 2153.89149, 392),
    "normal of arrays": ("float32", [0.0, 0.0649888963, -0.0841281563], 1231.0055, 392),
    "normal of a mean array": ("float32", [-0.130295306, 0.643048584, -1.26692867], 1420.45614, 392),
    "normal of a std array": ("float32", [0.300000012, 0.311246306, 0.251123965], 487.885933, 392),
    "strided normal": ("float32", [2.90982819, 1.02450013, 0.766934276], 2275.19426, 128),
    "randint": ("float32", [43.0, 55.0, 90.0], 50970.0, 376),
    "coarse randint": ("float32", [16848652.0, 18548364.0, 38349952.0], 41948605800.0, 376),
    "wide randint": ("int64", [35325587.0, 117892734.0, 252666819.0], 132321922000.0, 128),
    "widest randint": ("int64", [9.37055942e+17, 3.83964961e+18, -3.85712668e+18], 4.5248562e+21, 128),
    "random": ("float32", [71389.0, 1771142.0, 4795460.0], 8327020700.0, 376),
    "random from": ("float32", [72099.0, 1771237.0, 4796370.0], 8327663870.0, 376),
    "random of 64 bits": ("float32", [-8.286316e+18, -5.3837224e+18, 5.36624511e+18], 4.69851584e+21, 128),
    "randperm": ("int64", [986.0, 114.0, 871.0], 499500.0, 375),
    "bernoulli": ("float32", [1.0, 1.0, 0.0], 308.0, 128),
    "bernoulli of array": ("float32", [0.0, 0.0, 0.0], 491.0, 376),
    "exponential": ("float32", [0.0138813816, 0.135163829, 0.592972279], 383.384895, 128),
    "cauchy": ("float32", [-22.100853, 0.861022115, 6.11968088], 11721.7278, 128),
    "log_normal": ("float32", [2.3685863, 1.52559328, 1.43660784], 1650.38299, 128),
    "geometric": ("float32", [10.0, 4.0, 1.0], 3437.0, 128),
    "rare geometric": ("float32", [337.0, 125.0, 26.0], 104099.0, 128),
    "poisson": ("float32", [0.0, 0.0, 2.0], 19823.0, 620),
    "binomial": ("float32", [0.0, 0.0, 0.0], 17435.0, 138),
    "standard_gamma": ("float32", [1.17549435e-38, 0.37145856, 0.013036768], 1959.4107, 24),
    "dirichlet": ("float32", [0.827881157, 0.000944364758, 0.171174452], 999.999999, 610),
    "multinomial of one": ("float32", [246.0], 246.0, 128),
    "multinomial": ("float32", [246.0, 32.0, 748.0], 21374.0, 128),
    "multinomial with replacement": ("float32", [34.0, 288.0, 773.0], 21391.0, 100),
    "rows of multinomial": ("float32", [34.0, 288.0, 773.0], 5226.0, 24),
    "rrelu_noise": ("float32", [0.120464921, 0.272044122, 0.563748956], 688.050028, 416),
}
