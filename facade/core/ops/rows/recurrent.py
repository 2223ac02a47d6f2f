"""Recurrent layers, a row for each kind and the name of its history, and their single steps.

A layer is one row: all times, one layer, one direction. It gives its outputs, its last states, and then what the way back
needs; with that its derivative is stated, and no loop runs twice. Where torch spells a layer out in small operations, the
row carries the name of the last of them.
"""

import functools
import math

import jax.numpy as jnp

from facade.core.dtypes import BY_NUMPY
from facade.core.ops.kernels.recurrent import GRU, LSTM, RELU, TANH, Weights, backward, forward, gates, single
from facade.core.ops.table import op


# ---------------------------------------------------------------- what has to go together
def _check_product(left, right, biased):
    """Raise torch's error for a product of a batch with transposed weights that cannot be."""
    if left.dtype != right.dtype:
        one, other = (BY_NUMPY[each.dtype].legacy for each in (left, right))
        raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {one} and {other}" if biased else
                           f"expected m1 and m2 to have the same dtype, but got: {one.lower()} != {other.lower()}")
    if left.shape[-1] != right.shape[1]:
        rows = math.prod(left.shape[:-1])
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{left.shape[-1]} and {right.shape[1]}x{right.shape[0]})")


def _check_weights(gates, input, state, w_ih, w_hh, b_ih, b_hh):
    """Raise torch's error for parameters that do not fit input, state or each other."""
    for given, weight, bias in ((input, w_ih, b_ih), (state, w_hh, b_hh)):
        _check_product(given, weight, bias is not None)
        if bias is not None and bias.shape[0] != weight.shape[0]:
            raise RuntimeError(f"The expanded size of the tensor ({weight.shape[0]}) must match the existing size ({bias.shape[0]}) at non-singleton "
                               f"dimension 1.  Target sizes: {[math.prod(given.shape[:-1]), weight.shape[0]]}.  Tensor sizes: {list(bias.shape)}")
        if weight.shape[0] % gates or weight.shape[0] != w_ih.shape[0]:
            raise RuntimeError(f"The size of tensor a ({w_hh.shape[0]}) must match the size of tensor b ({w_ih.shape[0]}) at non-singleton dimension 1")


def _layer(cell, name, node, states, kept, doc):
    """The row of a layer. states: the names of its states; kept: how many more results the way back needs."""
    count = len(states)

    def split(arguments):
        """(input, weights, states, sizes, reverse) from the arguments in the order of the signature."""
        input, *weights = arguments[:5]
        projection, sizes, reverse = arguments[5 + count:]
        return input, Weights(*weights, projection), arguments[5:5 + count], sizes, reverse

    def run(*arguments):
        outputs, last, found = forward(cell, *split(arguments))
        return outputs, *last, *found

    def derivative(arguments, results, cotangents):
        outputs, found = results[0], results[1 + count:]
        input, weights, first = backward(cell, *split(arguments), outputs, found, cotangents[:1 + count])
        return input, *weights[:4], *first, weights.projection, None, None

    def check(input, *rest):
        _check_weights(cell.gates, input, rest[4], *rest[:4])

    params = "Tensor input, Tensor w_ih, Tensor w_hh, Tensor? b_ih, Tensor? b_hh, " + "".join(f"Tensor {each}, " for each in states)
    results = ", ".join(["Tensor"] * (1 + count + count - 1 + kept))
    return op(f"{name}({params}Tensor? w_hr, Tensor? sizes, bool reverse) -> ({results})", run, at="", node=node, derivative=derivative,
              check=check, doc=doc)


def _layers(cell, name, states, kept, doc, *nodes):
    return {node: _layer(cell, name, node, states, kept, doc) for node in nodes}


