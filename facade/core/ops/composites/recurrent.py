"""Recurrent networks of several layers and directions, over padded batches and packed ones: a row for each layer and direction."""

from facade.core import dtypes
from facade.core.ops.composites import composite
from facade.core.ops.composites.combining import cat, stack
from facade.core.ops.composites.dropout import dropout as dropout_of
from facade.core.ops.composites.packing import Ragged
from facade.core.ops.dispatch import apply
from facade.core.ops.mismatch import signature_mismatch
from facade.core.ops.rows import recurrent as rows
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import Tensor

LAYERS = {"LSTM": rows.LSTM_LAYER, "GRU": rows.GRU_LAYER, "RNN_TANH": rows.RNN_TANH_LAYER, "RNN_RELU": rows.RNN_RELU_LAYER}


# ---------------------------------------------------------------- layers
def _layer(row, input, weights, states, sizes, reverse):
    """(outputs, last states) of one layer in one direction. weights: input, hidden, biases or None, projection or None."""
    results = apply(row, (ARRAY,) * (7 + len(states)) + (reverse,), (input, *weights[:4], *states, weights[4], sizes))
    return results[0], results[1:1 + len(states)]


def _weights(params, has_biases, projected):
    """The parameters of each layer and direction, from the flat list."""
    size = 2 + 2 * has_biases + projected
    for start in range(0, len(params), size):
        found = params[start:start + size]
        yield (*found[:2], *(found[2:4] if has_biases else (None, None)), found[-1] if projected else None)


def _node(mode, input, projected, packed):
    """What torch's history calls a layer: oneDNN's where that runs, else the last step of the composition."""
    if mode == "LSTM" and not projected and not packed and input.dtype in (dtypes.float32, dtypes.bfloat16) and input.numel():
        return "MkldnnRnnLayerBackward0"
    return "CatBackward0" if packed else "StackBackward0"


def _stacked(mode, input, hx, params, has_biases, num_layers, dropout, train, bidirectional, ragged=None):
    """(outputs, the last states) of all layers over an input (time, batch, features)."""
    projected = len(hx) == 2 and hx[0].size(2) != hx[1].size(2)
    row = LAYERS[mode][_node(mode, input, projected, ragged is not None)]
    weights, last, sizes = _weights(params, has_biases, projected), [[] for _ in hx], None if ragged is None else ragged.sizes
    for layer in range(num_layers):
        outputs = []
        for direction in range(2 if bidirectional else 1):
            place = layer * (2 if bidirectional else 1) + direction
            output, states = _layer(row, input, next(weights), [each[place] for each in hx], sizes, direction == 1)
            outputs.append(output)
            for found, state in zip(last, states):
                found.append(state)
        input = outputs[0] if len(outputs) == 1 else cat(outputs, -1)
        if dropout and train and layer < num_layers - 1:
            input = dropout_of(input, dropout, True) if ragged is None else ragged.dropped(input, dropout)
    return input, [stack(each) for each in last]


def run_packed(mode, ragged, hx, params, has_biases, num_layers, dropout, train, bidirectional):
    """(outputs, the last states) of all layers over packed sequences; hx: the list of states."""
    outputs, states = _stacked(mode, ragged.padded, hx, params, has_biases, num_layers, dropout, train, bidirectional, ragged)
    return ragged.of_outputs(outputs), states


# ---------------------------------------------------------------- torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu
_OPTIONS = ["has_biases", "num_layers", "dropout", "train", "bidirectional"]
_PADDED, _PACKED = ["input", "hx", "params", *_OPTIONS, "batch_first"], ["data", "batch_sizes", "hx", "params", *_OPTIONS]
_KINDS = {"params": "tuple of Tensors", "has_biases": "bool", "num_layers": "int", "dropout": "float", "train": "bool", "bidirectional": "bool",
          "batch_first": "bool"}


def _bound(name, args, kwargs, pair):
    """(the signature that fits, its arguments by name); torch's TypeError where none does."""
    for names in (_PACKED, _PADDED):
        given = dict(zip(names, args)) | kwargs
        if len(args) + len(kwargs) == len(names) and given.keys() == set(names) and _fits(given, pair):
            return names, given
    kinds = _KINDS | {"hx": "tuple of Tensors" if pair else "Tensor"}
    texts = ["(" + ", ".join(f"{kinds.get(each, 'Tensor')} {each}" for each in names) + ")" for names in (_PACKED, _PADDED)]
    raise TypeError(signature_mismatch(name, texts, args, kwargs))


