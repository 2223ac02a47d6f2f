"""Recurrent layers: one loop over time forward, one loop back over what the first one kept.

What a step takes from its input needs no memory, so it is one product for all times; in the loop stay the product with the
hidden state and one chain of elementwise operations. On the way back the same holds for the gradients of weights and inputs:
the loop finds what arrives at each step's gates, and the products are made afterwards, for all times at once. Whatever of the
derivative depends on the way forward alone is computed before the loop back.

A `Cell` says what one step is, there and back. Shapes: input (time, batch, features); states (batch, hidden); weights as
torch keeps them, (gates * hidden, features). `sizes`, of a packed sequence, says how many rows of the batch are still there at
each time: the others keep their state and give zeros.

S. Hochreiter, J. Schmidhuber, Long short-term memory, 1997; K. Cho et al., Learning phrase representations, 2014.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Weights(NamedTuple):
    """The parameters of a layer in one direction; the biases may be None, and so may the projection of an LSTM's output."""

    input: jax.Array
    hidden: jax.Array
    input_bias: jax.Array | None
    hidden_bias: jax.Array | None
    projection: jax.Array | None = None


class Cell(NamedTuple):
    """One step of a recurrent network.

    step(from the input, from the hidden state, states) -> (states before projection, what is kept): the weights' products are made outside;
    factors(kept, states before, states after) -> what the way back needs at each step, for all times at once;
    back(gradients of the states, factors) -> (at the gates as the hidden state feeds them, of the states but for that product);
    at_input(gradients at the gates, of the hidden state, kept) -> those at the gates as the input feeds them;
    gates: how many; separate: whether the hidden state's bias stays with its product.
    """

    step: Callable
    factors: Callable
    back: Callable
    at_input: Callable = lambda gates, given, kept: gates
    gates: int = 1
    separate: bool = False


# ---------------------------------------------------------------- the loop forward
def forward(cell, input, weights, states, sizes, reverse):
    """(outputs of all times, the last states, what the way back needs: see `Kept`)."""
    active = _active(sizes, input.shape[1])
    across, bias = weights.hidden.T, weights.hidden_bias if cell.separate else None

    def step(states, now):
        from_hidden = states[0] @ across
        made, kept = cell.step(now[0], from_hidden if bias is None else from_hidden + bias, states)
        if weights.projection is not None:
            made = (made[0] @ weights.projection.T, *made[1:])
        if active is not None:
            made = tuple(jnp.where(now[1], new, old) for new, old in zip(made, states))
        return made, (made, kept)
    last, (passed, kept) = lax.scan(step, tuple(states), (_projected(cell, input, weights), active), reverse=reverse)
    return passed[0] if active is None else jnp.where(active, passed[0], 0), last, (*passed[1:], *kept)


def single(cell, input, weights, states):
    """The states after one step from input (batch, features)."""
    from_hidden = states[0] @ weights.hidden.T
    if cell.separate and weights.hidden_bias is not None:
        from_hidden = from_hidden + weights.hidden_bias
    return cell.step(_projected(cell, input, weights), from_hidden, states)[0]


def gates(input, weights, state):
    """What arrives at an LSTM's gates in one step."""
    return _projected(LSTM, input, weights) + state @ weights.hidden.T


def _active(sizes, batch):
    """(time, batch, 1): whether a row is still there; None where all are."""
    return None if sizes is None else (jnp.arange(batch) < sizes[:, None])[..., None]


def _projected(cell, input, weights):
    """What the input gives to the gates at all times, with the biases that may be added in advance."""
    projected = input @ weights.input.T
    for bias in (weights.input_bias, None if cell.separate else weights.hidden_bias):
        projected = projected if bias is None else projected + bias
    return projected


# ---------------------------------------------------------------- the loop back
def backward(cell, input, weights, states, sizes, reverse, outputs, kept, cotangents):
    """The gradients of (input, weights, states). kept: as `forward` gave it; cotangents: of the outputs, then of the last states; None for zero."""
    active = _active(sizes, input.shape[1])
    passed = (outputs, *kept[:len(states) - 1])
    before = tuple(_shifted(each, first, active, reverse) for each, first in zip(passed, states))
    kept = kept[len(states) - 1:]
    arriving, *last = (jnp.zeros(like.shape, like.dtype) if each is None else each for each, like in zip(cotangents, (outputs, *states)))

    def step(later, now):
        factors, arrived, active = now
        given = later[0] + arrived if active is None else later[0] + jnp.where(active, arrived, 0)
        inner = given if weights.projection is None else given @ weights.projection
        gates, rest = cell.back((inner, *later[1:]), factors)
        if active is not None:
            gates = jnp.where(active, gates, 0)
        found = (gates @ weights.hidden if rest[0] is None else rest[0] + gates @ weights.hidden, *rest[1:])
        if active is not None:
            found = tuple(jnp.where(active, new, old) for new, old in zip(found, later))
        return found, (gates, given if active is None else jnp.where(active, given, 0))
    factors = cell.factors(kept, before, passed)
    first, (gates, given) = lax.scan(step, tuple(last), (factors, arriving, active), reverse=not reverse)
    at_input = cell.at_input(gates, given, kept)
    of_weights = Weights(_outer(at_input, input), _outer(gates, before[0]), _total(at_input), _total(gates),
                         None if weights.projection is None else _outer(given, _unprojected(kept, passed)))
    return at_input @ weights.input, of_weights, first


