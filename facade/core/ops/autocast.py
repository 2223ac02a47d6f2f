"""Automatic mixed precision: which dtype operators compute in while autocast is on.

While a thread has it on, the rows on the lists below have a guard that hands back their inputs converted; otherwise nothing is asked.
The lists are PyTorch's for the CPU, found by trying every operator, and its documented ones for GPUs. float64 is left alone, and so is
a write in place. A weight that is converted twice is converted once: the compiler sees that both are the same.
"""

import threading
from dataclasses import replace

from facade.core import dtypes
from facade.core.ops.composites import COMPOSITES
from facade.core.ops.composites.conversion import to
from facade.core.ops.table import TABLE
from facade.core.tensor.tensor import Tensor

DEFAULTS = {"cpu": dtypes.bfloat16, "cuda": dtypes.float16, "tpu": dtypes.bfloat16}
PRODUCTS = """addbmm addmm baddbmm bmm chain_matmul convolution corrcoef cov einsum linear matmul matmul_dot matmul_mv matrix_power mm multi_dot
    prelu scaled_dot_product_attention
    attention tensordot""".split()
TRANSFORMS = "fft fft2 fftn hfft ifft ifft2 ifftn ihfft irfft irfft2 irfftn rfft rfft2 rfftn".split()
LOWER = {"cpu": {*PRODUCTS, "lstm", "vecdot"}, "cuda": {*PRODUCTS, "addmv", "addr", "mv"}}
SINGLE = {
    "cpu": {*TRANSFORMS, *"""adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d binary_cross_entropy binary_cross_entropy_with_logits cdist cholesky cholesky_ex
        cond cosine_embedding_loss cross_entropy ctc_loss fractional_max_pool2d fractional_max_pool3d grid_sampler_2d grid_sampler_3d
        hinge_embedding_loss householder_product huber_loss kl_div l1_loss margin_ranking_loss max_pool3d max_unpool1d max_unpool2d max_unpool3d
        mse_loss multi_margin_loss multilabel_margin_loss nanquantile nll_loss poisson_nll_loss polar prod quantile smooth_l1_loss
        soft_margin_loss stft svdvals tensorsolve trace triplet_margin_loss view_as_complex""".split()},
    "cuda": set("""acos asin binary_cross_entropy_with_logits cdist cosh cosine_embedding_loss cosine_similarity cumprod cumsum dist erfinv exp expm1
        group_norm hinge_embedding_loss kl_div l1_loss layer_norm log log10 log1p log2 log_softmax margin_ranking_loss mse_loss multi_margin_loss
        multilabel_margin_loss nll_loss norm nuclear_norm pdist poisson_nll_loss pow prod reciprocal renorm rsqrt sinh smooth_l1_loss
        soft_margin_loss softmax softplus sum tan triplet_margin_loss""".split()),
}
for _lists in (LOWER, SINGLE):
    _lists["tpu"] = _lists["cuda"]
# What reads its input's values or shapes in Python before a row sees them, or is made of rows that are not on the list.
COMPOSED = {*TRANSFORMS, "cond", "cholesky", "cross_entropy", "kl_div", "l1_loss", "lstm", "multi_dot", "nanquantile", "quantile", "stft", "tensorsolve", "view_as_complex"}


class _State(threading.local):
    """on: the devices that this thread has autocast on for; dtypes: what to compute in; cache: a flag that is kept; depth: of contexts."""

    def __init__(self):
        self.on, self.dtypes, self.cache, self.depth = frozenset(), dict(DEFAULTS), True, 0


state = _State()
_lock, _users = threading.Lock(), [0]       # how many (thread, device) pairs have autocast on
_bare = {}                                  # row -> the guard it has without autocast


def set_enabled(device, enabled):
    """Turn autocast on or off for a kind of device, in this thread."""
    changed = state.on | {device} if enabled else state.on - {device}
    with _lock:
        _users[0] += len(changed) - len(state.on)
        state.on = changed
        if _users[0] and not _bare:
            _install()
        elif not _users[0]:
            _remove()


def _install():
    listed = set().union(*LOWER.values(), *SINGLE.values())
    for row in TABLE:
        if row.name in listed and not row.view:
            _bare[row] = row.guard
            row.guard = _casting(row.name, row.guard)


def _remove():
    while _bare:
        row, guard = _bare.popitem()
        row.guard = guard


def wanted(name):
    """The dtype that the operator of this name computes in now, or None where it takes what it is given."""
    for device in state.on:
        if name in LOWER[device]:
            return state.dtypes[device]
        if name in SINGLE[device]:
            return dtypes.float32
    return None


def converted(value, dtype):
    """A floating-point tensor in this dtype; anything else, and float64, as it is. Lists are looked into."""
    if isinstance(value, (list, tuple)):
        return type(value)(converted(each, dtype) for each in value) if type(value) in (list, tuple) else value
    eligible = isinstance(value, Tensor) and value.dtype.is_floating_point and value.dtype not in (dtypes.float64, dtype)
    return to(value, dtype) if eligible else value


def _casting(name, guard):
    """The guard, and then the inputs converted."""
    def run(statics, inputs):
        if guard is not None:
            guard(statics, inputs)
        dtype = wanted(name)
        return None if dtype is None else converted(tuple(inputs), dtype)
    return run


def _composed(name, function):
    """A composite that is on the lists itself, whatever it is made of."""
    def run(*args, **names):
        dtype = wanted(name) if state.on else None
        if dtype is None:
            return function(*args, **names)
        return function(*converted(args, dtype), **{key: converted(value, dtype) for key, value in names.items()})
    run.__wrapped__, run.__name__, run.__qualname__, run.__doc__ = function, function.__name__, function.__qualname__, function.__doc__
    return run


for _place, _each in enumerate(COMPOSITES):
    if _each.name in COMPOSED:
        COMPOSITES[_place] = replace(_each, function=_composed(_each.name, _each.function))
