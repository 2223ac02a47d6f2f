"""Attention whose scores a function changes and whose mask a function draws (torch.nn.attention.flex_attention).

Such a function is of single places: of the batch, the head, the query and the key. Here it is called once, with the numbers of all places in
shapes that broadcast, which is the same for whatever is made of elementwise operators and of indexing; XLA compiles what comes of it.
"""

import math
from typing import NamedTuple, Optional

from facade.core import dtypes
from facade.core.ops.functions import ops
from facade.core.tensor.tensor import Tensor

__all__ = ["AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask", "flex_attention", "noop_mask", "or_masks"]

_PARTS = ("kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "q_num_blocks", "q_indices", "full_q_num_blocks", "full_q_indices")


class AuxRequest(NamedTuple):
    """What flex_attention is to return beside its result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What it returns for that: the logarithms of the sums of exponentials (batch, heads, queries), the greatest scores."""

    lse: Optional[Tensor] = None
    max_scores: Optional[Tensor] = None


def _places(*sizes):
    """The numbers of all places, for each of four dims in a shape of its own."""
    return [ops.arange(size, dtype=dtypes.int32).reshape([size if place == dim else 1 for place in range(4)]) for dim, size in enumerate(sizes)]


# ---------------------------------------------------------------- masks
def noop_mask(batch, head, token_q, token_kv):
    """The mask that lets every query see every key."""
    return batch.new_ones((), dtype=dtypes.bool)


def _combined(name, combine, masks):
    if not all(callable(each) for each in masks):
        raise RuntimeError(f"All inputs should be callable mask_mods: {masks}")

    def mask(b, h, q_idx, kv_idx):
        found = masks[0](b, h, q_idx, kv_idx)
        for each in masks[1:]:
            found = combine(found, each(b, h, q_idx, kv_idx))
        return found
    mask.__name__ = name
    return mask


def and_masks(*mask_mods):
    """The mask of what all of these masks let through."""
    return _combined("and_mask", lambda one, other: one & other, mask_mods)


def or_masks(*mask_mods):
    """The mask of what any of these masks lets through."""
    return _combined("or_mask", lambda one, other: one | other, mask_mods)


def create_mask(mod_fn, B, H, Q_LEN, KV_LEN, device=None):
    """The mask of a function of places as a tensor of bools (B, H, Q_LEN, KV_LEN); None for B or H is one for all."""
    shape = B or 1, H or 1, Q_LEN, KV_LEN
    return mod_fn(*_places(*shape)).expand(shape)


def _listed(blocks):
    """(how many blocks of each row there are, their numbers, first those and then the others)."""
    numbers = blocks.to(dtypes.int32)
    return numbers.sum(-1).to(dtypes.int32), numbers.argsort(descending=True, stable=True).to(dtypes.int32)


class BlockMask:
    """A mask, and which blocks of queries and keys have anything in it (torch.nn.attention.flex_attention.BlockMask).

    seq_lengths: of queries and keys; BLOCK_SIZE: of a block, the same; mask_mod: the function of places. kv_num_blocks (B, H, rows) and
    kv_indices (B, H, rows, columns) list for each row of blocks those that are neither empty nor full, full_kv_... those that are full;
    q_... the same by column.
    """

    def __init__(self, partial, full, seq_lengths, BLOCK_SIZE, mask_mod):
        self._partial, self._full = partial, full
        self.seq_lengths, self.BLOCK_SIZE, self.mask_mod = seq_lengths, BLOCK_SIZE, mask_mod
        self.kv_num_blocks, self.kv_indices = _listed(partial)
        self.full_kv_num_blocks, self.full_kv_indices = _listed(full)
        self.q_num_blocks, self.q_indices = _listed(partial.transpose(-1, -2))
        self.full_q_num_blocks, self.full_q_indices = _listed(full.transpose(-1, -2))

    @property
    def shape(self):
        """(batch, heads, queries, keys)."""
        return (*self._partial.shape[:2], *self.seq_lengths)

    def numel(self):
        """How many pairs of a query and a key there are."""
        return math.prod(self.shape)

    def sparsity(self):
        """The share of pairs, in percent, in blocks that nothing is computed for."""
        return 100 * (1 - int(self.to_dense().sum()) * math.prod(self.BLOCK_SIZE) / self.numel())

    def to_dense(self):
        """1 for each block that is not empty: (batch, heads, rows, columns)."""
        return (self._partial | self._full).to(dtypes.int32)

    def to(self, device):
        """The same: a program runs on one device."""
        return self

    def as_tuple(self, flatten=True):
        """What it holds."""
        ends = self.seq_lengths, self.BLOCK_SIZE
        first, last = (*ends[0],) if flatten else (ends[0],), (*ends[1],) if flatten else (ends[1],)
        return (*first, *(getattr(self, name) for name in _PARTS), *last, self.mask_mod)

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        kept = tuple(slice(each, each + 1) if isinstance(each, int) and each >= 0 else each for each in index)
        return BlockMask(self._partial[kept], self._full[kept], self.seq_lengths, self.BLOCK_SIZE, _sliced_mask_mod_error)

    def to_string(self, grid_size=(20, 20), limit=4):
        """A picture of the blocks for each batch and head."""
        numbers = self.to_dense().numpy()
        pictures = []
        for batch in range(numbers.shape[0]):
            for head in range(numbers.shape[1]):
                rows = ["".join("\u2588\u2588" if each else "  " for each in row) for row in numbers[batch, head]]
                pictures.append(f"({batch}, {head})\n" + "\n".join(rows))
        return "\n\n".join(pictures[:limit] + ["..."] * (len(pictures) > limit))

    def __str__(self):
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n{self.to_string()}\n)"

    def __repr__(self):
        parts = [f"    {name}={getattr(self, name).shape}," for name in _PARTS]
        ends = [f"    BLOCK_SIZE={self.BLOCK_SIZE},", f"    shape={self.shape},", f"    sparsity={self.sparsity():.2f}%,",
                f"    mask_mod={getattr(self.mask_mod, '__name__', self.mask_mod)}"]
        return "\n".join(["BlockMask(", *parts, *ends, ")"])


