"""Functions that an emitted program takes with it as they stand here: what a person would write for an operator that JAX has no function
for.

Each is the operator's formula, without the operator's special cases (`known` says where it holds); shapes are PyTorch's, a batch first and
channels second. They use nothing but JAX, for their source is all that goes into the program.
"""

import jax
import jax.numpy as jnp
from jax import lax


# ---------------------------------------------------------------- normalization
def layer_norm(x, weight, bias, eps=1e-05):
    """x with mean 0 and variance 1 along its last axis, scaled and shifted."""
    difference = x - jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(jnp.square(difference), axis=-1, keepdims=True)
    return difference * lax.rsqrt(variance + eps) * weight + bias


def group_norm(x, weight, bias, groups, eps=1e-05):
    """x with mean 0 and variance 1 in each group of channels, scaled and shifted."""
    grouped = x.reshape(x.shape[0], groups, -1)
    difference = grouped - jnp.mean(grouped, axis=2, keepdims=True)
    variance = jnp.mean(jnp.square(difference), axis=2, keepdims=True)
    channels = (-1, *(1,) * (x.ndim - 2))
    return (difference * lax.rsqrt(variance + eps)).reshape(x.shape) * weight.reshape(channels) + bias.reshape(channels)


def batch_norm(x, weight, bias, eps=1e-05):
    """x with mean 0 and variance 1 in each channel, scaled and shifted; the means; the variances, unbiased."""
    axes, channels = (0, *range(2, x.ndim)), (-1, *(1,) * (x.ndim - 2))
    mean = jnp.mean(x, axis=axes)
    difference = x - mean.reshape(channels)
    variance = jnp.mean(jnp.square(difference), axis=axes)
    scale = lax.rsqrt(variance + eps) * weight
    return difference * scale.reshape(channels) + bias.reshape(channels), mean, jnp.var(x, axis=axes, ddof=1)


# ---------------------------------------------------------------- dropout, losses
def dropout(x, mask, rate):
    """x where the mask is set, scaled up; 0 elsewhere."""
    return jnp.where(mask, x / (1 - rate), 0.0)


def nll_loss(log_probabilities, target, ignored=-100):
    """The mean of -log p of the targets; those that are `ignored` do not count."""
    target = jnp.expand_dims(target, 1)
    return -jnp.mean(jnp.take_along_axis(log_probabilities, target, axis=1), where=target != ignored)


def sigmoid_cross_entropy(logits, target, positive=1.0):
    """-log p of the targets, from logits, without overflow; positive: how much a target of 1 counts."""
    return (1 - target) * logits - ((positive - 1) * target + 1) * jax.nn.log_sigmoid(logits)


# ---------------------------------------------------------------- attention
def attention(query, key, value, is_causal=False):
    """The values, weighted by how the keys fit the query; causal: of those before it alone."""
    scores = query @ key.mT * query.shape[-1] ** -0.5
    if is_causal:
        scores = jnp.where(jnp.tri(*scores.shape[-2:], dtype=bool), scores, -jnp.inf)
    return jax.nn.softmax(scores, axis=-1) @ value


# ---------------------------------------------------------------- images
def upsample_bilinear(x, size):
    """Images of another size, the corners where they were."""
    for axis, count in zip((2, 3), size):
        place = jnp.linspace(0, x.shape[axis] - 1, count, dtype=x.dtype)
        before = jnp.minimum(place.astype(int), x.shape[axis] - 2)
        share = (place - before).reshape(-1, *(1,) * (3 - axis))
        x = jnp.take(x, before, axis) * (1 - share) + jnp.take(x, before + 1, axis) * share
    return x


# ---------------------------------------------------------------- recurrent layers
def lstm_layer(x, w_ih, w_hh, b_ih, b_hh, hidden, cell, reverse=False):
    """All outputs, the last one, the last cell; x: times first."""
    def step(carry, x):
        hidden, cell = carry
        at_input, at_forget, at_cell, at_output = jnp.split(x + hidden @ w_hh.T, 4, axis=1)
        cell = jax.nn.sigmoid(at_forget) * cell + jax.nn.sigmoid(at_input) * jnp.tanh(at_cell)
        hidden = jax.nn.sigmoid(at_output) * jnp.tanh(cell)
        return (hidden, cell), hidden
    (hidden, cell), outputs = lax.scan(step, (hidden, cell), x @ w_ih.T + b_ih + b_hh, reverse=reverse)
    return outputs, hidden, cell


def packed_lstm_layer(x, w_ih, w_hh, b_ih, b_hh, hidden, cell, sizes, reverse=False):
    """All outputs, the last of each row, its cell; x: times first; sizes: how many rows of the batch are still there at each time."""
    def step(carry, item):
        hidden, cell = carry
        x, is_there = item
        at_input, at_forget, at_cell, at_output = jnp.split(x + hidden @ w_hh.T, 4, axis=1)
        new_cell = jax.nn.sigmoid(at_forget) * cell + jax.nn.sigmoid(at_input) * jnp.tanh(at_cell)
        new_hidden = jax.nn.sigmoid(at_output) * jnp.tanh(new_cell)
        carry = jnp.where(is_there, new_hidden, hidden), jnp.where(is_there, new_cell, cell)
        return carry, jnp.where(is_there, new_hidden, 0.0)
    is_there = (jnp.arange(x.shape[1]) < sizes[:, None])[..., None]
    (hidden, cell), outputs = lax.scan(step, (hidden, cell), (x @ w_ih.T + b_ih + b_hh, is_there), reverse=reverse)
    return outputs, hidden, cell


def gru_layer(x, w_ih, w_hh, b_ih, b_hh, hidden, reverse=False):
    """All outputs and the last one; x: times first."""
    def step(hidden, x):
        reset, update, new = jnp.split(x, 3, axis=1)
        reset_hidden, update_hidden, new_hidden = jnp.split(hidden @ w_hh.T + b_hh, 3, axis=1)
        candidate = jnp.tanh(new + jax.nn.sigmoid(reset + reset_hidden) * new_hidden)
        hidden = candidate + jax.nn.sigmoid(update + update_hidden) * (hidden - candidate)
        return hidden, hidden
    hidden, outputs = lax.scan(step, hidden, x @ w_ih.T + b_ih, reverse=reverse)
    return outputs, hidden


def rnn_layer(x, w_ih, w_hh, b_ih, b_hh, hidden, reverse=False):
    """All outputs and the last one; x: times first."""
    def step(hidden, x):
        hidden = jnp.tanh(x + hidden @ w_hh.T)
        return hidden, hidden
    hidden, outputs = lax.scan(step, hidden, x @ w_ih.T + b_ih + b_hh, reverse=reverse)
    return outputs, hidden
