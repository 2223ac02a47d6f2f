"""The text of a tensor: recorded texts, and random arrays beside torch where it is installed."""

from math import inf, nan

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facade.core import dtypes, printing
from tests import oracle

FORMATS = dtypes.ALL
needs_torch = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="compares with torch")


@pytest.fixture(autouse=True)
def options_restored():
    with printing.printoptions():
        yield


def text_of(values, dtype, **more):
    return printing.tensor_text(values, dtype, **{"default_dtype": dtypes.float32, **more})


# ---------------------------------------------------------------- recorded from torch 2.13
RECORDED = [     # elements, dtype, print options, text
    (3.0, "float32", {}, "tensor(3.)"),
    (-0.0, "float32", {}, "tensor(-0.)"),
    (1e-4, "float32", {}, "tensor(1.0000e-04)"),
    (1e-4, "float64", {}, "tensor(0.0001, dtype=torch.float64)"),
    ([nan, inf, -inf, 0.0], "float32", {}, "tensor([nan, inf, -inf, 0.])"),
    ([nan, inf, -inf, 1.5e-9, -0.0], "float32", {}, "tensor([       nan,        inf,       -inf, 1.5000e-09, -0.0000e+00])"),
    ([1.0, 1000.0], "float32", {}, "tensor([   1., 1000.])"),
    ([1.0, 1001.0], "float32", {}, "tensor([1.0000e+00, 1.0010e+03])"),
    ([0.5, 500.0], "float32", {}, "tensor([  0.5000, 500.0000])"),
    ([0.5, 500.5], "float32", {}, "tensor([5.0000e-01, 5.0050e+02])"),
    ([1e8, -1e8], "float32", {}, "tensor([ 100000000., -100000000.])"),
    ([1.00000008e8], "float32", {}, "tensor([1.0000e+08])"),
    ([1.0, -2.5, nan], "float16", {}, "tensor([ 1.0000, -2.5000,     nan], dtype=torch.float16)"),
    ([3.3, 0.1], "bfloat16", {}, "tensor([3.2969, 0.1001], dtype=torch.bfloat16)"),
    ([3.3, 0.1], "float8_e4m3fn", {}, "tensor([3.2500, 0.1016], dtype=torch.float8_e4m3fn)"),
    ([3.3, nan], "float8_e5m2", {}, "tensor([3.5000,    nan], dtype=torch.float8_e5m2)"),
    ([3.3, 0.1], "float8_e4m3fnuz", {}, "tensor([3.2500, 0.1016], dtype=torch.float8_e4m3fnuz)"),
    ([3.3, 0.1], "float8_e5m2fnuz", {}, "tensor([3.5000, 0.0938], dtype=torch.float8_e5m2fnuz)"),
    ([4.0, 0.125], "float8_e8m0fnu", {}, "tensor([4.0000, 0.1250], dtype=torch.float8_e8m0fnu)"),
    ([[1, -20], [300, 4]], "int64", {},
     ("tensor([[  1, -20],\n"
      "        [300,   4]])")),
    ([1, -2], "int8", {}, "tensor([ 1, -2], dtype=torch.int8)"),
    (np.uint64([2**64 - 1, 5]), "uint64", {}, "tensor([18446744073709551615,                    5], dtype=torch.uint64)"),
    (255, "uint8", {}, "tensor(255, dtype=torch.uint8)"),
    ([True, False], "bool", {}, "tensor([ True, False])"),
    (1 + 2j, "complex64", {}, "tensor(1.+2.j)"),
    ([1.5 - 0.25j, complex(-0.0, -0.0), 1e5 + nan * 1j], "complex64", {}, "tensor([1.5000-0.2500j, -0.0000-0.0000j,    nan+nanj])"),
    ([1 + 2j], "complex128", {}, "tensor([1.+2.j], dtype=torch.complex128)"),
    ([], "float32", {}, "tensor([])"),
    ([], "int64", {}, "tensor([], dtype=torch.int64)"),
    ([[], []], "float32", {}, "tensor([], size=(2, 0))"),
    ([[], []], "bool", {}, "tensor([], size=(2, 0), dtype=torch.bool)"),
    (np.arange(24).reshape(2, 3, 4), "int64", {},
     ("tensor([[[ 0,  1,  2,  3],\n"
      "         [ 4,  5,  6,  7],\n"
      "         [ 8,  9, 10, 11]],\n"
      "\n"
      "        [[12, 13, 14, 15],\n"
      "         [16, 17, 18, 19],\n"
      "         [20, 21, 22, 23]]])")),
    (np.arange(8).reshape(2, 2, 1, 2) / 4, "float32", {},
     ("tensor([[[[0.0000, 0.2500]],\n"
      "\n"
      "         [[0.5000, 0.7500]]],\n"
      "\n"
      "\n"
      "        [[[1.0000, 1.2500]],\n"
      "\n"
      "         [[1.5000, 1.7500]]]])")),
    (np.arange(30), "int64", {},
     ("tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
      "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])")),
    (np.arange(1001), "float32", {}, "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])"),
    (np.arange(2000).reshape(40, 50), "float32", {},
     ("tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 4.7000e+01, 4.8000e+01,\n"
      "         4.9000e+01],\n"
      "        [5.0000e+01, 5.1000e+01, 5.2000e+01,  ..., 9.7000e+01, 9.8000e+01,\n"
      "         9.9000e+01],\n"
      "        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.4700e+02, 1.4800e+02,\n"
      "         1.4900e+02],\n"
      "        ...,\n"
      "        [1.8500e+03, 1.8510e+03, 1.8520e+03,  ..., 1.8970e+03, 1.8980e+03,\n"
      "         1.8990e+03],\n"
      "        [1.9000e+03, 1.9010e+03, 1.9020e+03,  ..., 1.9470e+03, 1.9480e+03,\n"
      "         1.9490e+03],\n"
      "        [1.9500e+03, 1.9510e+03, 1.9520e+03,  ..., 1.9970e+03, 1.9980e+03,\n"
      "         1.9990e+03]])")),
    (np.arange(2000) - 1j, "complex64", {},
     ("tensor([0.0000e+00-1.j, 1.0000e+00-1.j, 2.0000e+00-1.j,  ...,\n"
      "        1.9970e+03-1.j, 1.9980e+03-1.j, 1.9990e+03-1.j])")),
    (np.arange(24).reshape(2, 3, 4), "int64", {"threshold": 0, "edgeitems": 1},
     ("tensor([[[ 0,  ...,  3],\n"
      "         ...,\n"
      "         [ 8,  ..., 11]],\n"
      "\n"
      "        [[12,  ..., 15],\n"
      "         ...,\n"
      "         [20,  ..., 23]]])")),
    (np.arange(24).reshape(2, 3, 4), "int32", {"threshold": 0, "edgeitems": 0}, "tensor([...], size=(2, 3, 4), dtype=torch.int32)"),
    ([1.0], "float64", {"edgeitems": 0}, "tensor([1.], size=(1,), dtype=torch.float64)"),
    ([1.0, 1001.0], "float32", {"sci_mode": False}, "tensor([   1., 1001.])"),
    ([1.0, 2.0, 0.0], "float32", {"sci_mode": True}, "tensor([1.0000e+00, 2.0000e+00, 0.0000e+00])"),
    ([0.0, nan], "float32", {"sci_mode": True}, "tensor([0., nan])"),
    ([1.5, -2e9], "float32", {"sci_mode": False}, "tensor([          1.5000, -2000000000.0000])"),
    ([1.234567, 2.0], "float32", {"precision": 7}, "tensor([1.2345670, 2.0000000])"),
    ([1.5, 2.5], "float32", {"precision": 0}, "tensor([2, 2])"),
    (np.arange(12) / 8, "float32", {"linewidth": 30},
     ("tensor([0.0000, 0.1250,\n"
      "        0.2500, 0.3750,\n"
      "        0.5000, 0.6250,\n"
      "        0.7500, 0.8750,\n"
      "        1.0000, 1.1250,\n"
      "        1.2500, 1.3750])")),
    ([1.0, 2.0], "float32", {"linewidth": 5},
     ("tensor([1.,\n"
      "        2.])")),
    ([1.234567, 2.0], "float32", {"profile": "short"}, "tensor([1.23, 2.00])"),
    ([1.234567, 2.0], "float32", {"profile": "short", "precision": 5}, "tensor([1.23457, 2.00000])"),
    (np.arange(1001) * 1000, "int32", {"profile": "full", "threshold": 1000},
     ("tensor([      0,    1000,    2000,  ...,  998000,  999000, 1000000],\n"
      "       dtype=torch.int32)")),
]


