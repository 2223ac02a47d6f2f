"""Attention: one head as an operator, many heads and Transformers as layers; masks, the path for evaluation, what is refused."""

import copy
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from tests.worlds import both_worlds, expressions, refusal


def _noise(torch, *shape):
    return torch.randn(*shape, dtype=torch.float64)


# ---------------------------------------------------------------- one head
@expressions("""
F.scaled_dot_product_attention(q, k, k), F.scaled_dot_product_attention(q[0, 0], k[0, 0], k[0, 0]), F.scaled_dot_product_attention(q, q, q, is_causal=True)
F.scaled_dot_product_attention(q, k, v), F.scaled_dot_product_attention(q, k, v, scale=2.0)
F.scaled_dot_product_attention(q, k, v, b), F.scaled_dot_product_attention(q[0], k[0], v[0], b)
F.scaled_dot_product_attention(q, k, v, b * -inf), F.scaled_dot_product_attention(q, k, v, torch.where(b, 0.5, -inf).double())
F.scaled_dot_product_attention(q, q, q, torch.where(b[:, :3], 0.5, -1.0).double(), is_causal=True)
F.scaled_dot_product_attention(q[0], q[0], q[0], torch.ones(3, 3).double(), is_causal=True)
F.scaled_dot_product_attention(q, k, v, dropout_p=0.5), torch.rand(1)
F.scaled_dot_product_attention(q, k, v, dropout_p=1.0), F.scaled_dot_product_attention(q, k, v, b, dropout_p=0.3)
F.scaled_dot_product_attention(q, k[:, :1], v[:, :1], enable_gqa=True), F.scaled_dot_product_attention(q, k[:1], v[:, :1])
F.scaled_dot_product_attention(q.float(), k.float(), v.float()).dtype, F.scaled_dot_product_attention(q.half(), k.half(), v.half()).dtype
F.scaled_dot_product_attention(torch.cat([q, q], 1)[:, :3], k, v, enable_gqa=True)
F.scaled_dot_product_attention(q, k, v.float())
F.scaled_dot_product_attention(q[0, 0, 0], k, v)
F.scaled_dot_product_attention(q, k[..., :2], v)
F.scaled_dot_product_attention(q, k[:, [0, 1, 1]], v)
F.scaled_dot_product_attention(q, k, v, b[:, :2])
F.scaled_dot_product_attention(q, k, v, torch.ones(3, 1, 1, 3, 5) > 0)
F.scaled_dot_product_attention(q, k, v, b.long())
F.scaled_dot_product_attention(q, k, v, dropout_p=1.5)
F.scaled_dot_product_attention(q.int(), k.int(), v.int())
F.scaled_dot_product_attention(q[0], k[0], v[0, :, :2])
F.scaled_dot_product_attention(q.requires_grad_(), k, k).grad_fn, F.scaled_dot_product_attention(q.requires_grad_(), k, v).grad_fn, F.scaled_dot_product_attention(q[0].requires_grad_(), k[0], v[0]).grad_fn
""")
def test_one_head(torch):
    torch.manual_seed(0)
    return {"F": torch.nn.functional, "inf": float("inf"), "q": _noise(torch, 2, 2, 3, 4), "k": _noise(torch, 2, 2, 5, 4), "v": _noise(torch, 2, 2, 5, 3),
            "b": torch.tensor([[True, False, True, True, False], [False] * 5, [True] * 5])}


@both_worlds
def test_gradients_of_one_head(torch):
    torch.manual_seed(0)
    q, k, v, mask = (_noise(torch, *shape).requires_grad_() for shape in ((2, 3, 4), (2, 5, 4), (2, 5, 3), (3, 5)))
    hidden = mask.detach().masked_fill(mask > 0.5, float("-inf")).requires_grad_()
    for options in ({}, {"attn_mask": mask}, {"attn_mask": hidden}, {"attn_mask": mask.detach() > 1}, {"is_causal": True}):
        result = torch.nn.functional.scaled_dot_product_attention(q, k, v, **options)
        inputs = [q, k, v] + [each for each in options.values() if each is not True and each.requires_grad]
        first = torch.autograd.grad(result.pow(2).sum(), inputs, create_graph=True)
        yield [each.detach() for each in first], torch.autograd.grad(sum(each.pow(2).sum() for each in first), inputs)


