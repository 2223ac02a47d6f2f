"""The checker can fail: between two toy worlds, each kind of difference is found, and equal worlds agree."""

import types

import numpy as np
import pytest

from tests import worlds
from tests.observations import first_difference, observe
from tests.worlds import Referee, read_gaps, refusal


class ToyTensor:
    """The least that an observation asks of a tensor."""

    requires_grad = False
    grad_fn = None

    def __init__(self, values, dtype=np.float32):
        self.values = np.array(values, dtype)
        self.dtype, self.shape = self.values.dtype.name, self.values.shape

    def detach(self):
        return self

    def numpy(self):
        return self.values

    def is_complex(self):
        return False

    def is_floating_point(self):
        return False


def toy_world(**changed):
    """A namespace with the few names that the machinery touches; `changed` replaces some."""

    def item(tensor):
        if tensor.values.size != 1:
            raise RuntimeError("only one element can be converted")
        return tensor.values.item()

    names = {name: lambda *args, **kwargs: None for name in ("manual_seed", "set_grad_enabled", "set_default_dtype", "set_printoptions")}
    names |= {"Tensor": ToyTensor, "dtype": np.dtype, "float32": "float32"}
    names |= {"Size": type("Size", (tuple,), {}), "device": type("device", (), {}), "tensor": ToyTensor, "item": item, "say": print}
    return types.SimpleNamespace(**names | changed)


def everything(torch):
    """Shows a value, a text and a caught error, then raises."""
    yield torch.tensor([1.0, 2.0])
    torch.say("tensor([1., 2.])")
    yield {"caught": refusal(torch.item, torch.tensor([1.0, 2.0]))}
    yield (1, 2.5, "three", None, True)
    torch.item(torch.tensor([3.0, 4.0]))


def refuse_with(kind, text):
    def item(tensor):
        raise kind(text)

    return item


DIFFERENCES = {
    "value": (dict(tensor=lambda values: ToyTensor(np.array(values) + 0.001)), "values"),
    "dtype": (dict(tensor=lambda values: ToyTensor(values, np.float64)), "float64"),
    "shape": (dict(tensor=lambda values: ToyTensor([values])), "shape"),
    "nan": (dict(tensor=lambda values: ToyTensor(np.array(values) * np.nan)), "values"),
    "printed digit": (dict(say=lambda text: print("tensor([1., 3.])")), "printed"),
    "printed layout": (dict(say=lambda text: print("tensor([1.,  2.])")), "printed"),
    "error text": (dict(item=refuse_with(RuntimeError, "only one element may be converted")), "text"),
    "error type": (dict(item=refuse_with(ValueError, "only one element can be converted")), "error"),
    "missing error": (dict(item=lambda tensor: 1.0), "expected"),
    "missing name": (dict(say=None), "expected 3 items"),
}


@pytest.mark.parametrize("changed, where", DIFFERENCES.values(), ids=DIFFERENCES)
def test_a_difference_is_found(changed, where):
    found = first_difference(observe(everything, toy_world()), observe(everything, toy_world(**changed)))
    assert found and where in found


def test_equal_worlds_agree():
    assert first_difference(observe(everything, toy_world()), observe(everything, toy_world())) is None


def test_rounding_is_no_difference():
    near = toy_world(tensor=lambda values: ToyTensor(np.array(values) * (1 + 1e-7)))
    assert first_difference(observe(everything, toy_world()), observe(everything, near)) is None


def test_integers_are_compared_exactly():
    assert first_difference("version 1", "version 2") and first_difference(10**9, 10**9 + 1) and first_difference(1, True)


@pytest.fixture
def toy_referee(monkeypatch, tmp_path):
    """A referee between the toy world and one whose values are wrong, with nothing recorded."""
    wrong = toy_world(tensor=DIFFERENCES["value"][0]["tensor"])
    monkeypatch.setattr(worlds.oracle, "torch", toy_world())
    monkeypatch.setattr(worlds, "world", lambda name: {"right": toy_world(), "wrong": wrong}[name])
    monkeypatch.setattr(worlds, "EXPECTATIONS", tmp_path)
    return Referee


def test_the_referee_shows_program_results_and_difference(toy_referee):
    toy_referee("right", "torch", False).judge("file.py::test", everything)
    with pytest.raises(pytest.fail.Exception) as failure:
        toy_referee("wrong", "torch", False).judge("file.py::test", everything)
    for part in ("def everything(torch)", "expected: {", "actual:   {", "first difference: result.shown[0]"):
        assert part in str(failure.value)


def test_recorded_expectations_stand_in_for_torch(toy_referee):
    with pytest.raises(pytest.fail.Exception, match="nothing recorded"):
        toy_referee("right", "recorded", False).judge("file.py::test", everything)
    recorder = toy_referee("right", "torch", True)
    recorder.judge("file.py::test", everything)
    recorder.write()
    toy_referee("right", "recorded", False).judge("file.py::test", everything)
    with pytest.raises(pytest.fail.Exception, match="values"):
        toy_referee("wrong", "recorded", False).judge("file.py::test", everything)


def test_a_program_at_fault_does_not_pass(toy_referee):
    with pytest.raises(pytest.fail.Exception, match="the test itself is at fault"):
        toy_referee("right", "torch", False).judge("file.py::test", lambda torch: undefined_name)  # noqa: F821


def test_known_gaps_need_a_reason():
    assert read_gaps("# heading\n\nfile.py::test[a b]  # not there yet\n") == {"file.py::test[a b]": "not there yet"}
    with pytest.raises(ValueError, match="needs a reason"):
        read_gaps("file.py::test\n")
