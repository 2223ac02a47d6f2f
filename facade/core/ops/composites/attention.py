"""Attention of nn.functional: one head as an operator, and many heads with their projections around it."""

import math
from types import SimpleNamespace

from facade.core import dtypes
from facade.core.ops.composites import composite
from facade.core.ops.composites.combining import cat, pad
from facade.core.ops.composites.dropout import dropout
from facade.core.ops.composites.normalization import linear
from facade.core.ops.dispatch import apply
from facade.core.ops.rows import attention as table
from facade.core.ops.table import ARRAY
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn


# ---------------------------------------------------------------- one head
@composite(at="nn.functional")
def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    """softmax(query key^T * scale + mask) value, with queries (..., length, features) and keys and values (..., other length, features).

    attn_mask: boolean, true where a key takes part, or numbers to add; scale: 1 / sqrt(features) if not given.
    """
    flash = dropout_p == 0 and _takes_flash(query, key, value, attn_mask)
    _check_attention(query, key, value, attn_mask, is_causal and not flash, dropout_p)
    if enable_gqa:
        key, value = (_repeated(each, query.shape[-3]) for each in (key, value))
    if dropout_p == 0:
        return apply(table.ATTENTION[flash], (ARRAY, ARRAY, ARRAY, ARRAY, bool(is_causal), scale), (query, key, value, attn_mask))
    weights = apply(table.WEIGHTS, (ARRAY, ARRAY, ARRAY, bool(is_causal), scale), (query, key, attn_mask))
    return dropout(weights, dropout_p).matmul(value)


def _takes_flash(query, key, value, mask):
    """Whether torch takes its fused kernel, whose derivative has another name and which takes a mask beside is_causal."""
    alike = key.shape == value.shape and query.shape[:-2] == key.shape[:-2] and query.shape[-1] == key.shape[-1]
    return query.ndim == 4 and alike and not (mask is not None and mask.requires_grad)


