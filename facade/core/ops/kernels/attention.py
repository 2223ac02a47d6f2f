"""Attention on arrays: the mean of values by how well their keys fit a query (Vaswani et al., 2017).

Queries are (..., length, features), keys (..., other length, features), values (..., other length, other features).  Half
precision is computed in float32.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax


@jax.custom_jvp
def safe_softmax(scores):
    """The softmax over the last dimension; a row of nothing but -inf gives zeros."""
    highest = jnp.max(scores, -1, keepdims=True)
    powers = jnp.exp(scores - jnp.where(highest == -jnp.inf, 0, highest))
    total = jnp.sum(powers, -1, keepdims=True)
    return powers / jnp.where(total == 0, 1, total)


@safe_softmax.defjvp
def _safe_softmax_jvp(primals, tangents):
    weights = safe_softmax(*primals)
    change = weights * tangents[0]
    return weights, change - weights * jnp.sum(change, -1, keepdims=True)


def _wide(array):
    """In the dtype that sums are computed in."""
    return array.astype(jnp.float32) if array.dtype in (jnp.float16, jnp.bfloat16) else array


def _causal(queries, keys):
    """True where a key stands no later than the query, (queries, keys)."""
    return lax.broadcasted_iota(jnp.int32, (queries, keys), 0) >= lax.broadcasted_iota(jnp.int32, (queries, keys), 1)


def _weights(query, key, mask, is_causal, scale):
    """How well each key fits each query; mask: true where a key takes part, or numbers to add."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = jnp.matmul(_wide(query) * scale, jnp.swapaxes(_wide(key), -1, -2))
    causal = _causal(query.shape[-2], key.shape[-2]) if is_causal else None
    for each in (causal, mask):
        if each is not None:
            scores = jnp.where(each, scores, -jnp.inf) if each.dtype == jnp.bool_ else scores + each
    return safe_softmax(scores)


def weights(query, key, mask, is_causal, scale):
    """How well each key fits each query, in the queries' dtype."""
    return _weights(query, key, mask, is_causal, scale).astype(query.dtype)


def attention(query, key, value, mask, is_causal, scale):
    """The mean of the values by the weights of their keys."""
    return jnp.matmul(_weights(query, key, mask, is_causal, scale), _wide(value)).astype(query.dtype)
