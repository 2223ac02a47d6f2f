"""Recurrent layers (torch.nn.modules.rnn).

The parameters lie in one flat list, layer after layer and in each the direction back behind the direction forward, under
names such as weight_ih_l0 and bias_hh_l1_reverse. All but the checks is done by torch.lstm, torch.gru, torch.rnn_tanh and
torch.rnn_relu.
"""

import math
import numbers

from facade.core.ops.composites.recurrent import run_packed
from facade.core.ops.functions import ops
from facade.core.ops.packed_sequence import PackedSequence
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn
from facade.nn import init
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["RNNBase", "RNN", "LSTM", "GRU", "RNNCellBase", "RNNCell", "LSTMCell", "GRUCell"]

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
NO_PROJECTION = "proj_size argument is only supported for LSTM, not RNN or GRU"


class RNNBase(Module):
    """What the recurrent layers have in common: parameters, checks, and the way around a batch that is packed or is none."""

    __constants__ = ["mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size"]
    __jit_unused_properties__ = ["all_weights"]

    def __init__(self, mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0,
                 device=None, dtype=None):
        super().__init__()
        self.mode, self.input_size, self.hidden_size, self.num_layers, self.bias = mode, input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional, self.proj_size = batch_first, float(dropout), bidirectional, proj_size
        _check_options(self, dropout)
        self._flat_weights_names, self._all_weights, self._flat_weights = [], [], []
        for names, shapes in self._layout():
            self._all_weights.append(names)
            for name, shape in zip(names, shapes):
                setattr(self, name, Parameter(ops.empty(shape, device=device, dtype=dtype)))
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self._init_flat_weights()
        self.reset_parameters()

    def _layout(self):
        """(names, shapes) of the parameters of each layer and direction."""
        gates, fed_back = GATES[self.mode] * self.hidden_size, self.proj_size or int(self.hidden_size)
        directions = 2 if self.bidirectional else 1
        for layer in range(self.num_layers):
            for suffix in ("", "_reverse")[:directions]:
                shapes = {"weight_ih": (gates, fed_back * directions if layer else self.input_size), "weight_hh": (gates, fed_back)}
                if self.bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if self.proj_size:
                    shapes |= {"weight_hr": (self.proj_size, self.hidden_size)}
                yield [f"{name}_l{layer}{suffix}" for name in shapes], list(shapes.values())

    def _init_flat_weights(self):
        self._flat_weights = [getattr(self, name, None) for name in self._flat_weights_names]

    def __setattr__(self, name, value):
        if name in self.__dict__.get("_flat_weights_names", ()):
            self._flat_weights[self._flat_weights_names.index(name)] = value
        super().__setattr__(name, value)

    def __setstate__(self, state):
        super().__setstate__(state)
        self._init_flat_weights()

    def _apply(self, fn, recurse=True):
        result = super()._apply(fn, recurse)
        self._init_flat_weights()
        return result

    @property
    def all_weights(self):
        """The parameters as a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self):
        """Nothing: the parameters need not lie in one piece of memory here."""

    def reset_parameters(self):
        """Draw all parameters evenly from -1/sqrt(hidden_size) to 1/sqrt(hidden_size)."""
        _draw(self)

    def extra_repr(self):
        """The options that are not the defaults."""
        shown = f"{self.input_size}, {self.hidden_size}"
        defaults = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        return shown + "".join(f", {name}={getattr(self, name)}" for name, default in defaults.items() if getattr(self, name) != default)

    # -------------------------------------------------------- checks
    def check_input(self, input, batch_sizes):
        """Raise torch's error for an input of another dtype, rank or size than the layer takes."""
        expected, dtype = 3 if batch_sizes is None else 2, self._flat_weights[0].dtype
        if input.dtype != dtype:
            raise ValueError(f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert input: input.to({dtype}), "
                             f"or convert model: model.to({input.dtype})")
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}")

    def get_expected_hidden_size(self, input, batch_sizes):
        """(layers * directions, batch, what is fed back)."""
        batch = input.size(0 if self.batch_first else 1) if batch_sizes is None else int(batch_sizes[0])
        return self.num_layers * (2 if self.bidirectional else 1), batch, self.proj_size or self.hidden_size

    def check_hidden_size(self, hx, expected_hidden_size, msg="Expected hidden size {}, got {}"):
        """Raise torch's error for a state of another shape."""
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input, hidden, batch_sizes):
        """check_input and check_hidden_size."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx, permutation):
        """The state with the batch in another order; as it is where permutation is None."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # -------------------------------------------------------- forward
    def _first_states(self, input, batch_sizes):
        """States of zeros, for a batch whose sizes are like this."""
        return ops.zeros(self.get_expected_hidden_size(input, batch_sizes), dtype=input.dtype, device=input.device)

    def _check_ranks(self, input, hx):
        _check_rank(self, input, (2, 3), "2D or 3D", " tensor" if self.mode.startswith("RNN") else "")
        if hx is not None and hx.dim() != input.dim():
            raise RuntimeError(f"For {'un' * (input.dim() == 2)}batched {input.dim()}-D input, hx should also be {input.dim()}-D "
                               f"but got {hx.dim()}-D tensor")

    def _forward(self, input, hx):
        """(outputs, the list of last states)."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._check_ranks(input, hx)
        alone = input.dim() == 2
        if alone:
            input = input.unsqueeze(0 if self.batch_first else 1)
            hx = None if hx is None else self._each(hx, lambda state: state.unsqueeze(1))
        hx = self._first_states(input, None) if hx is None else hx
        self.check_forward_args(input, hx, None)
        outputs, *states = getattr(ops, self.mode.lower())(input, hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
                                                           self.bidirectional, self.batch_first)
        return (outputs.squeeze(0 if self.batch_first else 1), [state.squeeze(1) for state in states]) if alone else (outputs, states)

    def _forward_packed(self, packed, hx):
        """As torch.lstm(data, batch_sizes, ...), but a batch that was packed from a padded one stays as it is."""
        ragged, order = packed.ragged, packed.unsorted_indices
        hx = self._first_states(ragged.example, packed.batch_sizes) if hx is None else self.permute_hidden(hx, packed.sorted_indices)
        self.check_forward_args(ragged.example, hx, packed.batch_sizes)
        options = self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        outputs, states = run_packed(self.mode, ragged, hx if isinstance(hx, (tuple, list)) else [hx], self._flat_weights, *options)
        return packed.like(outputs), [state if order is None else state.index_select(1, order) for state in states]

    def _each(self, hx, function):
        return function(hx)


def _check_options(layer, dropout):
    if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):
        raise ValueError("dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
    for name in ("bias", "batch_first"):
        if not isinstance(getattr(layer, name), bool):
            raise TypeError(f"{name} should be of type bool, got: {type(getattr(layer, name)).__name__}")
    if dropout > 0 and layer.num_layers == 1:
        warn("dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than 1, "
             f"but got dropout={dropout} and num_layers={layer.num_layers}")
    for name in ("input_size", "hidden_size"):
        if not isinstance(getattr(layer, name), int):
            raise TypeError(f"{name} should be of type int, got: {type(getattr(layer, name)).__name__}")
    for name in ("input_size", "hidden_size", "num_layers"):
        if getattr(layer, name) <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if layer.proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if layer.proj_size >= layer.hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
    if layer.mode not in GATES:
        raise ValueError(f"Unrecognized RNN mode: {layer.mode}")


def _check_rank(module, tensor, ranks, wanted, kind="", what="input"):
    if tensor.dim() not in ranks:
        raise ValueError(f"{type(module).__name__}: Expected {what} to be {wanted}, got {tensor.dim()}D{kind} instead")


def _draw(module):
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class RNN(RNNBase):
    """Layers of h[t] = tanh(W_ih x[t] + b_ih + W_hh h[t-1] + b_hh), or relu in tanh's place."""

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError(NO_PROJECTION)
        if len(args) > 3:
            self.nonlinearity, args = args[3], (*args[:3], *args[4:])
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)

    def forward(self, input, hx=None):
        """input: (time, batch, input_size), batch first if so said, without batch, or a PackedSequence; hx: (layers * directions, batch, hidden_size)."""
        outputs, (hidden,) = self._forward(input, hx)
        return outputs, hidden


