"""finfo and iinfo: recorded figures and errors, and every dtype beside torch where it is installed."""

import pytest

from facade.core import dtypes
from facade.core.numeric_limits import finfo, iinfo
from tests import oracle

needs_torch = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="compares with torch")

RECORDED = [     # what is asked, the text of the answer
    (finfo, dtypes.float32, ("finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
     "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)")),
    (finfo, dtypes.complex128, ("finfo(resolution=1e-15, min=-1.79769e+308, max=1.79769e+308, eps=2.22045e-16, "
     "smallest_normal=2.22507e-308, tiny=2.22507e-308, dtype=float64)")),
    (finfo, dtypes.bfloat16, ("finfo(resolution=0.01, min=-3.38953e+38, max=3.38953e+38, eps=0.0078125, "
     "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=bfloat16)")),
    (finfo, dtypes.float8_e4m3fn, ("finfo(resolution=1, min=-448, max=448, eps=0.125, "
     "smallest_normal=0.015625, tiny=0.015625, dtype=float8_e4m3fn)")),
    (finfo, dtypes.float8_e5m2fnuz, ("finfo(resolution=1, min=-57344, max=57344, eps=0.125, "
     "smallest_normal=3.05176e-05, tiny=3.05176e-05, dtype=float8_e5m2fnuz)")),
    (finfo, dtypes.float8_e8m0fnu, ("finfo(resolution=1, min=5.87747e-39, max=1.70141e+38, eps=1, "
     "smallest_normal=5.87747e-39, tiny=5.87747e-39, dtype=float8_e8m0fnu)")),
    (finfo, float, ("finfo(resolution=1e-15, min=-1.79769e+308, max=1.79769e+308, eps=2.22045e-16, "
     "smallest_normal=2.22507e-308, tiny=2.22507e-308, dtype=float64)")),
    (iinfo, dtypes.uint8, "iinfo(min=0, max=255, dtype=uint8)"),
    (iinfo, dtypes.uint64, "iinfo(min=0, max=1.84467e+19, dtype=uint64)"),
    (iinfo, int, "iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)"),
]
WRONG_KIND = [
    (finfo, dtypes.int64, "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"),
    (finfo, bool, "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"),
    (iinfo, dtypes.complex64, "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'"),
    (iinfo, dtypes.bool, "torch.bool is not supported by torch.iinfo"),
    (finfo, 3, "finfo(): argument 'type' (position 1) must be torch.dtype, not int"),
    (iinfo, None, "iinfo(): argument 'type' (position 1) must be torch.dtype, not NoneType"),
    (iinfo, str, "iinfo(): argument 'type' (position 1) must be torch.dtype, not type"),
]


@pytest.mark.parametrize("ask, given, text", RECORDED)
def test_recorded(ask, given, text):
    assert repr(ask(given)) == str(ask(type=given)) == text


@pytest.mark.parametrize("ask, given, sentence", WRONG_KIND)
def test_wrong_kind(ask, given, sentence):
    with pytest.raises(TypeError) as caught:
        ask(given)
    assert str(caught.value) == sentence


def test_without_argument():
    before = dtypes.get_default_dtype()
    dtypes.set_default_dtype(dtypes.float16)
    try:
        assert finfo().dtype == "float16"
    finally:
        dtypes.set_default_dtype(before)
    with pytest.raises(TypeError, match='^iinfo\\(\\) missing 1 required positional arguments: "type"$'):
        iinfo()


def test_values_are_exact():
    assert iinfo(dtypes.int64).max == 2**63 - 1 and iinfo(dtypes.uint64).max == 2**64 - 1
    assert type(finfo(dtypes.float16).max) is float and finfo(dtypes.float16).max == 65504


def test_equality_is_that_of_the_real_dtype():
    assert finfo(dtypes.complex64) == finfo(dtypes.float32) != finfo(dtypes.float64)
    assert iinfo(dtypes.int8) != iinfo(dtypes.uint8) and iinfo(dtypes.int8) != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(iinfo(dtypes.int8))


def test_nothing_can_be_written():
    with pytest.raises(AttributeError, match="^attribute 'bits' of 'torch.finfo' objects is not writable$"):
        finfo(dtypes.float16).bits = 3
    with pytest.raises(AttributeError, match="^'torch.iinfo' object has no attribute 'other'$"):
        iinfo(dtypes.int8).other = 3


@needs_torch
@pytest.mark.parametrize("dtype", dtypes.ALL, ids=str)
@pytest.mark.parametrize("kind", [finfo, iinfo])
def test_like_torch(kind, dtype):
    def shown(ask, subject):
        try:
            limits = ask(subject)
        except TypeError as error:
            return str(error)
        figures = {name: getattr(limits, name) for name in dir(limits) if not name.startswith("_")}
        return repr(limits), figures, {name: type(figure) for name, figure in figures.items()}

    assert shown(kind, dtype) == shown(getattr(oracle.torch, kind.__name__), getattr(oracle.torch, dtype.name))