RNN_TANH_LAYER = _layers(TANH, "rnn_tanh_layer", ["hx"], 0, "One layer of tanh units over all times", "StackBackward0", "CatBackward0")
RNN_RELU_LAYER = _layers(RELU, "rnn_relu_layer", ["hx"], 0, "One layer of relu units over all times", "StackBackward0", "CatBackward0")
GRU_LAYER = _layers(GRU, "gru_layer", ["hx"], 1, "One layer of gated recurrent units over all times", "StackBackward0", "CatBackward0")
LSTM_LAYER = _layers(LSTM, "lstm_layer", ["hx", "cx"], 1, "One layer of long short-term memory over all times",
                     "MkldnnRnnLayerBackward0", "StackBackward0", "CatBackward0")


# ---------------------------------------------------------------- single steps
_CELL = "Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor"


def _cell(cell, name, node, doc):
    """The row of one step: what a layer does at one time."""
    return op(f"{name}(Tensor input, Tensor hx, {_CELL}", lambda input, state, *weights: single(cell, input, Weights(*weights), (state,))[0], at="",
              node=node, doc=doc, check=functools.partial(_check_weights, cell.gates))


RNN_TANH_CELL = _cell(TANH, "rnn_tanh_cell", "TanhBackward0", "One step of tanh units")
RNN_RELU_CELL = _cell(RELU, "rnn_relu_cell", "ReluBackward0", "One step of relu units")
GRU_CELL = _cell(GRU, "gru_cell", "AddBackward0", "One step of gated recurrent units")
GATES = op(f"lstm_gates(Tensor input, Tensor hx, {_CELL}", lambda input, state, *weights: gates(input, Weights(*weights), state), at="",
           node="AddBackward0", check=functools.partial(_check_weights, LSTM.gates), doc="What arrives at the gates of a long short-term memory")
CELL_STATE = op("lstm_state(Tensor gates, Tensor cx) -> Tensor", lambda gates, cell: LSTM.step(gates, 0, (None, cell))[0][1], at="",
                node="AddBackward0", doc="The memory after a step")
CELL_OUTPUT = op("lstm_output(Tensor gates, Tensor cx) -> Tensor", lambda gates, cell: LSTM.step(gates, 0, (None, cell))[0][0], at="",
                 node="MulBackward0", doc="The output of a step, from the memory before it")


# ---------------------------------------------------------------- packed sequences
# places: (time, batch), where a padded element lies in the packed data, -1 where there is none; index: where a packed one lies in the padded.
def _ended(padded, sizes, value):
    active = jnp.arange(padded.shape[1]) < sizes[:, None]
    return jnp.where(active.reshape(active.shape + (1,) * (padded.ndim - 2)), padded, value.astype(padded.dtype))


def _spread(data, places):
    found = jnp.take(data, jnp.maximum(places, 0).reshape(-1), 0).reshape(places.shape + data.shape[1:])
    return jnp.where((places >= 0).reshape(places.shape + (1,) * (data.ndim - 1)), found, 0)


def _gathered(padded, index):
    return jnp.take(padded.reshape((-1, *padded.shape[2:])), index, 0)


def _packing(node):
    return op("pack_padded(Tensor input, Tensor index, Tensor places) -> Tensor", lambda padded, index, places: _gathered(padded, index), at="",
    node=node,
              derivative=lambda arguments, results, cotangents: (_spread(cotangents[0], arguments[2]), None, None),
              doc="The elements of sequences that have not ended, time after time")


PACK = {node: _packing(node) for node in ("PackPaddedSequenceBackward0", "CatBackward0")}
SPREAD = op("pad_packed(Tensor data, Tensor index, Tensor places) -> Tensor", lambda data, index, places: _spread(data, places), at="",
            node="CopySlices", derivative=lambda arguments, results, cotangents: (_gathered(cotangents[0], arguments[1]), None, None),
            doc="Packed elements at their time in their sequence, and zeros")
ENDED = {node: op("fill_ended(Tensor input, Tensor sizes, Scalar value) -> Tensor", _ended, at="", node=node,
doc="input, and value where a sequence has ended")
         for node in ("PackPaddedSequenceBackward0", "CopySlices")}
