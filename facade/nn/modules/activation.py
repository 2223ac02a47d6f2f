"""Activations as layers (torch.nn.modules.activation)."""


from facade.core.ops import creation
from facade.core.ops.composites.attention import added_mask, fast_path, native_multi_head_attention, tracked
from facade.core.warn import warn
from facade.nn import functional as F
from facade.nn import init as initial
from facade.nn.modules.layer import layer
from facade.nn.modules.linear import NonDynamicallyQuantizableLinear
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish",
           "MultiheadAttention", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus",
           "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold"]


# ---------------------------------------------------------------- rectifiers
@layer(F.relu, "inplace=False", shows="")
class ReLU(Module):
    """x where it is positive, else 0."""


class Hardtanh(Module):
    """x, held between min_val and max_val."""

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace
        for name, old, value in (("min_val", "min_value", min_value), ("max_val", "max_value", max_value)):
            if value is not None:
                warn(f"keyword argument `{old}` is deprecated and renamed to `{name}`", FutureWarning)
                setattr(self, name, value)
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input):
        """input: of any shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """x, held between 0 and 6."""

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


@layer(F.leaky_relu, "negative_slope=0.01, inplace=False", shows="negative_slope={0.negative_slope}")
class LeakyReLU(Module):
    """x where it is positive, else negative_slope * x."""


@layer(F.rrelu, f"lower={1 / 8}, upper={1 / 3}, inplace=False", passed=["training"], shows="lower={0.lower}, upper={0.upper}")
class RReLU(Module):
    """x where it is positive, else x times a slope drawn for each element; the mean slope in evaluation."""


class PReLU(Module):
    """x where it is positive, else x times a slope that is learned: one for all channels, or one for each."""

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(creation.FUNCTIONS["empty"](num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Set all slopes to `init`."""
        initial.constant_(self.weight, self.init)

    def forward(self, input):
        """input: of any shape, the channels in the second dimension."""
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


@layer(F.threshold, "threshold, value, inplace=False", shows="threshold={0.threshold}, value={0.value}")
class Threshold(Module):
    """x where it is greater than the threshold, else the value."""


# ---------------------------------------------------------------- smooth
@layer(F.elu, "alpha=1.0, inplace=False", shows="alpha={0.alpha}")
class ELU(Module):
    """x where it is positive, else alpha * (exp(x) - 1)."""


@layer(F.celu, "alpha=1.0, inplace=False", shows="alpha={0.alpha}")
class CELU(Module):
    """x where it is positive, else alpha * (exp(x / alpha) - 1)."""


@layer(F.selu, "inplace=False", shows="")
class SELU(Module):
    """ELU with the scale and alpha that keep mean 0 and variance 1."""


@layer(F.gelu, "approximate='none'", shows="approximate={0.approximate!r}")
class GELU(Module):
    """x times the normal distribution function of x; approximate: 'tanh' for a cheaper formula."""


@layer(F.silu, "inplace=False", shows="")
class SiLU(Module):
    """x * sigmoid(x)."""


@layer(F.mish, "inplace=False", shows="")
class Mish(Module):
    """x * tanh(softplus(x))."""


