"""Recurrent networks: a two-layer LSTM over sequences of one length, and a character network over names of six lengths.

S. Hochreiter and J. Schmidhuber, Long short-term memory, 1997.
"""

import functools

import numpy

from benchmarks.descent import adam_by_hand, cross_entropy_by_hand, initial, loaded, minimised, minimised_by_hand
from benchmarks.workload import Workload

LEARNING_RATE, CLASSES = 1e-3, 10
LETTERS, NAMES = "abcdefghijklmnopqrstuvwxyz", ["ada", "alan", "grace", "edsger", "barbara", "margaret"]
NAME_RATE = 0.005


# ---------------------------------------------------------------- LSTM
def sequences(inputs, batch, length):
    """A batch of sequences and a class for each."""
    random = numpy.random.RandomState(1)
    return random.randn(batch, length, inputs).astype("float32"), random.randint(0, CLASSES, size=batch)


def lstm_shapes(inputs, hidden, layers):
    shapes = {}
    for layer in range(layers):
        shapes |= {f"lstm.weight_ih_l{layer}": (4 * hidden, hidden if layer else inputs), f"lstm.weight_hh_l{layer}": (4 * hidden, hidden)}
        shapes |= {f"lstm.bias_ih_l{layer}": (4 * hidden,), f"lstm.bias_hh_l{layer}": (4 * hidden,)}
    return shapes | {"last.weight": (CLASSES, hidden), "last.bias": (CLASSES,)}


def lstm(torch, inputs, hidden, layers, batch, length):
    features, targets = map(torch.tensor, sequences(inputs, batch, length))

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(inputs, hidden, layers, batch_first=True)
            self.last = torch.nn.Linear(hidden, CLASSES)

        def forward(self, features):
            outputs, _ = self.lstm(features)
            return self.last(outputs[:, -1])

    module = loaded(torch, Classifier(), initial(lstm_shapes(inputs, hidden, layers)))
    optimizer = torch.optim.Adam(module.parameters(), lr=LEARNING_RATE)
    return minimised(optimizer, lambda: torch.nn.functional.cross_entropy(module(features), targets))


def lstm_by_hand(jax, inputs, hidden, layers, batch, length):
    def loss_of(parameters, features, targets):
        outputs = features.swapaxes(0, 1)
        for layer in range(layers):
            outputs = lstm_layer(jax, parameters, layer, outputs)
        return cross_entropy_by_hand(jax, outputs[-1] @ parameters["last.weight"].T + parameters["last.bias"], targets)

    parameters = initial(lstm_shapes(inputs, hidden, layers))
    return minimised_by_hand(jax, adam_by_hand(jax, LEARNING_RATE), loss_of, parameters, *sequences(inputs, batch, length))


def lstm_layer(jax, parameters, layer, features):
    """One layer over (time, batch, features): the part of all times that needs no memory is one product."""
    into, within, bias, other_bias = (parameters[f"lstm.{kind}_l{layer}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))

    def advance(carry, from_input):
        output, cell = carry
        take, keep, change, give = jax.numpy.split(from_input + output @ within.T, 4, -1)
        cell = jax.nn.sigmoid(keep) * cell + jax.nn.sigmoid(take) * jax.numpy.tanh(change)
        output = jax.nn.sigmoid(give) * jax.numpy.tanh(cell)
        return (output, cell), output

    zeros = jax.numpy.zeros((features.shape[1], within.shape[1]))
    return jax.lax.scan(advance, (zeros, zeros), features @ into.T + bias + other_bias)[1]


# ---------------------------------------------------------------- names
def encoded(names):
    """Each name as (letters, 1, alphabet) of zeros and ones, with a class of its own."""
    alphabet = numpy.eye(len(LETTERS), dtype="float32")
    letters = [[LETTERS.index(letter) for letter in name] for name in names]
    return [(alphabet[each][:, None], numpy.array([number])) for number, each in enumerate(letters)]


def name_shapes(hidden):
    inputs = len(LETTERS) + hidden
    return {"hidden.weight": (hidden, inputs), "hidden.bias": (hidden,), "scores.weight": (CLASSES, inputs), "scores.bias": (CLASSES,)}


def characters(torch, hidden, names):
    """A step trains on each name once, a letter at a time, and updates the parameters by hand."""
    nn = torch.nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(len(LETTERS) + hidden, hidden)
            self.scores = nn.Linear(len(LETTERS) + hidden, CLASSES)

        def forward(self, letter, state):
            both = torch.cat((letter, state), 1)
            return self.scores(both), torch.tanh(self.hidden(both))

    module = loaded(torch, Network(), initial(name_shapes(hidden)))
    dataset = [(torch.tensor(name), torch.tensor(target)) for name, target in encoded(names)]
    zeros = torch.zeros(1, hidden)

    def trained(name, target):
        module.zero_grad()
        state = zeros
        for letter in name:
            scores, state = module(letter, state)
        loss = nn.functional.cross_entropy(scores, target)
        loss.backward()
        for parameter in module.parameters():
            parameter.data.add_(parameter.grad, alpha=-NAME_RATE)
        return loss

    return lambda: [trained(name, target) for name, target in dataset][-1]


def characters_by_hand(jax, hidden, names):
    parameters, dataset = jax.tree.map(jax.numpy.array, (initial(name_shapes(hidden)), encoded(names)))

    def loss_of(parameters, name, target):
        def advance(state, letter):
            both = jax.numpy.concatenate((letter, state), 1)
            return jax.numpy.tanh(both @ parameters["hidden.weight"].T + parameters["hidden.bias"]), None

        state, _ = jax.lax.scan(advance, jax.numpy.zeros((1, hidden)), name[:-1])
        both = jax.numpy.concatenate((name[-1], state), 1)
        return cross_entropy_by_hand(jax, both @ parameters["scores.weight"].T + parameters["scores.bias"], target)

    @functools.partial(jax.jit, donate_argnums=0)
    def update(parameters, name, target):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, name, target)
        return loss, jax.tree.map(lambda parameter, gradient: parameter - NAME_RATE * gradient, parameters, gradients)

    def step():
        nonlocal parameters
        for name, target in dataset:
            loss, parameters = update(parameters, name, target)
        return loss

    return step


WORKLOADS = [
    Workload("LSTM, 2 layers of 128", lstm, lstm_by_hand, 8,
             {"inputs": 64, "hidden": 128, "layers": 2, "batch": 32, "length": 50}, {"inputs": 3, "hidden": 4, "batch": 2, "length": 5}),
    Workload("names of 6 lengths, RNN of 128", characters, characters_by_hand, 40,
             {"hidden": 128, "names": NAMES}, {"hidden": 4, "names": NAMES[:2]}),
]
