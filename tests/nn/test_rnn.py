"""Recurrent layers and cells, packed sequences: digits, gradients, histories, refusals; drawn options and small programs of training."""

import copy
import pickle
import random

import pytest

import facade
from facade.core.engine import StatedPullback
from tests.worlds import both_worlds, expressions

LAYERS = "RNN", "LSTM", "GRU"


def listed(states):
    return list(states) if isinstance(states, tuple) else [states]


def learned(torch, module, leaves, outputs):
    """Values, gradients of leaves and parameters, and what the histories of the outputs are called."""
    loss = sum((each * torch.linspace(1, 2, each.numel(), dtype=each.dtype).view(each.shape)).sum() for each in outputs)
    loss.backward()
    names = [type(each.grad_fn).__name__ for each in outputs]
    return names, [each.detach() for each in outputs], [each.grad for each in leaves], [each.grad for each in module.parameters()]


def drawn(torch, choose, packed=False):
    """A layer with options drawn by a generator, and (input, state or None)."""
    kind, inputs, hidden = choose.choice(LAYERS), choose.randint(1, 3), choose.randint(2, 4)
    options = {"num_layers": choose.randint(1, 2), "bias": choose.random() < 0.8, "bidirectional": choose.random() < 0.4}
    options |= {"batch_first": choose.random() < 0.4, "dropout": choose.choice([0, 0.5]) * (options["num_layers"] - 1)}
    if kind == "LSTM" and choose.random() < 0.3:
        options["proj_size"] = 1
    if kind == "RNN" and choose.random() < 0.5:
        options["nonlinearity"] = "relu"
    dtype = choose.choice([torch.float32, torch.float64])
    module, time, batch = getattr(torch.nn, kind)(inputs, hidden, dtype=dtype, **options), choose.randint(2, 4), choose.randint(1, 3)
    sizes = [batch, time, inputs] if options["batch_first"] else [time, batch, inputs]
    alone = not packed and choose.random() < 0.2
    input = torch.randn(*([time, inputs] if alone else sizes), dtype=dtype)
    layers = options["num_layers"] * (1 + options["bidirectional"])
    states = [torch.randn(layers, *[] if alone else [batch], size, dtype=dtype) for size in (options.get("proj_size", hidden), hidden)]
    states = None if choose.random() < 0.4 else states[:2 if kind == "LSTM" else 1]
    return module, input, states


def called(module, input, states):
    return module(input, None if states is None else tuple(states) if len(states) > 1 else states[0])


@pytest.mark.parametrize("seed", range(6))
@both_worlds
def test_layers_with_drawn_options(torch, seed):
    choose = random.Random(seed)
    for _ in range(2):
        module, input, states = drawn(torch, choose)
        leaves = [each.requires_grad_() for each in [input, *(states or [])]]
        outputs, last = called(module, input, states)
        yield str(module), list(module.state_dict()), outputs.stride(), learned(torch, module, leaves, [outputs, *listed(last)])


@pytest.mark.parametrize("seed", range(4))
@both_worlds
def test_packed_with_drawn_options(torch, seed):
    choose, tools = random.Random(seed), torch.nn.utils.rnn
    module, input, states = drawn(torch, choose, packed=True)
    first = module.batch_first
    lengths = [choose.randint(1, input.size(1 if first else 0)) for _ in range(input.size(0 if first else 1))]
    packed = tools.pack_padded_sequence(input.requires_grad_(), lengths, first, enforce_sorted=False)
    outputs, last = called(module, packed, states)
    padded, found = tools.pad_packed_sequence(outputs, first, padding_value=0.5, total_length=choose.choice([None, 6]))
    yield packed, outputs.batch_sizes, outputs.sorted_indices, found, padded.stride()
    yield learned(torch, module, [input, *(states or [])], [padded, outputs.data, *listed(last)])


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
@both_worlds
def test_cells(torch, kind):
    for options in ({}, {"bias": False}, {"dtype": torch.float64}, *[{"nonlinearity": "relu"}] * (kind == "RNNCell")):
        cell = getattr(torch.nn, kind)(3, 2, **options)
        input = torch.randn(4, 3, dtype=options.get("dtype")).requires_grad_()
        once = cell(input)
        yield str(cell), list(cell.state_dict()), learned(torch, cell, [input], listed(cell(input, once)))
        yield listed(cell(input.detach()[0]))


