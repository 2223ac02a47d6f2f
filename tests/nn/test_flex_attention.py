"""flex_attention and its masks."""

import importlib

from tests.worlds import both_worlds, expressions, refusal


def flex(torch):
    return importlib.import_module(f"{torch.__name__}.nn.attention.flex_attention")


def causal(b, h, q, k):
    return q >= k


@expressions("""
    flex.flex_attention(q, k, v)
    flex.flex_attention(q, k, v, score_mod=lambda s, b, h, i, j: s + (i - j) * h, scale=0.5)
    flex.flex_attention(q, k, v, return_lse=True)
    flex.flex_attention(q, k[:, :1], v[:, :1], enable_gqa=True)
    flex.flex_attention(q, k, v, block_mask=block(causal, 4))
    flex.flex_attention(q, k, v, block_mask=block(flex.and_masks(causal, lambda b, h, q, k: q > 1), 4))
    flex.flex_attention(q, k, v, block_mask=block(flex.or_masks(causal, lambda b, h, q, k: k == 2), 4))
    flex.flex_attention(q, k, v[..., :3])
    flex.flex_attention(q[0], k, v)
    flex.flex_attention(q, k[:, :1], v[:, :1])
    flex.flex_attention(q, k[..., :3], v)
    flex.flex_attention(q, k, v, block_mask=block(causal, 9))
    flex.and_masks(3)
""")
def test_attention(torch):
    q, k, v = (torch.randn(1, 2, 4, 8) for _ in range(3))
    return {"flex": flex(torch), "q": q, "k": k, "v": v, "causal": causal,
            "block": lambda mask, size: flex(torch).create_block_mask(mask, None, None, size, size, device="cpu", BLOCK_SIZE=4)}


@both_worlds
def test_masks(torch):
    made = flex(torch).create_block_mask(causal, None, None, 300, 300, device="cpu")
    yield repr(made), str(made), made.sparsity(), made.numel(), made.to_dense(), made.kv_indices, made.full_kv_num_blocks
    yield made.q_num_blocks, made.q_indices
    small = flex(torch).create_block_mask(causal, 2, 2, 8, 8, device="cpu", BLOCK_SIZE=4)
    yield str(small), repr(small[0]), flex(torch).create_mask(causal, 1, 2, 3, 3, device="cpu"), refusal(lambda: small[0].mask_mod(0, 0, 0, 0))