@pytest.mark.parametrize("elements, name, options, text", RECORDED)
def test_recorded(elements, name, options, text):
    dtype = dtypes.by_name(name)
    with printing.printoptions(**options):
        assert text_of(np.asarray(elements).astype(dtype.numpy), dtype) == text


WITH_SUFFIXES = [     # shape of ones, dtype, suffixes, text
    ((2,), "float32", ["requires_grad=True"], "tensor([1., 1.], requires_grad=True)"),
    ((2,), "float64", ["grad_fn=<MulBackward0>", "device='cuda:0'"],
     "tensor([1., 1.], device='cuda:0', dtype=torch.float64, grad_fn=<MulBackward0>)"),
    ((0, 3), "float64", ["grad_fn=<MulBackward0>"], "tensor([], size=(0, 3), dtype=torch.float64, grad_fn=<MulBackward0>)"),
    ((15,), "float32", ["requires_grad=True"],
     "tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.],\n       requires_grad=True)"),
]


@pytest.mark.parametrize("shape, name, suffixes, text", WITH_SUFFIXES)
def test_suffixes(shape, name, suffixes, text):
    dtype = dtypes.by_name(name)
    assert text_of(np.ones(shape, dtype.numpy), dtype, suffixes=suffixes) == text


@pytest.mark.parametrize("shape, name, suffixes, text", [
    ((3,), "float32", [], "tensor(..., device='meta', size=(3,))"),
    ((2, 0), "int64", [], "tensor(..., device='meta', size=(2, 0), dtype=torch.int64)"),
    ((), "float32", ["requires_grad=True"], "tensor(..., device='meta', size=(), requires_grad=True)"),
])
def test_no_data(shape, name, suffixes, text):
    values = np.empty(shape, bool)
    assert text_of(values, dtypes.by_name(name), suffixes=[*suffixes, "device='meta'"], has_data=False) == text