def _repeated(tensor, heads):
    """Keys or values, each head of them for as many heads of queries as there are to each."""
    if heads % tensor.shape[-3]:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return tensor.repeat_interleave(heads // tensor.shape[-3], -3)


def _check_attention(query, key, value, mask, is_causal, dropout_p):
    if mask is not None and is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if not query.dtype is key.dtype is value.dtype:
        raise RuntimeError("Expected query, key, and value to have the same dtype, but got query.dtype: "
                           f"{query.dtype.c_name} key.dtype: {key.dtype.c_name} and value.dtype: "
                           f"{value.dtype.c_name} instead.")
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError("Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
                           f"{query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead.")
    if mask is not None and mask.dtype not in (dtypes.bool, dtypes.float32, query.dtype):
        raise RuntimeError("Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                           f"{mask.dtype.c_name} and  query.dtype: {query.dtype.c_name} instead.")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")


# ---------------------------------------------------------------- masks of many heads
def added_mask(mask, name, dtype, other=None, other_name=""):
    """A mask as numbers to add: -inf where a boolean one is true, which leaves keys out here; None stays None.

    other: a mask whose dtype this one should have.
    """
    if mask is None:
        return None
    if mask.dtype is not dtypes.bool and not mask.dtype.is_floating_point:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if _dtype_of(other) not in (None, mask.dtype):
        warn(f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.")
    return mask if mask.dtype is not dtypes.bool else mask.new_zeros(mask.shape, dtype=dtype).masked_fill_(mask, -math.inf)


def _dtype_of(mask):
    if mask is not None and not isinstance(mask, Tensor):
        raise RuntimeError("input to _none_or_dtype() must be None or torch.Tensor")
    return None if mask is None else mask.dtype


def _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Whether the tensors have a batch, after torch's checks that they agree on that."""
    if query.ndim not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor")
    rank = query.ndim
    kind = f"For {'batched' if rank == 3 else 'unbatched'} ({rank}-D) `query`, expected"
    if key.ndim != rank or value.ndim != rank:
        raise AssertionError(f"{kind} `key` and `value` to be {rank}-D but found {key.ndim}-D and {value.ndim}-D tensors respectively")
    if key_padding_mask is not None and key_padding_mask.ndim != rank - 1:
        raise AssertionError(f"{kind} `key_padding_mask` to be `None` or {rank - 1}-D but found {key_padding_mask.ndim}-D tensor instead")
    if attn_mask is not None and attn_mask.ndim not in (2, 3):
        raise AssertionError(f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor instead")
    wanted = (num_heads, query.shape[0], key.shape[0])
    if rank == 2 and attn_mask is not None and attn_mask.ndim == 3 and attn_mask.shape != wanted:
        raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {attn_mask.shape}")
    return rank == 3


def _checked_mask(mask, batch, num_heads, length, keys):
    """The mask of all heads, with a first dimension of 1 where they have the same."""
    if mask is None:
        return None
    wanted = (length, keys) if mask.ndim == 2 else (batch * num_heads, length, keys)
    if mask.shape != wanted:
        raise RuntimeError(f"The shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be {wanted}.")
    return mask.unsqueeze(0) if mask.ndim == 2 else mask


# ---------------------------------------------------------------- projections of many heads
def _packed(query, key, value, weight, bias):
    """The three projections by one weight (3 * features, features); one product for all that are of the same tensor."""
    features = query.shape[-1]
    if key is not value:
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        return [linear(*each) for each in zip((query, key, value), weight.chunk(3), biases)]
    if query is key:
        return _parted(linear(query, weight, bias), features, 3)
    sizes = [features, features * 2]
    first, others = (None, None) if bias is None else bias.split(sizes)
    of_query, of_key = weight.split(sizes)
    return [linear(query, of_query, first), *_parted(linear(key, of_key, others), features, 2)]


def _parted(projected, features, count):
    """Projections that lie side by side, each contiguous."""
    parts = projected.unflatten(-1, (count, features)).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
    return [parts[place] for place in range(count)]


def _separate(inputs, weights, bias):
    """The three projections, by a weight each."""
    for name, weight in zip("qkv", weights):
        if weight is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    features = inputs[0].shape[-1]
    for name, input, weight in zip(("query", "key", "value"), inputs, weights):
        if weight.shape != (features, input.shape[-1]):
            raise AssertionError(f"expecting {name} weights shape of {(features, input.shape[-1])}, but got {weight.shape}")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return [linear(*each) for each in zip(inputs, weights, biases)]


def _by_head(projected, static, name, heads, features):
    """(length, batch, all features) as (batch * heads, length, features of a head), or the tensor that is given in its place."""
    if static is None:
        return projected.view(projected.shape[0], heads, features).transpose(0, 1)
    for dim, wanted in ((0, heads), (2, features)):
        if static.shape[dim] != wanted:
            raise AssertionError(f"expecting {name}.size({dim}) of {wanted}, but got {static.shape[dim]}")
    return static


def _with_biases(key, value, biases, statics, batch):
    """Keys and values (length, batch, features) with one more, which is learned."""
    if all(each is None for each in biases):
        return key, value
    for place, name, other in ((1, "k", "v"), (0, "v", "k")):
        if biases[place] is None:
            raise AssertionError(f"bias_{name} is set but bias_{other} is None")
    for static, name in zip(statics, ("key", "value")):
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    return [cat([each, bias.repeat(1, batch, 1)]) for each, bias in zip((key, value), biases)]


def _check_sizes(query, key, value, embed_dim, num_heads, separate):
    """What torch asserts of the sizes."""
    features = query.shape[-1]
    if features != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {features}")
    if features % num_heads:
        raise AssertionError(f"embed_dim {features} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


# ---------------------------------------------------------------- many heads
@composite(at="nn.functional")
def multi_head_attention_forward(query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
                                 dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None,
                                 use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None,
                                 static_v=None, average_attn_weights=True, is_causal=False):
    """(the projected mean of the values for each query, the weights of the keys or None), by num_heads heads (Vaswani et al., 2017).

    query: (length, batch, features), key and value: (other length, batch, ...), all or none with the batch. Masks leave out the keys
    where they are true, or are added: key_padding_mask (batch, other length); attn_mask (length, other length), or with a first
    dimension of batch * heads. in_proj_weight: (3 * features, features), or three weights with use_separate_proj_weight.
    """
    is_batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not is_batched:
        query, key, value = (each.unsqueeze(1) for each in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, features = query.shape
    key_padding_mask = added_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
                           "`generate_square_subsequent_mask` to create this mask.")
    is_causal = is_causal and key_padding_mask is None and not need_weights
    attn_mask = None if is_causal else added_mask(attn_mask, "attn_mask", query.dtype)
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    heads, width = batch * num_heads, features // num_heads
    if use_separate_proj_weight:
        projected = _separate((query, key, value), (q_proj_weight, k_proj_weight, v_proj_weight), in_proj_bias)
    elif in_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    else:
        projected = _packed(query, key, value, in_proj_weight, in_proj_bias)
    attn_mask = _checked_mask(attn_mask, batch, num_heads, length, key.shape[0])
    query, (key, value) = projected[0], _with_biases(*projected[1:], (bias_k, bias_v), (static_k, static_v), batch)
    query = _by_head(query, None, "", heads, width)
    key, value = _by_head(key, static_k, "static_k", heads, width), _by_head(value, static_v, "static_v", heads, width)
    if add_zero_attn:
        key, value = (cat([each, each.new_zeros((heads, 1, width))], 1) for each in (key, value))
    attn_mask = _merged(attn_mask, key_padding_mask, batch, num_heads, key.shape[1], (bias_k is not None) + bool(add_zero_attn))
    attend = _with_weights if need_weights else _without_weights
    result, weights = attend(query, key, value, attn_mask, dropout_p if training else 0.0, is_causal, batch)
    result = linear(result, out_proj_weight, out_proj_bias)
    result = result.view(length, batch, result.shape[1])
    if weights is not None and average_attn_weights:
        weights = weights.mean(1)
    if is_batched:
        return result, weights
    return result.squeeze(1), None if weights is None else weights.squeeze(0)


def _merged(mask, padding, batch, num_heads, keys, added):
    """The sum of both masks, in which the keys that were added take part."""
    if added:
        mask, padding = (None if each is None else pad(each, (0, added)) for each in (mask, padding))
    if padding is None:
        return mask
    for dim, wanted, what in ((0, batch, "batch size"), (1, keys, "source length")):
        if padding.shape[dim] != wanted:
            raise AssertionError(f"Expected key_padded_mask.shape[{dim}] to be {wanted}, but got {padding.shape[dim]}")
    padding = padding.view(batch, 1, 1, keys).expand(-1, num_heads, -1, -1).reshape(batch * num_heads, 1, keys)
    return padding if mask is None else mask + padding


def _with_weights(query, key, value, mask, dropout_p, is_causal, batch):
    """(the values' means (length * batch, all features), the weights (batch, heads, length, keys))."""
    heads, length, width = query.shape
    scaled, key = query * math.sqrt(1.0 / width), key.transpose(-2, -1)
    weights = (scaled.bmm(key) if mask is None else mask.baddbmm(scaled, key)).softmax(-1)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    result = weights.bmm(value).transpose(0, 1).reshape(length * batch, heads // batch * width)
    return result, weights.view(batch, heads // batch, length, key.shape[-1])


def _without_weights(query, key, value, mask, dropout_p, is_causal, batch):
    """(the values' means (length * batch, all features), None)."""
    heads, length, width = query.shape
    if mask is not None:
        mask = mask.unsqueeze(0) if mask.shape[0] == 1 else mask.view(batch, heads // batch, -1, key.shape[1])
    query, key, value = (each.view(batch, heads // batch, -1, width) for each in (query, key, value))
    result = scaled_dot_product_attention(query, key, value, mask, dropout_p, is_causal)
    return result.permute(2, 0, 1, 3).reshape(batch * length, heads // batch * width), None


# ---------------------------------------------------------------- in evaluation
fast_path = SimpleNamespace(enabled=True)       # torch.backends.mha.set_fastpath_enabled


def tracked(*tensors):
    """Whether a result of these tensors would have a history."""
    return modes.grad and any(each is not None and each.requires_grad for each in tensors)


def native_multi_head_attention(query, num_heads, in_proj, out_proj, mask, need_weights=False, average_weights=True):
    """Self-attention as torch computes it in evaluation (its `_native_multi_head_attention`), where results differ in two ways:
    every number of the mask but 0 leaves its key out, and a query that is left with no key gives NaN.

    query: (batch, length, features); in_proj, out_proj: (weight, bias); mask: (batch, length) or (batch, heads, length, length).
    """
    batch, length, features = query.shape
    query, key, value = (each.unflatten(-1, (num_heads, -1)).transpose(1, 2) for each in linear(query, *in_proj).chunk(3, -1))
    scores = query.mul(1 / math.sqrt(query.shape[-1])).matmul(key.transpose(-2, -1))
    if mask is not None:
        mask = mask.view(batch, 1, 1, length) if mask.ndim == 2 else mask
        scores = scores.masked_fill(mask != 0, -math.inf)
    weights = scores.softmax(-1)
    result = linear(weights.matmul(value).transpose(1, 2).reshape(batch, length, features), *out_proj)
    if not need_weights:
        return result, None
    return result, weights.mean(1) if average_weights else weights
