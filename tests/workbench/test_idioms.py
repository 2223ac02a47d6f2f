"""What an operator is written as computes what the operator does: functions of JAX's own, those of `idioms`, indices, writes."""

import numpy as np
import pytest

import facade as torch
from facade.workbench.emitting.known import IDIOMS

functional = torch.nn.functional


def sized(module):
    torch.manual_seed(0)
    return module


def packed(x):
    inputs = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 2]))
    return sized(torch.nn.LSTM(4, 3, bidirectional=True))(inputs)[1]


CLASSES, SCORES = torch.tensor([3, -100, 0]), torch.tensor([2.0])
# idiom -> a function of x, 3 by 2 by 4, that is written with it.
USES = {
    "layer_norm": lambda x: functional.layer_norm(x, (4,), torch.arange(4.0), torch.ones(4), 1e-3),
    "group_norm": lambda x: functional.group_norm(x.transpose(1, 2), 2, torch.arange(4.0), torch.ones(4)),
    "batch_norm": lambda x: sized(torch.nn.BatchNorm1d(2))(x),
    "dropout": lambda x: functional.dropout(x, 0.3),
    "nll_loss": lambda x: functional.cross_entropy(x[:, 0], CLASSES),
    "sigmoid_cross_entropy": lambda x: functional.binary_cross_entropy_with_logits(x, x.sigmoid(), pos_weight=SCORES, reduction="sum"),
    "attention": lambda x: functional.scaled_dot_product_attention(x, x + 1, x, is_causal=True),
    "upsample_bilinear": lambda x: functional.interpolate(x[None], size=(5, 7), mode="bilinear", align_corners=True),
    "lstm_layer": lambda x: sized(torch.nn.LSTM(4, 3, 2, bidirectional=True))(x),
    "packed_lstm_layer": packed,
    "gru_layer": lambda x: sized(torch.nn.GRU(4, 3, bidirectional=True))(x),
    "rnn_layer": lambda x: sized(torch.nn.RNN(4, 3))(x),
}


def traced(function):
    torch.manual_seed(1)
    return torch.trace_program(function, torch.tensor(np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)))


def test_every_idiom_is_used():
    assert USES.keys() == IDIOMS.keys()


@pytest.mark.parametrize("name", USES)
def test_an_idiom_is_its_operator(name):
    program = traced(USES[name])
    program.check(1e-5)
    assert f"def {name}(" in program.to_source()


def test_a_wrong_idiom_is_noticed(monkeypatch):
    program = traced(USES["nll_loss"])
    wrong = program.to_source().replace("jnp.mean(", "jnp.sum(")
    monkeypatch.setattr(program, "to_source", lambda: wrong)
    with pytest.raises(AssertionError, match="another result 0"):
        program.check()


def test_an_idiom_gives_way_to_the_names_of_the_program():
    source = torch.trace_program(lambda dropout: functional.dropout(dropout, 0.5), torch.ones(3)).to_source()
    assert "def dropout_2(x, mask, rate):" in source and "return dropout_2(dropout, " in source


# ---------------------------------------------------------------- single lines
def written(x):
    y = x.clone()
    y[0] = 1
    y[:, 1] += 2
    y[1, 0, 2:] = x[0, 1, :2]
    y[torch.tensor([0, 1]), torch.tensor([1, 0])] = -1.0
    return y


LINES = {
    "x.at[0].set(1.0)": written,
    ".at[1, 0, 2:].set(x[0, 1, :2])": written,
    ".at[jnp.arange(2), jnp.array([1, 0])].set(-1.0)": written,
    "x[:, 0, 1]": lambda x: x[:, 0, 1],
    "x[1:, :, ::2]": lambda x: x[1:, :, ::2],
    "x[..., None] - x[:, :, None]": lambda x: x[..., None] - x[:, :, None],
    "jnp.take_along_axis(x, jnp.argmax(x, axis=2)[..., None], axis=2)": lambda x: x.gather(2, x.argmax(2, keepdim=True)),
    "x.at[jnp.array([2, 0])].add(x[:2])": lambda x: x.index_add(0, torch.tensor([2, 0]), x[:2]),
    "jnp.mean(x, axis=(0, 2))": lambda x: x.mean((0, 2)),
    "jnp.mean(x, axis=2, keepdims=True)": lambda x: x - x.mean(2, keepdim=True),
    "jnp.sum(x > 0.0)": lambda x: (x > 0).sum().float(),
    "jnp.remainder(arange, 3)": lambda x: (torch.arange(6) % 3).float(),
    "jnp.array([0.0, jnp.inf, jnp.nan, -jnp.inf])": lambda x: x + torch.tensor([0.0, float("inf"), float("nan"), -float("inf")]),
    "x * 2.0": lambda x: (x * 2 + 0.0) * 1.0 / torch.ones(4),
    "x - jnp.exp(x)": lambda x: x + -x.exp(),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_as_a_person_writes_it(line):
    program = traced(LINES[line])
    program.check(1e-5)
    assert line in program.to_source()


def test_integers_are_of_64_bits_only_where_they_show():
    assert "jax_enable_x64" not in traced(lambda x: x[torch.arange(2) + 1]).to_source()
    assert "jax_enable_x64" in traced(lambda x: x.argmax(2)).to_source()
    assert "jax_enable_x64" in traced(lambda x: (torch.arange(3) * 2 ** 40 > 5).float()).to_source()


def test_a_sum_of_integers_over_their_count_is_no_mean():
    program = traced(lambda x: (x > 0).long().sum(1).div(2, rounding_mode="floor") + x.argmax(1))
    program.check()
    assert "mean" not in program.to_source()


def test_an_index_that_was_made_narrow_stays_so():
    program = torch.trace_program(lambda x, i: x[i.to(torch.int8).long()], torch.arange(300.0), torch.tensor([3, 258]))
    program.check()