def test_contents_stand_for_the_elements():
    assert text_of(np.ones(2), dtypes.float64, contents="hey") == "tensor(hey, dtype=torch.float64)"


def test_a_summary_reads_only_the_edges():
    without_memory = np.broadcast_to(np.float32(1), (10**6, 10**6, 10**6))
    assert text_of(without_memory, dtypes.float32).count("1.") == 6**3


def test_options():
    defaults = printing.get_printoptions()
    assert defaults == {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
    printing.set_printoptions(profile="short", precision=7, sci_mode=True)
    assert printing.get_printoptions() == {**defaults, "precision": 7, "edgeitems": 2, "sci_mode": True}
    printing.set_printoptions(profile="full")
    assert printing.get_printoptions() == {**defaults, "threshold": inf}
    with pytest.raises(ZeroDivisionError), printing.printoptions(profile="default", linewidth=3):
        assert printing.PRINT_OPTS.linewidth == 3
        raise ZeroDivisionError
    assert printing.get_printoptions() == {**defaults, "threshold": inf}


# ---------------------------------------------------------------- random arrays, beside torch
def numbers_near(magnitude, whole):
    """Floats of one magnitude or a little more or less, whole or not, among zeros, infinities and nan."""
    ordinary = st.floats(-10.0, 10.0).map(lambda number: number * 10.0**magnitude)
    return st.one_of(ordinary.map(np.rint) if whole else ordinary, st.sampled_from([0.0, -0.0, inf, -inf, nan, 10.0**magnitude]))


def elements_of(dtype):
    """A strategy of strategies: what the elements of one array of this dtype are drawn from."""
    if dtype.is_complex:
        part = elements_of(dtypes.float64)
        return st.tuples(part, part).map(lambda parts: st.builds(complex, *parts))
    if dtype.is_floating_point:
        near = st.builds(numbers_near, st.sampled_from([-45, -9, -5, -4, -1, 0, 1, 2, 3, 7, 8, 20, 38, 300]), st.booleans())
        return st.one_of(near, near, st.lists(near, min_size=2, max_size=3).map(st.one_of), st.just(st.floats()))
    if dtype is dtypes.bool:
        return st.just(st.booleans())
    limits = np.iinfo(dtype.numpy)
    return st.sampled_from([10, 1000, 2**64]).map(
        lambda bound: st.integers(max(-bound, int(limits.min)), min(bound, int(limits.max))))


@st.composite
def arrays(draw, dtype):
    """Arrays of few to some hundred elements, stored as this dtype."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=8))
    wide = np.complex128 if dtype.is_complex else np.float64 if dtype.is_floating_point else dtype.numpy
    array = draw(hnp.arrays(wide, shape, elements=draw(elements_of(dtype)), fill=st.nothing() if np.prod(shape) < 40 else None))
    with np.errstate(all="ignore"):
        array = array.astype(dtype.numpy)
    if dtype is dtypes.float8_e8m0fnu:     # torch takes this format's smallest number for 0 and its nan for finite: not imitated
        array = np.where(np.isin(array.view(np.uint8), [0, 255]), dtype.numpy.type(1), array)
    return array


dtype_and_array = st.sampled_from(FORMATS).flatmap(lambda dtype: st.tuples(st.just(dtype), arrays(dtype)))
print_options = st.fixed_dictionaries({}, optional={
    "profile": st.sampled_from(["default", "short", "full", "unknown"]),
    "precision": st.integers(0, 9),
    "threshold": st.sampled_from([0, 1, 5, 20, 1000, inf]),
    "edgeitems": st.integers(0, 4),
    "linewidth": st.integers(1, 150),
    "sci_mode": st.sampled_from([True, False, None]),
})


def torch_tensor(array, dtype):
    bits = array.view(f"u{dtype.itemsize}") if array.dtype.isbuiltin != 1 else array
    return oracle.torch.from_numpy(bits).view(getattr(oracle.torch, dtype.name))


def torch_text(tensor, options):
    with oracle.torch._tensor_str.printoptions(**options):
        return repr(tensor)


@needs_torch
@settings(max_examples=1000)
@given(dtype_and_array, print_options)
def test_like_torch(pair, options):
    dtype, array = pair
    with printing.printoptions(**options):
        assert text_of(array, dtype) == torch_text(torch_tensor(array, dtype), options)


@needs_torch
@settings(max_examples=200)
@given(arrays(dtypes.float64), print_options, st.booleans(), st.text("Abc", min_size=1, max_size=30))
def test_suffixes_and_prefix_like_torch(array, options, subclass, name):
    tensor = oracle.torch.from_numpy(array.copy()).requires_grad_()
    if subclass:
        shown, suffix, prefix = tensor.as_subclass(type(name, (oracle.torch.Tensor,), {})), "grad_fn=<AliasBackward0>", f"{name}("
    else:
        shown, suffix, prefix = tensor * 1, "grad_fn=<MulBackward0>", "tensor("
    with printing.printoptions(**options):
        assert text_of(array, dtypes.float64, suffixes=[suffix], prefix=prefix) == torch_text(shown, options)


@needs_torch
@pytest.mark.parametrize("linewidth", range(10, 80))
def test_wrapped_suffixes_like_torch(linewidth):
    tensor = oracle.torch.ones(10, dtype=oracle.torch.float64, requires_grad=True) * 1
    with printing.printoptions(linewidth=linewidth):
        text = text_of(np.ones(10), dtypes.float64, suffixes=["grad_fn=<MulBackward0>"])
    assert text == torch_text(tensor, {"linewidth": linewidth})


@needs_torch
@pytest.mark.parametrize("default", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("shape", [(), (2,), (0,), (2, 0)])
def test_default_dtype_like_torch(dtype, default, shape):
    array = np.ones(shape, dtype.numpy)
    before = oracle.torch.get_default_dtype()
    oracle.torch.set_default_dtype(getattr(oracle.torch, default))
    try:
        expected = repr(torch_tensor(array, dtype))
    finally:
        oracle.torch.set_default_dtype(before)
    assert text_of(array, dtype, default_dtype=dtypes.by_name(default)) == expected


@needs_torch
@settings(max_examples=20)
@given(st.sampled_from(FORMATS), st.data())
def test_summaries_like_torch(dtype, data):
    rows = data.draw(st.integers(1, 60))
    array = np.resize(data.draw(arrays(dtype).filter(lambda few: few.size)), (rows, data.draw(st.integers(1, 60)), 2))
    assert text_of(array, dtype) == torch_text(torch_tensor(array, dtype), {})


@needs_torch
@pytest.mark.parametrize("elements, name, options, text", RECORDED)
def test_the_recorded_texts_are_torch_s(elements, name, options, text):
    dtype = dtypes.by_name(name)
    assert torch_text(torch_tensor(np.asarray(elements).astype(dtype.numpy), dtype), options) == text
