"""Inputs and parameters of two dtypes: what torch computes, and the sentence for what it does not."""

import warnings

import numpy as np

from tests.worlds import both_worlds, expressions, refusal


@expressions("""
F.conv1d(x.double(), w)
F.conv1d(x.double(), w, b)
F.conv1d(x.long(), w, b)
F.conv1d(x, w, b.long())
F.conv1d(x, w.double())
F.conv1d(x.expand(2, 1, 3), w.double())
F.conv1d(x.bfloat16(), w)
F.conv_transpose1d(x.double(), w, b)
F.layer_norm(x.double(), (3,), w3)
F.layer_norm(x, (3,), w3, w3.double())
F.layer_norm(x.bfloat16(), (3,), w3).dtype, F.layer_norm(x.half(), (3,), w3, w3).dtype
F.layer_norm(x.long(), (3,))
F.group_norm(x.double(), 1, b)
F.group_norm(x.half(), 1, b.half(), b)
F.group_norm(x.long(), 1)
F.batch_norm(x.double(), b, b)
F.batch_norm(x.long(), b, b)
F.batch_norm(x, b.double(), b.double())
F.batch_norm(x.bfloat16(), b, b).dtype
F.rms_norm(x.long(), (3,))
F.binary_cross_entropy_with_logits(x, x.long())
F.binary_cross_entropy_with_logits(x, x.bool())
F.binary_cross_entropy_with_logits(x.double(), x)
F.cross_entropy(x[0], x[0, :, :2])
F.cross_entropy(x[0], [0])
F.nll_loss(x[0], 0)
F.ctc_loss(torch.zeros(2, 1, 2), torch.tensor([[1]]), (3,), (1,))
F.ctc_loss(torch.zeros(2, 1, 2), torch.tensor([[1]]), (2, 2), (1,))
""")
def test_dtypes(torch):
    return {"F": torch.nn.functional, "x": torch.ones(1, 1, 3), "w": torch.ones(1, 1, 2), "b": torch.ones(1), "w3": torch.ones(3)}


@both_worlds
def test_arrays_share_the_memory_of_tensors(torch):
    tensor = torch.zeros(2, 2)
    np.asarray(tensor)[0, 1] = 5
    yield tensor, refusal(np.asarray, torch.ones(2, dtype=torch.bfloat16)), refusal(np.asarray, torch.ones(2, requires_grad=True))
    yield refusal(torch.ones(2, dtype=torch.complex64).conj().numpy)


@both_worlds
def test_advice(torch):
    leaf = torch.ones(2, requires_grad=True)
    calls = [lambda: torch.tensor(leaf), lambda: leaf.new_tensor(leaf), lambda: torch.autograd.grad(leaf.sum(), leaf, only_inputs=False),
             lambda: torch.autograd.backward(leaf.sum(), grad_variables=torch.tensor(1.0)), lambda: torch.no_grad()(type("Empty", (), {})),
             lambda: torch.zeros(2, 2)[[[0], [1]]], lambda: torch.nn.functional.upsample(torch.ones(1, 1, 2), 4)]
    for call in calls:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            call()
        yield [(each.category.__name__, str(each.message).partition(" (Triggered")[0]) for each in seen]