# ---------------------------------------------------------------- many heads
KINDS = {"plain": {}, "batch_first": {"batch_first": True}, "no_bias": {"bias": False}, "biased_keys": {"add_bias_kv": True},
         "zero_key": {"add_zero_attn": True}, "own_sizes": {"kdim": 3, "vdim": 5, "batch_first": True, "add_bias_kv": True, "add_zero_attn": True},
         "dropout": {"dropout": 0.4}}


@pytest.mark.parametrize("kind", KINDS)
@both_worlds
def test_many_heads(torch, kind):
    torch.manual_seed(0)
    layer = torch.nn.MultiheadAttention(4, 2, **KINDS[kind], dtype=torch.float64)
    yield str(layer), layer.state_dict()
    query, key, value = _noise(torch, 3, 2, 4), _noise(torch, 5, 2, layer.kdim), _noise(torch, 5, 2, layer.vdim)
    attn_mask, padding = _noise(torch, 4, 3, 5) > 1, _noise(torch, 2, 5) > 1
    if layer.batch_first:
        query, key, value = (each.transpose(0, 1) for each in (query, key, value))
    for options in ({}, {"attn_mask": attn_mask}, {"key_padding_mask": padding, "attn_mask": attn_mask.double(), "average_attn_weights": False},
                    {"need_weights": False, "key_padding_mask": padding}):
        result, weights = layer(query, key, value, **options)
        layer.zero_grad()
        result.pow(2).sum().backward()
        yield result, weights, [each.grad for each in layer.parameters()]
    yield layer(query[0], key[0], value[0])[0].shape, torch.rand(1)


@expressions("""
m(x, x, x), m(x, x, x, need_weights=False), m(x[:, 0], x[:, 0], x[:, 0])
m(x, x, x, is_causal=True, attn_mask=T(3)), m(x, x, x, is_causal=True, attn_mask=T(3), need_weights=False)
m(x, x, x, is_causal=True)
m(x[0, 0], x, x)
m(x, x[0], x)
m(x[0], x, x)
m(x, x, x, attn_mask=torch.ones(1))
m(x, x, x, attn_mask=torch.ones(2, 2))
m(x, x, x, attn_mask=torch.ones(2, 2, 2))
m(x, x, x, attn_mask=torch.ones(3, 3).long())
m(x, x, x, key_padding_mask=torch.ones(2, 4))
m(x, x, x, key_padding_mask=torch.ones(3))
m(x[0], x[0], x[0], attn_mask=torch.ones(2, 3, 3))
m(x, x[:2], x)
m(x[..., :2], x, x)
m(x.double(), x.double(), x.double())
nn.MultiheadAttention(4, 3)
nn.MultiheadAttention(0, 3)
forward(5, 2)
forward(4, 3)
forward(4, 2, use_separate_proj_weight=True)
forward(4, 2, static_k=torch.ones(4, 7, 2), static_v=torch.ones(4, 7, 2))
forward(4, 2, static_k=torch.ones(3, 7, 2))
forward(4, 2, static_v=torch.ones(4, 7, 3))
sorted(name for name in vars(m) if not name.startswith("_")), [type(each.grad_fn) for each in m(x, x, x)]
""")
def test_calls_of_many_heads(torch):
    torch.manual_seed(0)
    m, x = torch.nn.MultiheadAttention(4, 2), torch.randn(3, 2, 4)

    def forward(size, heads, **options):
        return torch.nn.functional.multi_head_attention_forward(x, x, x, size, heads, m.in_proj_weight, m.in_proj_bias, None, None, False, 0.0,
                                                                m.out_proj.weight, m.out_proj.bias, **options)
    return {"nn": torch.nn, "T": torch.nn.Transformer.generate_square_subsequent_mask, "m": m, "x": x, "forward": forward}


# ---------------------------------------------------------------- Transformers
LAYERS = {"plain": {}, "batch_first": {"batch_first": True}, "norm_first": {"norm_first": True}, "gelu": {"activation": "gelu", "batch_first": True},
          "no_bias": {"bias": False}, "callable": {"activation": abs, "dropout": 0.0}}