@pytest.mark.parametrize("kind", LAYERS)
@both_worlds
def test_second_derivatives(torch, kind):
    module = getattr(torch.nn, kind)(2, 2, 2, bidirectional=True).double()
    input = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    gradient, = torch.autograd.grad(module(input)[0].pow(2).sum(), input, create_graph=True)
    yield gradient.detach(), torch.autograd.grad(gradient.pow(2).sum(), [input, *module.parameters()])
    yield torch.autograd.functional.jacobian(lambda input: module(input)[0].sum((0, 1)), input.detach())


@both_worlds
def test_graph_is_freed_kept_and_watched(torch):
    module, input = torch.nn.LSTM(2, 3), torch.randn(3, 2, 2, requires_grad=True)
    outputs, _ = module(input)
    outputs.sum().backward(retain_graph=True)
    outputs.sum().backward()
    yield input.grad
    yield lambda: outputs.sum().backward()
    cell = module(input)[1][1]
    (cell.sum() * 2).backward()
    yield input.grad
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor * 1, lambda tensor: tensor):
        outputs, _ = module(input)
    outputs.sum().backward()
    yield input.grad
    module.weight_hh_l0.requires_grad_(False)
    yield module(input)[0].sum().backward(), module.weight_hh_l0.grad is None
    with torch.no_grad():
        yield module(input)


@pytest.mark.parametrize("kind", LAYERS)
def test_no_loop_runs_twice(kind):
    """The way back is one loop, over what the loop forward kept."""
    module, input = getattr(facade.nn, kind)(2, 3), facade.randn(4, 2, 2)
    outputs, _ = module(input)
    outputs.sum().backward()
    pullback, = outputs.grad_fn.kernel.pullbacks.values()
    assert isinstance(pullback, StatedPullback)
    assert str(pullback._full.jaxpr).count("scan[") == 1


@both_worlds
def test_parameters_are_one_list(torch):
    module = torch.nn.LSTM(2, 3, 2, bidirectional=True)
    yield [[tuple(each.shape) for each in weights] for weights in module.all_weights], module._all_weights, module.flatten_parameters()
    module.weight_ih_l0 = torch.nn.Parameter(torch.zeros(12, 2))
    yield module._flat_weights[0] is module.weight_ih_l0, module.double()._flat_weights[0].dtype
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        yield twin._flat_weights[3] is twin.bias_hh_l0, twin(torch.ones(1, 2, dtype=torch.float64))[0]