def _shifted(passed, first, active, reverse):
    """The states that each time began with."""
    kept = passed if active is None else jnp.where(active, passed, first)
    return jnp.concatenate([kept[1:], first[None]] if reverse else [first[None], kept[:-1]])


def _outer(left, right):
    """The sum over time and batch of left's element times right's: (left's features, right's features).

    Without the barrier XLA folds the transposition into a product that takes 2.1 ms in place of 1.3, at 1600 times 512 by 128.
    """
    return lax.optimization_barrier(left.reshape(-1, left.shape[-1]).T) @ right.reshape(-1, right.shape[-1])


def _total(gates):
    return gates.sum((0, 1))


def _side_by_side(*parts):
    return jnp.concatenate(parts, -1)


# ---------------------------------------------------------------- cells
def _plain_cell(function, slope):
    """h = function(what arrives); slope: of the function, by its result."""
    def step(from_input, from_hidden, states):
        return (function(from_input + from_hidden),), ()
    return Cell(step, lambda kept, before, after: slope(after[0]), lambda given, slope: (given[0] * slope, (None,)))


TANH = _plain_cell(jnp.tanh, lambda result: 1 - result * result)
RELU = _plain_cell(lambda x: jnp.where(x > 0, x, 0), lambda result: (result > 0).astype(result.dtype))


def _lstm_step(from_input, from_hidden, states):
    take, keep, change, give = jnp.split(from_input + from_hidden, 4, -1)
    take, keep, change, give = jax.nn.sigmoid(take), jax.nn.sigmoid(keep), jnp.tanh(change), jax.nn.sigmoid(give)
    cell = keep * states[1] + take * change
    return (give * jnp.tanh(cell), cell), (_side_by_side(take, keep, change, give),)


def _lstm_factors(kept, before, after):
    take, keep, change, give = jnp.split(kept[0], 4, -1)
    shown = jnp.tanh(after[1])
    through_cell = _side_by_side(change * take * (1 - take), before[1] * keep * (1 - keep), take * (1 - change * change))
    return through_cell, shown * give * (1 - give), give * (1 - shown * shown), keep


def _lstm_back(given, factors):
    through_cell, at_give, shown, keep = factors
    cell = given[1] + given[0] * shown
    return _side_by_side(through_cell * jnp.tile(cell, 3), at_give * given[0]), (None, cell * keep)


def _unprojected(kept, passed):
    """What an LSTM would give without projection."""
    return jnp.split(kept[0], 4, -1)[3] * jnp.tanh(passed[1])


LSTM = Cell(_lstm_step, _lstm_factors, _lstm_back, gates=4)


def _gru_step(from_input, from_hidden, states):
    size = states[0].shape[-1]
    both = jax.nn.sigmoid(from_input[..., :2 * size] + from_hidden[..., :2 * size])
    reset, update = both[..., :size], both[..., size:]
    memory = from_hidden[..., 2 * size:]
    new = jnp.tanh(from_input[..., 2 * size:] + reset * memory)
    return (new + update * (states[0] - new),), (_side_by_side(reset, update, new, memory),)


def _gru_factors(kept, before, after):
    reset, update, new, memory = jnp.split(kept[0], 4, -1)
    at_new = (1 - update) * (1 - new * new)
    return _side_by_side(at_new * memory * reset * (1 - reset), (before[0] - new) * update * (1 - update), at_new * reset), update


def _gru_back(given, factors):
    gates, update = factors
    return gates * jnp.tile(given[0], 3), (given[0] * update,)


def _gru_at_input(gates, given, kept):
    """The reset gate stands between the new state and the hidden state only."""
    _, update, new, _ = jnp.split(kept[0], 4, -1)
    return _side_by_side(gates[..., :2 * update.shape[-1]], given * (1 - update) * (1 - new * new))


GRU = Cell(_gru_step, _gru_factors, _gru_back, _gru_at_input, gates=3, separate=True)