@pytest.mark.parametrize("kind", LAYERS)
@both_worlds
def test_layers(torch, kind):
    torch.manual_seed(0)
    options = dict(d_model=4, nhead=2, dim_feedforward=6, dtype=torch.float64, **LAYERS[kind])
    encoder, decoder = torch.nn.TransformerEncoderLayer(**options), torch.nn.TransformerDecoderLayer(**options)
    yield str(encoder), str(decoder), list(decoder.state_dict()), encoder.activation_relu_or_gelu
    source = _noise(torch, 3, 3, 4)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
    padding = torch.tensor([[False, False, True]] * 3)
    for layer in (encoder, encoder.eval()):
        result = layer(source, mask, padding.double() * -1e9)
        layer.zero_grad()
        result.pow(2).sum().backward()
        yield result, [each.grad for each in layer.parameters()]
    with torch.no_grad():
        yield encoder(source), encoder(source, mask), encoder(source, src_key_padding_mask=padding), encoder(source, mask * 0 + 0.5)
    result = decoder(source, result.detach(), tgt_mask=mask, memory_key_padding_mask=padding)
    result.pow(2).sum().backward()
    yield result, [each.grad for each in decoder.parameters()], torch.rand(1)


@pytest.mark.parametrize("kind", ["plain", "batch_first", "norm_first", "no_bias"])
@both_worlds
def test_transformer(torch, kind):
    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = torch.nn.Transformer(4, 2, 2, 1, 6, dtype=torch.float64, **LAYERS[kind])
    yield str(model), [str(each.message) for each in caught]
    source, target = (_noise(torch, 3, size, 4) for size in (2, 5)) if model.batch_first else (_noise(torch, size, 3, 4) for size in (2, 5))
    mask = model.generate_square_subsequent_mask(5, dtype=torch.float64)
    result = model(source, target, tgt_mask=mask)
    result.pow(2).sum().backward()
    yield result, [each.grad for each in model.parameters()]
    padding = torch.tensor([[False, True]] * 3)
    model.eval()
    yield model(source, target, tgt_mask=mask, src_key_padding_mask=padding), model(source, target, tgt_mask=mask < 0, tgt_is_causal=True)
    with torch.no_grad():
        yield model(source, target, tgt_mask=mask, src_key_padding_mask=padding)
        for each in (torch.tensor([[False, False]] * 3), torch.tensor([[True, False]] * 3)):
            yield model.encoder(source, src_key_padding_mask=each)
    yield copy.deepcopy(model)(source, target), refusal(model, source[:1], target[:, :1]), refusal(model, source[..., :1], target)
    yield refusal(model, source, target, None, None, None, None, None, None, None, True)


@expressions("""
T(3), T(0), T(2, dtype=torch.float64), T(3, dtype=torch.bool)
nn.TransformerEncoderLayer(4, 2, activation="tanh")
nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2, nn.LayerNorm(4)).use_nested_tensor
nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2).use_nested_tensor
nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 3, 8, batch_first=True), 2)
nn.TransformerEncoder(nn.TransformerDecoderLayer(6, 3, 8), 2, enable_nested_tensor=False)
nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2)(torch.ones(3, 2, 4), mask=torch.ones(3, 3).long())
""")
def test_masks_and_stacks(torch):
    return {"nn": torch.nn, "T": torch.nn.Transformer.generate_square_subsequent_mask}


# ---------------------------------------------------------------- random masks
@settings(max_examples=8)
@given(st.data())
def test_random_masks(referee, request, data):
    """Whatever masks and flags are given, both worlds agree on the values and the gradients."""
    booleans = st.lists(st.booleans(), min_size=9, max_size=9)
    attn, padding = data.draw(booleans), data.draw(booleans)[:6]
    flags = {name: data.draw(st.booleans()) for name in ("need_weights", "average_attn_weights")}

    def program(torch):
        torch.manual_seed(0)
        layer, x = torch.nn.MultiheadAttention(4, 2, dtype=torch.float64), _noise(torch, 3, 2, 4)
        attn_mask, padding_mask = torch.tensor(attn).view(3, 3), torch.tensor(padding).view(2, 3)
        attn_mask[:, 0], padding_mask[:, 0] = False, False          # each query keeps a key
        result, weights = layer(x, x, x, attn_mask=attn_mask, key_padding_mask=padding_mask, **flags)
        result.pow(2).sum().backward()
        return result, weights, layer.in_proj_weight.grad
    if referee.against == "torch" and referee.recording is None:
        referee.judge("nn/test_attention.py::test_random_masks", program, source=str((attn, padding, flags)))