class GRU(RNNBase):
    """Layers of gated recurrent units: a reset gate, an update gate and a new state (K. Cho et al., 2014)."""

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError(NO_PROJECTION)
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input, hx=None):
        """input: (time, batch, input_size), batch first if so said, without batch, or a PackedSequence; hx: (layers * directions, batch, hidden_size)."""
        outputs, (hidden,) = self._forward(input, hx)
        return outputs, hidden


class LSTM(RNNBase):
    """Layers of long short-term memory: gates for what is taken, kept and given (S. Hochreiter, J. Schmidhuber, 1997)."""

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input, batch_sizes):
        """(layers * directions, batch, hidden_size)."""
        layers, batch, _ = self.get_expected_hidden_size(input, batch_sizes)
        return layers, batch, self.hidden_size

    def check_forward_args(self, input, hidden, batch_sizes):
        """check_input, and check_hidden_size of both states."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden[0], self.get_expected_hidden_size(input, batch_sizes), "Expected hidden[0] size {}, got {}")
        self.check_hidden_size(hidden[1], self.get_expected_cell_size(input, batch_sizes), "Expected hidden[1] size {}, got {}")

    def permute_hidden(self, hx, permutation):
        """Both states with the batch in another order."""
        return hx if permutation is None else self._each(hx, lambda state: state.index_select(1, permutation))

    def _first_states(self, input, batch_sizes):
        sizes = self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes)
        return tuple(ops.zeros(size, dtype=input.dtype, device=input.device) for size in sizes)

    def _each(self, hx, function):
        return function(hx[0]), function(hx[1])

    def _check_ranks(self, input, hx):
        _check_rank(self, input, (2, 3), "2D or 3D")
        if hx is not None and (hx[0].dim() != input.dim() or hx[1].dim() != input.dim()):
            raise RuntimeError(f"For {'un' * (input.dim() == 2)}batched {input.dim()}-D input, hx and cx should also be {input.dim()}-D "
                               f"but got ({hx[0].dim()}-D, {hx[1].dim()}-D) tensors")

    def forward(self, input, hx=None):
        """input: (time, batch, input_size), batch first if so said, without batch, or a PackedSequence; hx: the pair of hidden and cell state."""
        outputs, states = self._forward(input, hx)
        return outputs, tuple(states)


# ---------------------------------------------------------------- single steps
class RNNCellBase(Module):
    """What the cells have in common: their parameters, of num_chunks gates."""

    __constants__ = ["input_size", "hidden_size", "bias"]

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        for name, shape in {"weight_ih": (num_chunks * hidden_size, input_size), "weight_hh": (num_chunks * hidden_size, hidden_size)}.items():
            setattr(self, name, Parameter(ops.empty(shape, device=device, dtype=dtype)))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(ops.empty(num_chunks * hidden_size, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw all parameters evenly from -1/sqrt(hidden_size) to 1/sqrt(hidden_size)."""
        _draw(self)

    def extra_repr(self):
        """The sizes, and the options that are not the defaults."""
        shown = f"{self.input_size}, {self.hidden_size}" + f", bias={self.bias}" * (self.bias is not True)
        return shown + f", nonlinearity={self.nonlinearity}" if getattr(self, "nonlinearity", "tanh") != "tanh" else shown

    def _step(self, function, input, states):
        """The results of one step, as a list; input and states may be without batch."""
        alone = input.dim() == 1
        if alone:
            input, states = input.unsqueeze(0), [state.unsqueeze(0) for state in states]
        results = function(input, states, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return [result.squeeze(0) for result in results] if alone else results

    def _zeros(self, input):
        return ops.zeros((*input.shape[:-1], self.hidden_size), dtype=input.dtype, device=input.device)

    def _forward(self, function, input, hx):
        """One step of a cell with one state."""
        _check_rank(self, input, (1, 2), "1D or 2D")
        if hx is not None:
            _check_rank(self, hx, (1, 2), "1D or 2D", what="hidden")
        return self._step(lambda input, states, *weights: [function(input, states[0], *weights)], input, [self._zeros(input) if hx is None else hx])[0]


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu in tanh's place."""

    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        """input: (batch, input_size) or (input_size); hx: (batch, hidden_size), zeros where it is not given."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._forward(ops.rnn_tanh_cell if self.nonlinearity == "tanh" else ops.rnn_relu_cell, input, hx)


class LSTMCell(RNNCellBase):
    """One step of long short-term memory."""

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input, hx=None):
        """input: (batch, input_size) or (input_size); hx: the pair of hidden and cell state, (batch, hidden_size) each."""
        _check_rank(self, input, (1, 2), "1D or 2D")
        if hx is None:
            zeros = self._zeros(input)
            hx = zeros, zeros
        elif isinstance(hx, Tensor):
            return self._step(ops.lstm_cell, input, hx)
        for place, state in enumerate(hx):
            _check_rank(self, state, (1, 2), "1D or 2D", what=f"hx[{place}]")
        return tuple(self._step(ops.lstm_cell, input, hx))


class GRUCell(RNNCellBase):
    """One step of gated recurrent units."""

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input, hx=None):
        """input: (batch, input_size) or (input_size); hx: (batch, hidden_size), zeros where it is not given."""
        return self._forward(ops.gru_cell, input, hx)