def _sliced_mask_mod_error(batch, head, token_q, token_kv):
    raise RuntimeError("Cannot use mask_mod from a sliced BlockMask. When you slice a BlockMask using [], the mask_mod attribute is reset. You must "
                       "set it from the original BlockMask's mask_mod.\n\nIncorrect usage:\n  base_mask = create_block_mask(my_mask_fn, ...)\n"
                       "  sliced_mask = base_mask[:, :, block_idx]\n  sliced_mask.mask_mod = apply_offset(sliced_mask.mask_mod, offset)  # WRONG!\n\n"
                       "Correct usage:\n  base_mask = create_block_mask(my_mask_fn, ...)\n  sliced_mask = base_mask[:, :, block_idx]\n"
                       "  sliced_mask.mask_mod = apply_offset(base_mask.mask_mod, offset)  # Use base_mask!")


def create_block_mask(mask_mod, B, H, Q_LEN, KV_LEN, device=None, BLOCK_SIZE=128, _compile=False, separate_full_blocks=True,
                      compute_dq_write_order=False, dq_kv_order=True):
    """The BlockMask of a function of places, for B batches and H heads (None: one for all), in blocks of BLOCK_SIZE or (queries, keys)."""
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else tuple(BLOCK_SIZE)
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN)
    rows, columns = -(-Q_LEN // size[0]), -(-KV_LEN // size[1])
    whole = mask.new_zeros((*mask.shape[:2], rows * size[0], columns * size[1]))
    whole[..., :Q_LEN, :KV_LEN] = mask
    counts = whole.reshape(*mask.shape[:2], rows, size[0], columns, size[1]).sum((3, 5))
    full = counts == size[0] * size[1]
    return BlockMask((counts > 0) & ~full, full, (Q_LEN, KV_LEN), size, mask_mod)


# ---------------------------------------------------------------- attention
def _check(query, key, value, enable_gqa, block_mask):
    if not query.ndim == key.ndim == value.ndim == 4:
        raise NotImplementedError("NYI: query, key, and value must be 4D tensors")
    if query.shape[1] != key.shape[1] and not enable_gqa:
        raise ValueError(f"Expect query and key/value to have the same number of heads but got Hq={query.shape[1]} and Hkv={key.shape[1]}. "
                         "Try setting enable_gqa=True for GQA.")
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(f"Expect query and key/value to have the same embedding dimension but got E={query.shape[-1]} and E={key.shape[-1]}.")
    lengths = query.shape[2], key.shape[2]
    if block_mask is not None and any(made < wanted for made, wanted in zip(block_mask.seq_lengths, lengths)):
        raise ValueError(f"block_mask was created for block_mask.shape={block_mask.shape} but got q_len={lengths[0]} and kv_len={lengths[1]}. "
                         "Please create a new block mask with the correct length")
    if block_mask is not None and block_mask.seq_lengths != lengths:
        raise ValueError(f"block_mask was created for block_mask.shape={block_mask.shape} but got q_len={lengths[0]} and kv_len={lengths[1]}. "
                         "As the block mask was created for a larger length than you're using it for, you can either 1. create a new block mask with "
                         "the correct length, or 2. 'adjust' the existing block mask to the correct length by calling block_mask._adjust(q_len, kv_len). "
                         "This essentially 'crops' the block mask to the upper left corner, which does not work for all mask_mods!")


def flex_attention(query, key, value, score_mod=None, block_mask=None, scale=None, enable_gqa=False, return_lse=False, kernel_options=None, *,
                   return_aux=None):
    """softmax(score_mod(query @ key^T * scale)) @ value, only where the mask lets through; zeros for a query that sees no key.

    query: (batch, heads, queries, width), key, value: (batch, heads, keys, width), fewer heads with enable_gqa. score_mod(score, b, h, q, k): another
    score; scale: 1 / sqrt(width) by default. return_lse, or an AuxRequest as return_aux: also the logarithms of the sums of exponentials.
    kernel_options: accepted, XLA has its own kernels. PyTorch has no derivative of it on the CPU; here it has one.
    """
    _check(query, key, value, enable_gqa, block_mask)
    if return_aux is not None and return_aux.max_scores:
        raise NotImplementedError("Returning max scores is not supported on CPU/MPS.")
    if query.shape[1] != key.shape[1]:
        key, value = (each.repeat_interleave(query.shape[1] // key.shape[1], 1) for each in (key, value))
    scores = (query @ key.transpose(-1, -2)) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    places = _places(*scores.shape)
    if score_mod is not None:
        scores = score_mod(scores, *places).expand(scores.shape)
    if block_mask is not None:
        scores = scores.masked_fill(~block_mask.mask_mod(*places), -math.inf)
    lse = scores.logsumexp(-1)
    empty = (lse == -math.inf).unsqueeze(-1)
    weights = scores.masked_fill(empty, 0).softmax(-1).masked_fill(empty, 0)
    result = (weights.to(value.dtype) @ value).to(query.dtype)
    if return_aux is not None:
        return result, AuxOutput(lse if return_aux.lse else None)
    return (result, lse) if return_lse else result
