"""Attention. The rows are called by composites, which know torch's checks and draw what is dropped."""

import math

from facade.core.errors import broadcast_shapes
from facade.core.ops.kernels import attention as kernels
from facade.core.ops.rows.requirements import dtype_of
from facade.core.ops.supported import EXACT
from facade.core.ops.table import op


def _check_scores(query, key, mask, *_):
    """Raise where the scores, or the mask on them, cannot be."""
    if dtype_of(query).category in EXACT:
        raise RuntimeError(f"expected scalar type Float but found {dtype_of(query).legacy}")
    batch = broadcast_shapes(query.shape[:-2], key.shape[:-2])
    _check_product(batch, query.shape[-1], (key.shape[-1], key.shape[-2]))
    scores = (*batch, query.shape[-2], key.shape[-2])
    if mask is not None and (made := broadcast_shapes(scores, mask.shape)) != scores:
        raise RuntimeError(f"output with shape {list(scores)} doesn't match the broadcast shape {list(made)}")


def _check(query, key, value, mask, *_):
    _check_scores(query, key, mask)
    batch = broadcast_shapes(broadcast_shapes(query.shape[:-2], key.shape[:-2]), value.shape[:-2])
    _check_product(batch, key.shape[-2], value.shape[-2:])


def _check_product(batch, size, matrix):
    if matrix[0] != size:
        count = math.prod(batch)
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {size}] but got: [{count}, {matrix[0]}].")


_QUERY = "Tensor query, Tensor key, Tensor value, Tensor? attn_mask, bool is_causal, float? scale) -> Tensor"
ATTENTION = {flash: op(f"scaled_dot_product_attention({_QUERY}", kernels.attention, at="", doc="The values' mean by how well their keys fit a query",
                       node="ScaledDotProductFlashAttentionForCpuBackward0" if flash else "UnsafeViewBackward0", check=_check)
             for flash in (False, True)}
WEIGHTS = op("_attention_weights(Tensor query, Tensor key, Tensor? attn_mask, bool is_causal, float? scale) -> Tensor", kernels.weights, at="",
             node="SoftmaxBackward0", check=_check_scores, doc="How well each key fits a query")