@expressions("""
nn.LSTM(3, 4)(x.long())
nn.GRU(3, 4)(x.double())
nn.LSTM(2, 4)(x)
nn.LSTM(3, 4)(x[0, 0])
nn.RNN(3, 4)(x[None])
nn.LSTM(3, 4)(x, (h, h[:, :1]))
nn.LSTM(3, 4)(x, (h[:, :1], h))
nn.LSTM(3, 4)(x, (h[0], h[0]))
nn.LSTM(3, 4)(x[:, 0], (h, h))
nn.LSTM(3, 4)(x, (h,))
nn.LSTM(3, 4)(x[:0])
nn.GRU(3, 4)(x, h[0])
nn.GRU(3, 4)(x[0], h)
nn.GRU(3, 4)(x, torch.ones(1, 3, 4))
nn.GRU(3, 4)(x, h.double())
nn.GRU(3, 4)(x[:, :0])[0].shape
nn.LSTM(3, 4, proj_size=2)(x, (h, h))
nn.LSTM(3, 4, 2, dropout=1.5)
nn.LSTM(3, 4, 2, dropout="x")
nn.LSTM(3, 4, proj_size=5)
nn.LSTM(3, 4, proj_size=-1)
nn.GRU(3, 4, proj_size=1)
nn.LSTM(3, 0)
nn.LSTM(3, "a")
nn.LSTM(3)
nn.LSTM(3, 4, 0)
nn.RNN(3, 4, bias="x")
nn.RNN(3, 4, nonlinearity="foo")
nn.RNNBase("FOO", 3, 4)
nn.RNNCell(3, 4, nonlinearity="foo")(x[0])
nn.RNNCell(3, 4)(x)
nn.RNNCell(3, 4)(x[0], h)
nn.RNNCell(3, 4)(x[0, :, :2])
nn.RNNCell(3, 4)(x[0], torch.ones(3, 4))
nn.GRUCell(3, 4)(x[0], torch.ones(2, 5))
nn.GRUCell(3, 4)(x[0].double())
nn.LSTMCell(3, 4)(x[0], h[0])
nn.LSTMCell(3, 4)(x[0], (h, h))
nn.LSTM(3, 4, 2, True, True, 0.25, True, 2), nn.RNN(3, 4, 2, "relu", False, True, 0.25, True), nn.LSTMCell(3, 4, False), nn.RNNCell(3, 4, False, "relu")
torch.gru()
torch.lstm(x, (h,), [], True, 1, 0.0, True, False, False)
torch.gru(x, h, nn.GRU(3, 4)._flat_weights, True, 1, 0.0, False, False, False)[0].shape
torch.gru_cell(x[0], h[0], torch.ones(12, 3), torch.ones(12, 4)), torch.rnn_tanh_cell(x[0], h[0], torch.ones(4, 3), torch.ones(4, 4))
torch.lstm_cell(x[0], (h[0], h[0]), torch.ones(15, 3), torch.ones(16, 4))
torch.gru_cell(x[0], h[0], torch.ones(12, 3), torch.ones(12, 4), torch.ones(3), torch.ones(12))
""")
def test_refused(torch):
    torch.manual_seed(0)
    return {"nn": torch.nn, "x": torch.randn(5, 2, 3), "h": torch.zeros(1, 2, 4)}


@expressions("""
R.pack_padded_sequence(x, [5, 3]), R.pack_padded_sequence(x, [3, 5], enforce_sorted=False), R.pack_padded_sequence(x.transpose(0, 1), (5, 4), True)
R.pack_padded_sequence(x, torch.tensor([4.0, 3.0])).batch_sizes, R.pack_padded_sequence(x, [6, 5])
R.pack_padded_sequence(x, [3, 5])
R.pack_padded_sequence(x, [5, 0])
R.pack_padded_sequence(x, [5])
R.pack_padded_sequence(x, torch.tensor([[5, 3]]))
R.pack_padded_sequence(x[:0], [1, 1])
R.pack_padded_sequence("a", [1])
type(R.pack_padded_sequence(x.clone().requires_grad_(), [5, 3]).data.grad_fn).__name__
R.pad_packed_sequence(p), R.pad_packed_sequence(p, True, -1.0, 6), R.pad_packed_sequence(p, True)[0].stride()
R.pad_packed_sequence(p, total_length=4)
R.pad_packed_sequence(p, padding_value="a")
R.pad_sequence([x[:2, 0], x[:3, 0]]), R.pad_sequence([x[:2, 0], x[:3, 0]], True, 7, "left"), R.pad_sequence((each for each in [x[0], x[1]])).shape
R.pad_sequence([torch.tensor([1]), torch.tensor([1, 2])], padding_value=2.5), type(R.pad_sequence([x[:2, 0].clone().requires_grad_(), x[:3, 0]]).grad_fn).__name__
R.pad_sequence([])
R.pad_sequence(3)
R.pad_sequence([1, 2])
R.pad_sequence([x[0], x[1]], padding_side="x")
R.unpad_sequence(x.clone(), torch.tensor([3, 2])), R.unpad_sequence(x, torch.tensor([2, 1, 2, 0, 1]), True)
R.unpad_sequence(x.clone(), torch.tensor([3]))
R.pack_sequence([x[:3, 0], x[:2, 0]]), R.pack_sequence([x[:2, 0], x[:3, 0]], False), R.unpack_sequence(R.pack_sequence([x[:2, 0], x[:3, 0]], False))
R.pack_sequence([x[:2, 0], x[:3, 0]])
R.invert_permutation(None), R.invert_permutation(torch.tensor([2, 0, 1]))
p[1], p[1:], len(p), list(p), p._asdict(), p + (1,), p._fields, p._replace(data=x[0]), isinstance(p, tuple)
p.to(torch.float64), p.long(), p.double().batch_sizes.dtype, p.cpu() is p, p.float() is p, p.is_cuda, p.to("cpu") is p
R.PackedSequence(x[0], torch.tensor([2])), R.PackedSequence((x[0], torch.tensor([2]))), R.PackedSequence(x[0], torch.tensor([2]), torch.tensor([1, 0])).unsorted_indices
R.PackedSequence(x[0])
torch._pack_padded_sequence(x, torch.tensor([3, 2]), False), torch._pad_packed_sequence(p.data, p.batch_sizes, False, 0.0, 5)
nn.GRU(2, 4)(p)
nn.GRU(3, 4)(p, torch.zeros(1, 3, 4))
torch.lstm(p.data, p.batch_sizes, (h, h), nn.LSTM(3, 4)._flat_weights, True, 1, 0.0, True, False)
""")
def test_packed_sequences(torch):
    torch.manual_seed(0)
    x, tools = torch.randn(5, 2, 3), torch.nn.utils.rnn
    return {"nn": torch.nn, "x": x, "h": torch.zeros(1, 2, 4), "R": tools, "p": tools.pack_padded_sequence(x, [5, 3])}