@layer(F.softplus, "beta=1.0, threshold=20.0", shows="beta={0.beta}, threshold={0.threshold}")
class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold."""


@layer(F.glu, "dim=-1", shows="dim={0.dim}")
class GLU(Module):
    """The first half along `dim` times the sigmoid of the second half."""


@layer(F.sigmoid)
class Sigmoid(Module):
    """1 / (1 + exp(-x))."""


@layer(F.tanh)
class Tanh(Module):
    """The hyperbolic tangent."""


@layer(F.logsigmoid)
class LogSigmoid(Module):
    """The logarithm of the sigmoid."""


@layer(F.softsign)
class Softsign(Module):
    """x / (1 + |x|)."""


@layer(F.tanhshrink)
class Tanhshrink(Module):
    """x - tanh(x)."""


# ---------------------------------------------------------------- piecewise
@layer(F.hardsigmoid, "inplace=False")
class Hardsigmoid(Module):
    """x / 6 + 1 / 2, held between 0 and 1."""


@layer(F.hardswish, "inplace=False")
class Hardswish(Module):
    """x * hardsigmoid(x)."""


@layer(F.hardshrink, "lambd=0.5", shows="{0.lambd}")
class Hardshrink(Module):
    """x where |x| is greater than lambd, else 0."""


@layer(F.softshrink, "lambd=0.5", shows="{0.lambd}")
class Softshrink(Module):
    """x moved by lambd towards 0, and 0 where |x| is less."""


# ---------------------------------------------------------------- over a dimension
@layer(F.softmax, "dim=None", shows="dim={0.dim}")
class Softmax(Module):
    """exp(x), scaled to the sum 1 along `dim`."""


@layer(F.softmin, "dim=None", shows="dim={0.dim}")
class Softmin(Module):
    """exp(-x), scaled to the sum 1 along `dim`."""


@layer(F.log_softmax, "dim=None", shows="dim={0.dim}")
class LogSoftmax(Module):
    """The logarithm of the softmax along `dim`."""


class Softmax2d(Module):
    """The softmax over the channels of each place."""

    def forward(self, input):
        """input: (batch, channels, height, width), or without the batch."""
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)


# ---------------------------------------------------------------- attention
class MultiheadAttention(Module):
    """The values' mean by how well their keys fit a query, by num_heads heads, each of its share of the features (Vaswani et al., 2017).

    kdim, vdim: the features of keys and values where they are not embed_dim; add_bias_kv: with one more key and value, which are learned;
    add_zero_attn: with one more of zeros.
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None,
                 batch_first=False, device=None, dtype=None):
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead")
        super().__init__()
        self.embed_dim, self.kdim, self.vdim = embed_dim, embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads, self.dropout, self.batch_first = num_heads, dropout, batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        self._add_projections(bias, device, dtype)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            setattr(self, name, _empty((1, 1, embed_dim), device, dtype) if add_bias_kv else None)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _add_projections(self, bias, device, dtype):
        """Register one weight for all inputs where they have the same features, else one for each; the others are None."""
        size, same = self.embed_dim, self._qkv_same_embed_dim
        for name, features in (("q_proj_weight", size), ("k_proj_weight", self.kdim), ("v_proj_weight", self.vdim)):
            self.register_parameter(name, None if same else _empty((size, features), device, dtype))
        self.register_parameter("in_proj_weight", _empty((3 * size, size), device, dtype) if same else None)
        self.register_parameter("in_proj_bias", _empty(3 * size, device, dtype) if bias else None)

    def _reset_parameters(self):
        for weight in (self.in_proj_weight,) if self._qkv_same_embed_dim else (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            initial.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            initial.constant_(self.in_proj_bias, 0.0)
            initial.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                initial.xavier_normal_(bias)

    def __setstate__(self, state):
        state.setdefault("_qkv_same_embed_dim", True)
        super().__setstate__(state)

    def forward(self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True, is_causal=False):
        """(the result (length, batch, embed_dim), the weights (batch, length, other length) or None).

        query: (length, batch, embed_dim), key and value: (other length, batch, ...), the batch first with batch_first, or all without
        it. A mask leaves out keys where it is true, or is added: key_padding_mask (batch, other length); attn_mask (length, other length),
        or with a first dimension of batch * heads. average_attn_weights: over the heads; is_causal: attn_mask is a causal one.
        """
        numbers = any(each is not None and each.is_floating_point() for each in (attn_mask, key_padding_mask))
        key_padding_mask = added_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
        attn_mask = added_mask(attn_mask, "attn_mask", query.dtype)
        if not numbers and query is key is value and self._takes_fast_path(query):
            mask, _ = self.merge_masks(attn_mask, key_padding_mask, query)
            return self._attend_fast(query, mask, need_weights, average_attn_weights)
        transposed = self.batch_first and query.dim() == 3
        if transposed:
            query, key, value = _transposed(query, key, value)
        weights = {} if self._qkv_same_embed_dim else {f"{name}_proj_weight": getattr(self, f"{name}_proj_weight") for name in "qkv"}
        result, found = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn,
            self.dropout, self.out_proj.weight, self.out_proj.bias, training=self.training, key_padding_mask=key_padding_mask,
            need_weights=need_weights, attn_mask=attn_mask, use_separate_proj_weight=not self._qkv_same_embed_dim, **weights,
            average_attn_weights=average_attn_weights, is_causal=is_causal)
        return result.transpose(1, 0) if transposed else result, found

    def _takes_fast_path(self, query):
        """Whether torch takes its path for evaluation, in which a masked row may differ."""
        return (fast_path.enabled and query.dim() == 3 and self.batch_first and not self.training and self.num_heads % 2 == 0
                and self._qkv_same_embed_dim and self.in_proj_bias is not None and query.dtype is self.in_proj_weight.dtype
                and self.bias_k is None and self.bias_v is None and not self.add_zero_attn and not tracked(query, *self._projections()))

    def _projections(self):
        return self.in_proj_weight, self.in_proj_bias, self.out_proj.weight, self.out_proj.bias

    def _attend_fast(self, query, mask, need_weights=False, average_attn_weights=True):
        in_weight, in_bias, out_weight, out_bias = self._projections()
        return native_multi_head_attention(query, self.num_heads, (in_weight, in_bias), (out_weight, out_bias), mask, need_weights,
                                           average_attn_weights)

    def merge_masks(self, attn_mask, key_padding_mask, query):
        """(both masks in one, its type): (batch, length) of type 1 for padding alone, else (batch, heads, length, length) of type 2."""
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        if attn_mask.dim() == 3:
            merged = attn_mask.view(batch, -1, length, length)
        else:
            merged = attn_mask.view(1, 1, length, length).expand(batch, self.num_heads, -1, -1)
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.view(batch, 1, 1, length).expand(-1, self.num_heads, -1, -1)
        return merged, 2


def _empty(shape, device, dtype):
    return Parameter(creation.FUNCTIONS["empty"](shape, device=device, dtype=dtype))


def _transposed(query, key, value):
    """The three with the length first; what was the same tensor stays the same."""
    made = {id(each): each.transpose(1, 0) for each in (query, key, value)}
    return made[id(query)], made[id(key)], made[id(value)]
