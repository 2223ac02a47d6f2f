"""The Transformer and its layers (torch.nn.modules.transformer; Vaswani et al., 2017).

A layer is attention and a network of two linear maps, each with a sum around it that keeps its input and a normalization
after that sum, or before it with norm_first.
"""

import copy
import math

import numpy as np

from facade.core import devices, dtypes, engine
from facade.core.ops.composites.attention import added_mask, fast_path, tracked
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn
from facade.nn import functional as F
from facade.nn.init import xavier_uniform_
from facade.nn.modules.activation import GELU, MultiheadAttention, ReLU
from facade.nn.modules.container import ModuleList
from facade.nn.modules.dropout import Dropout
from facade.nn.modules.linear import Linear
from facade.nn.modules.module import Module
from facade.nn.modules.normalization import LayerNorm

__all__ = ["Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]


# ---------------------------------------------------------------- masks
def _causal(size, dtype):
    """-inf above the diagonal, of a NumPy dtype."""
    return np.triu(np.full((size, size), -math.inf).astype(dtype), 1)


def _detect_is_causal_mask(mask, is_causal=None, size=None):
    """Whether a mask is the causal one, where it is not said."""
    if is_causal is not None or mask is None:
        return is_causal is True
    size = mask.size(-2) if size is None else size
    return mask.shape == (size, size) and np.array_equal(mask.numpy_value(), _causal(size, mask.dtype.numpy))


def _get_seq_len(src, batch_first):
    """How long the sequences are."""
    return src.shape[1 if batch_first and src.dim() != 2 else 0]


# ---------------------------------------------------------------- what layers have in common
def _get_clones(module, count):
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


def _get_activation_fn(activation):
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return getattr(F, activation)


class _Layer(Module):
    """The linear maps of a layer; its attentions and normalizations are a subclass's."""

    def _ff_block(self, x):
        x = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return getattr(self, self._last_dropout)(x)

    def _attended(self, attention, x, memory, dropout, attn_mask, key_padding_mask, is_causal):
        x = attention(x, memory, memory, attn_mask=attn_mask, key_padding_mask=key_padding_mask, is_causal=is_causal, need_weights=False)[0]
        return dropout(x)

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        return self._attended(self.self_attn, x, x, self.dropout1, attn_mask, key_padding_mask, is_causal)

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("activation", F.relu)


class TransformerEncoderLayer(_Layer):
    """Self-attention, then a network of dim_feedforward features."""

    _last_dropout = "dropout2"

    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-5, batch_first=False,
                 norm_first=False, bias=True, device=None, dtype=None):
        super().__init__()
        made = dict(bias=bias, device=device, dtype=dtype)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, **made)
        self.linear1, self.dropout = Linear(d_model, dim_feedforward, **made), Dropout(dropout)
        self.linear2, self.norm_first = Linear(dim_feedforward, d_model, **made), norm_first
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, **made) for _ in range(2))
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        activation = _get_activation_fn(activation) if isinstance(activation, str) else activation
        self.activation_relu_or_gelu = next((number for number, function, kind in ((1, F.relu, ReLU), (2, F.gelu, GELU))
                                             if activation is function or isinstance(activation, kind)), 0)
        self.activation = activation

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """src: (length, batch, d_model), the batch first with batch_first, or without it; masks as MultiheadAttention takes them."""
        src_key_padding_mask = added_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, src_mask, "src_mask")
        src_mask = added_mask(src_mask, "src_mask", src.dtype)
        if self._takes_fast_path(src):
            mask, _ = self.self_attn.merge_masks(src_mask, src_key_padding_mask, src)
            return self._computed(src, lambda x: self.self_attn._attend_fast(x, mask)[0])
        return self._computed(src, lambda x: self._sa_block(x, src_mask, src_key_padding_mask, is_causal=is_causal))

    def _computed(self, x, attend):
        if self.norm_first:
            x = x + attend(self.norm1(x))
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + attend(x))
        return self.norm2(x + self._ff_block(x))

    def _takes_fast_path(self, src):
        """Whether torch takes its path for evaluation, whose masks have another meaning: see `native_multi_head_attention`."""
        attention = self.self_attn
        return (fast_path.enabled and src.dim() == 3 and not self.training and attention.batch_first and attention.in_proj_bias is not None
                and attention._qkv_same_embed_dim and bool(self.activation_relu_or_gelu) and self.norm1.eps == self.norm2.eps
                and attention.num_heads % 2 == 0 and not any(each._forward_hooks or each._forward_pre_hooks for each in self.modules())
                and not tracked(src, *self.parameters()))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to what an encoder made, then a network of dim_feedforward features."""

    _last_dropout = "dropout3"

    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-5, batch_first=False,
                 norm_first=False, bias=True, device=None, dtype=None):
        super().__init__()
        made = dict(bias=bias, device=device, dtype=dtype)
        self.self_attn, self.multihead_attn = (MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, **made) for _ in range(2))
        self.linear1, self.dropout = Linear(d_model, dim_feedforward, **made), Dropout(dropout)
        self.linear2, self.norm_first = Linear(dim_feedforward, d_model, **made), norm_first
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model, layer_norm_eps, **made) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout) for _ in range(3))
        self.activation = _get_activation_fn(activation) if isinstance(activation, str) else activation

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, tgt_is_causal=False,
                memory_is_causal=False):
        """tgt, memory: (length, batch, d_model), the batch first with batch_first, or without it; masks as MultiheadAttention takes them."""
        own = tgt_mask, tgt_key_padding_mask, tgt_is_causal
        others = memory, memory_mask, memory_key_padding_mask, memory_is_causal
        if self.norm_first:
            x = tgt + self._sa_block(self.norm1(tgt), *own)
            x = x + self._mha_block(self.norm2(x), *others)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(tgt + self._sa_block(tgt, *own))
        x = self.norm2(x + self._mha_block(x, *others))
        return self.norm3(x + self._ff_block(x))

    def _mha_block(self, x, mem, attn_mask, key_padding_mask, is_causal=False):
        return self._attended(self.multihead_attn, x, mem, self.dropout2, attn_mask, key_padding_mask, is_causal)


# ---------------------------------------------------------------- layers on layers
class TransformerEncoder(Module):
    """num_layers copies of a layer, one after the other, then a normalization if one is given.

    enable_nested_tensor: in evaluation, padding comes out as zeros before the normalization, where the padding of each sequence is at
    its end; mask_check: look whether it is.
    """

    def __init__(self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers, self.norm, self.mask_check = num_layers, norm, mask_check
        reason = _why_not_nested(encoder_layer)
        self.enable_nested_tensor, self.use_nested_tensor = enable_nested_tensor, bool(enable_nested_tensor and not reason)
        if enable_nested_tensor and reason:
            warn(f"enable_nested_tensor is True, but self.use_nested_tensor is False because {reason}")

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        """src: (length, batch, d_model), the batch first if the layers have that; is_causal: whether mask is causal, None to look."""
        src_key_padding_mask = added_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, mask, "mask")
        is_causal = _detect_is_causal_mask(mask, is_causal, _get_seq_len(src, self.layers[0].self_attn.batch_first))
        mask = added_mask(mask, "mask", src.dtype)
        packs = mask is None and self._packs(src, src_key_padding_mask)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=is_causal, src_key_padding_mask=src_key_padding_mask)
        if packs:
            output = output.masked_fill((src_key_padding_mask != 0).unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)

    def _packs(self, src, padding):
        """Whether torch computes without the padding, and puts zeros there."""
        first = self.layers[0]
        if not fast_path.enabled or not self.use_nested_tensor or first.training or src.dim() != 3 or padding is None:
            return False
        if tracked(src, *first.parameters()):
            return False
        kept = padding.numpy_value() == 0
        return not self.mask_check or bool((kept[:, :-1] >= kept[:, 1:]).all())


def _why_not_nested(layer):
    """Why torch could not compute a layer without padding; None where it could."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    reasons = {
        "norm_first was True": layer.norm_first,
        "self_attn.batch_first was not True(use batch_first for better inference performance)": not attention.batch_first,
        "self_attn._qkv_same_embed_dim was not True": not attention._qkv_same_embed_dim,
        "self_attn was passed bias=False": attention.in_proj_bias is None,
        "activation_relu_or_gelu was not True": not layer.activation_relu_or_gelu,
        "norm1.eps was not equal to encoder_layer.norm2.eps": layer.norm1.eps != layer.norm2.eps,
        "self_attn.num_heads is odd": attention.num_heads % 2 == 1,
    }
    return next((f"encoder_layer.{reason}" for reason, holds in reasons.items() if holds), None)