@both_worlds
def test_packed_sequences_are_copied(torch):
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.randn(3, 2), [3, 1])
    yield copy.copy(packed), copy.deepcopy(packed), pickle.loads(pickle.dumps(packed))
    input = torch.zeros(3, 2)
    packed = torch.nn.utils.rnn.pack_padded_sequence(input, [3, 1])
    input.fill_(1.0)
    yield packed


@both_worlds
def test_training_on_packed_sequences(torch):
    nn = torch.nn
    table, layer, last = nn.Embedding(9, 3, padding_idx=0), nn.LSTM(3, 4, 2, bidirectional=True, dropout=0.3), nn.Linear(8, 2)
    optimizer = torch.optim.SGD([*table.parameters(), *layer.parameters(), *last.parameters()], lr=0.5)
    for lengths in ([2, 3, 1], [4, 2, 2], [1, 1, 3], [2, 4, 4]):
        words = nn.utils.rnn.pad_sequence([torch.randint(1, 9, (length,)) for length in lengths])
        packed = nn.utils.rnn.pack_padded_sequence(table(words), torch.tensor(lengths), enforce_sorted=False)
        outputs, (hidden, _) = layer(packed)
        padded, _ = nn.utils.rnn.pad_packed_sequence(outputs)
        loss = nn.functional.cross_entropy(last(padded.sum(0) + torch.cat([hidden[-2], hidden[-1]], 1)), torch.tensor([0, 1, 1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss


@both_worlds
def test_training_with_a_state_that_is_carried_on(torch):
    nn = torch.nn
    text = torch.tensor([0, 1, 2, 3, 2, 1] * 4)
    table, layer, last, state = nn.Embedding(4, 3), nn.GRU(3, 5), nn.Linear(5, 4), None
    parameters = [*table.parameters(), *layer.parameters(), *last.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.5)
    for start in range(0, 20, 4):
        outputs, state = layer(table(text[start:start + 4, None]), state)
        state = state.detach()
        loss = nn.functional.cross_entropy(last(outputs[:, 0]), text[start + 1:start + 5])
        optimizer.zero_grad()
        loss.backward()
        yield loss, nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
