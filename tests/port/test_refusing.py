"""What facade leaves out is there by name: to call it raises NotImplementedError with what to use instead, to ask about it does not."""

import pytest

import facade as torch
from facade.port.coverage import coverage
from facade.port.names import ABSENT, find, note_on, torch_names

CALLS = {
    "torch.sparse_coo_tensor": lambda: torch.sparse_coo_tensor([[0]], [1.0]), "torch.sparse.mm": lambda: torch.sparse.mm(1, 2),
    "torch.nested.nested_tensor": lambda: torch.nested.nested_tensor([]), "torch.quantize_per_tensor": lambda: torch.quantize_per_tensor(1),
    "torch.Tensor.to_sparse": lambda: torch.ones(2).to_sparse(), "torch.Tensor.int_repr": lambda: torch.ones(2).int_repr(),
    "torch.distributed.init_process_group": lambda: torch.distributed.init_process_group("gloo"), "torch.ops.aten.add": lambda: torch.ops.aten.add(1),
    "torch.ao.quantization.QuantStub": lambda: torch.ao.quantization.QuantStub(), "torch.fx.Tracer": lambda: type("Own", (torch.fx.Tracer,), {}),
    "torch.onnx.export": lambda: torch.onnx.export(None), "torch.cuda.CUDAGraph": lambda: torch.cuda.CUDAGraph(),
    "torch.qint8": lambda: torch.zeros(2, dtype=torch.qint8), "torch.complex32": lambda: torch.ones(2).to(torch.complex32),
}


@pytest.mark.parametrize("name", CALLS)
def test_use_is_refused_by_name(name):
    with pytest.raises(NotImplementedError) as refused:
        CALLS[name]()
    assert str(refused.value) == f"facade does not support {name}: {note_on(name)}" and note_on(name)


def test_questions_are_answered():
    assert not isinstance(3, torch.SymInt) and torch.float32 not in (torch.qint8, torch.complex32) and torch.qint8 is torch.qint8
    assert not torch.distributed.is_available() and not torch.xpu.is_available() and torch.xpu.device_count() == 0
    assert "torch.sparse" in repr(torch.sparse)


@pytest.mark.parametrize("name", ["no_such_name", "_private", "__wrapped__"])
def test_what_torch_has_not_is_an_attribute_error(name):
    assert not hasattr(torch, name) and not hasattr(torch.nn.functional, name) and not hasattr(torch.ones(1), name)


def test_every_name_is_there_or_has_a_sentence():
    silent = [f"{each}.{name}" for each in torch_names() if torch_names()[each] for name in coverage(each).missing if not note_on(f"{each}.{name}")]
    assert not silent + [name for name in torch_names() if find(name) is ABSENT and not note_on(name)]


def test_complex_numbers_of_half_precision_are_refused():
    torch.set_default_dtype(torch.float16)
    try:
        with pytest.raises(NotImplementedError, match="complex32"):
            torch.tensor([1.2, 3j])
    finally:
        torch.set_default_dtype(torch.float32)