class TransformerDecoder(Module):
    """num_layers copies of a layer, one after the other, then a normalization if one is given."""

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, tgt_is_causal=None,
                memory_is_causal=False):
        """tgt, memory: (length, batch, d_model), the batch first if the layers have that; tgt_is_causal: None to look at tgt_mask."""
        tgt_is_causal = _detect_is_causal_mask(tgt_mask, tgt_is_causal, _get_seq_len(tgt, self.layers[0].self_attn.batch_first))
        output = tgt
        for layer in self.layers:
            output = layer(output, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                           memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal)
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder, and a decoder that attends to what the encoder made."""

    def __init__(self, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1, activation=F.relu,
                 custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5, batch_first=False, norm_first=False, bias=True, device=None,
                 dtype=None):
        super().__init__()
        options = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype

        def stacked(kind, layer, count):
            return kind(layer(*options), count, LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype))
        self.encoder = stacked(TransformerEncoder, TransformerEncoderLayer, num_encoder_layers) if custom_encoder is None else custom_encoder
        self.decoder = stacked(TransformerDecoder, TransformerDecoderLayer, num_decoder_layers) if custom_decoder is None else custom_decoder
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None, memory_is_causal=False):
        """src, tgt: (length, batch, d_model), the batch first with batch_first, or both without it; masks as MultiheadAttention takes them."""
        batch_dim = 0 if self.batch_first else 1
        if src.dim() == 3 and src.size(batch_dim) != tgt.size(batch_dim):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(sz, device=None, dtype=None):
        """A mask (sz, sz) to add that leaves out the keys after each query: -inf above the diagonal, 0 elsewhere."""
        kind = dtypes.get_default_dtype() if dtype is None else dtype
        made = Tensor._of(engine.constant(_causal(sz, kind.numpy)))
        return made.to(devices.get_default_device() if device is None else device)

    def _reset_parameters(self):
        """Draw all weights by their fans."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                xavier_uniform_(parameter)