def _fits(given, pair):
    tensors = [value for key, value in given.items() if key in ("input", "data", "batch_sizes") or key == "hx" and not pair]
    lists = [value for key, value in given.items() if key == "params" or key == "hx" and pair]
    return all(isinstance(each, Tensor) for each in tensors) and all(isinstance(each, (tuple, list)) for each in lists)


def _network(name, mode, doc):
    pair = mode == "LSTM"

    def function(*args, **kwargs):
        names, given = _bound(name, args, kwargs, pair)
        hx, options = given["hx"] if pair else [given["hx"]], [given[each] for each in _OPTIONS]
        if pair and len(hx) != 2:
            raise RuntimeError("lstm expects two hidden states")
        if names is _PACKED:
            ragged, states = run_packed(mode, Ragged.of_data(given["data"], given["batch_sizes"]), hx, given["params"], *options)
            return ragged.data(), *states
        input = given["input"].transpose(0, 1) if given["batch_first"] else given["input"]
        if not input.size(0):
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        outputs, states = _stacked(mode, input, hx, given["params"], *options)
        if given["batch_first"]:
            outputs = outputs.transpose(0, 1) if pair else outputs.transpose_(0, 1)     # as torch does, and its histories show
        return outputs, *states
    function.__name__, function.__qualname__, function.__doc__ = name, name, doc
    composite(at="torch", name=name)(function)


_network("lstm", "LSTM", "Layers of long short-term memory: outputs, last hidden states, last cell states")
_network("gru", "GRU", "Layers of gated recurrent units: outputs, last hidden states")
_network("rnn_tanh", "RNN_TANH", "Layers of tanh units: outputs, last hidden states")
_network("rnn_relu", "RNN_RELU", "Layers of relu units: outputs, last hidden states")


# ---------------------------------------------------------------- single steps
def _check_input(input, states, w_ih, w_hh, gates):
    if input.size(1) != w_ih.size(1):
        raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {w_ih.size(1)}")


def _check_states(input, states, w_ih, w_hh, gates):
    for place, state in enumerate(states):
        if input.size(0) != state.size(0):
            raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{place} batch size {state.size(0)}")
        if state.size(1) != w_hh.size(1):
            raise RuntimeError(f"hidden{place} has inconsistent hidden_size: got {state.size(1)}, expected {w_hh.size(1)}")


def _check_weights(input, states, w_ih, w_hh, gates):
    hidden = w_hh.size(1)
    for name, weight in (("weight_ih", w_ih), ("weight_hh", w_hh)):
        if weight.size(0) != gates * hidden:
            raise RuntimeError(f"{name} first dim must be {gates} * hidden_size = {gates * hidden}, but got {weight.size(0)}")


def _step(name, row, gates, checks, input, hx, w_ih, w_hh, b_ih, b_hh):
    if not isinstance(hx, Tensor):
        raise TypeError(f"{name}(): argument 'hx' (position 2) must be Tensor, not {type(hx).__name__}")
    for check in checks:
        check(input, [hx], w_ih, w_hh, gates)
    return apply(row, (ARRAY,) * 6, (input, hx, w_ih, w_hh, b_ih, b_hh))


def _cell(row, gates, *checks):
    """The function of one step; checks: in torch's order."""
    def function(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
        return _step(row.name, row, gates, checks, input, hx, w_ih, w_hh, b_ih, b_hh)
    function.__name__, function.__qualname__, function.__doc__ = row.name, row.name, row.doc
    composite(at="torch", name=row.name)(function)


_cell(rows.RNN_TANH_CELL, 1, _check_weights, _check_input, _check_states)
_cell(rows.RNN_RELU_CELL, 1, _check_weights, _check_input, _check_states)
_cell(rows.GRU_CELL, 3, _check_input, _check_states, _check_weights)


@composite(at="torch")
def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step of long short-term memory: hidden state, cell state"""
    if not isinstance(hx, (tuple, list)):
        raise TypeError(f"lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not {type(hx).__name__}")
    for place, state in enumerate(hx):
        if not isinstance(state, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 1, but got {type(state).__name__}")
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    for check in (_check_input, _check_weights, _check_states):
        check(input, hx, w_ih, w_hh, 4)
    gates = apply(rows.GATES, (ARRAY,) * 6, (input, hx[0], w_ih, w_hh, b_ih, b_hh))
    return apply(rows.CELL_OUTPUT, (ARRAY, ARRAY), (gates, hx[1])), apply(rows.CELL_STATE, (ARRAY, ARRAY), (gates, hx[1]))
