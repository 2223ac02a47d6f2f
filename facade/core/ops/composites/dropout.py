"""Dropout and its kin: the mask is drawn on the host from PyTorch's stream, and enters the program as a value.

So a training step compiles once, whatever was drawn, and the probability is a number like any other. A mask is a bool for
each element; the scale that makes up for what is dropped is applied inside the program.
"""

import math

import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.ops.composites import composite
from facade.core.ops.creation import full
from facade.core.ops.dispatch import apply, apply_inplace
from facade.core.ops.explaining import check_flag
from facade.core.ops.rows import dropout as rows
from facade.core.ops.table import ARRAY
from facade.core.random import streams
from facade.core.random.generator import default_generator
from facade.core.shapes import kept_strides
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

SELU_ALPHA = 1.7580993408473766      # scale * alpha of selu: what its negative side tends to


# ---------------------------------------------------------------- the mask
def _check_probability(p, error):
    if not 0 <= p <= 1:
        raise error(f"dropout probability has to be between 0 and 1, but got {p:g}" if error is RuntimeError else
                    f"dropout probability has to be between 0 and 1, but got {p}")


def _check_dtype(dtype):
    """torch draws the mask in the input's own dtype, and cannot in these."""
    if dtype.is_complex:
        raise NotImplementedError(f"\"bernoulli_scalar_cpu_\" not implemented for '{dtype.legacy}'")
    if not dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {dtype.legacy}")


def _drawn(input, keep):
    """A bool for each element, set with probability keep, drawn in the order of memory."""
    shape = input._value.spec.shape
    strides = None if input._geometry is None else kept_strides(shape, [(shape, input.strides)])
    order = range(len(shape)) if strides is None else sorted(range(len(shape)), key=lambda dim: -strides[dim])
    mask = _bernoulli(tuple(shape[dim] for dim in order), keep)
    made = Tensor._of(constant(mask if strides is None else np.ascontiguousarray(mask.transpose(np.argsort(order)))))
    if strides is not None:
        made._geometry = strides, 0
    return made


def _drawn_by_feature(input, keep):
    """A bool for each channel of each sample."""
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return Tensor._of(constant(_bernoulli((*input.shape[:2], *[1] * (input.ndim - 2)), keep)))


def _bernoulli(shape, keep):
    return np.asarray(streams.bernoulli(default_generator.engine, shape, keep, dtype=np.dtype(bool)))


def _number(dtype):
    """The numbers that torch computes the mask's scale in."""
    return np.float64 if dtype is dtypes.float64 else np.float32


# ---------------------------------------------------------------- what is done with it
def _dropped(input, p, draw, run):
    """Elements are zero with probability p, the others grow to make up for it."""
    _check_dtype(input.dtype)
    number = _number(input.dtype)
    return run(rows.MASK, (ARRAY, ARRAY, ARRAY), (input, draw(input, 1 - p), float(number(1) / number(1 - p))))


def _alpha_dropped(input, p, draw, run):
    """Elements take selu's lowest value with probability p; then mean and variance are brought back to what they were."""
    _check_dtype(dtypes.int64 if input.dtype is dtypes.bool else input.dtype)
    slope = 1 / math.sqrt((SELU_ALPHA * SELU_ALPHA * p + 1) * (1 - p))
    number = _number(input.dtype)
    kept, change = number(SELU_ALPHA * slope * p), number(SELU_ALPHA * slope)
    mask = draw(input, 1 - p)
    scaled = run(rows.MASK, (ARRAY, ARRAY, ARRAY), (input, mask, slope))
    return run(rows.SHIFT, (ARRAY,) * 4, (scaled, mask, float(kept), float(kept - change)))


def _zeroed(input, run):
    return input.mul_(full((), 0.0, dtype=input.dtype)) if run is apply_inplace else input * full((), 0, dtype=input.dtype)


def _dropout(input, p, train, change, draw, inplace=False, error=RuntimeError):
    _check_probability(p, error)
    if p == 0 or train is False or not input.numel():
        return input
    run = apply_inplace if inplace else apply
    return _zeroed(input, run) if p == 1 else change(input, p, draw, run)


def dropout_by(input, p, draw):
    """Dropout in training, with the mask that `draw(input, probability to keep)` gives."""
    return _dropout(input, p, True, _dropped, draw)


def dropout_and_mask(input, p, train):
    """Dropout, and which elements it kept; in training the mask is drawn whatever p is."""
    if train is False or not input.numel():
        return input.clone(), full(input.shape, True, dtype=dtypes.bool)
    _check_probability(p, RuntimeError)
    mask = _drawn(input, 1 - p)
    return _zeroed(input, apply) if p == 1 else _dropped(input, p, lambda *_: mask, apply), mask


def _family(name, change, draw, doc):
    """torch.name and torch.name_, and what the functions of nn.functional call."""
    def made(input, p, train):
        return _dropout(input, p, train, change, draw)

    def written(input, p, train):
        return _dropout(input, p, train, change, draw, inplace=True)

    def flagged(input, p, training, inplace):
        check_flag(name, "train", 3, training)
        return _dropout(input, p, training, change, draw, inplace, ValueError)
    made.__doc__, written.__doc__ = doc, doc + ", in place"
    for each, suffix in ((made, ""), (written, "_")):
        each.__name__ = each.__qualname__ = name + suffix
        composite(at="torch")(each)
    return flagged


_plain = _family("dropout", _dropped, _drawn, "Elements are zero with probability p while training, the others divided by 1 - p")
_by_feature = _family("feature_dropout", _dropped, _drawn_by_feature, "Whole channels are zero with probability p while training")
_alpha = _family("alpha_dropout", _alpha_dropped, _drawn, "Dropout that keeps mean and variance, for networks of selu")
_alpha_by_feature = _family("feature_alpha_dropout", _alpha_dropped, _drawn_by_feature, "alpha_dropout of whole channels")


# ---------------------------------------------------------------- nn.functional
@composite(at="nn.functional")
def dropout(input, p=0.5, training=True, inplace=False):
    """Elements are zero with probability p while training, the others divided by 1 - p"""
    return _plain(input, p, training, inplace)


@composite(at="nn.functional")
def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps mean and variance, for networks of selu"""
    return _alpha(input, p, training, inplace)


@composite(at="nn.functional")
def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """alpha_dropout of whole channels"""
    return _alpha_by_feature(input, p, training, inplace)


def _purpose(name, spatial):
    return (f"Note that {name} exists to provide channel-wise dropout on inputs with {spatial} spatial dimension{'s' * (spatial > 1)}, "
            f"a channel dimension, and an optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).")


def _warn_of_rank(name, rank, spatial):
    if rank not in (spatial + 1, spatial + 2):
        warn(f"{name}: Received a {rank}-D input to {name}, which is deprecated and will result in an error in a future release. "
             f"To retain the behavior and silence this warning, please use dropout instead. {_purpose(name, spatial)}")


def _one_sample(input, p, training, inplace, is_sample):
    """Channel-wise dropout; a single sample gets a batch of its own and loses it again."""
    if not is_sample:
        return _by_feature(input, p, training, inplace)
    batch = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    result = _by_feature(batch, p, training, inplace)
    return result.squeeze_(0) if inplace else result.squeeze(0)


@composite(at="nn.functional")
def dropout1d(input, p=0.5, training=True, inplace=False):
    """Whole channels of (N, C, L) or (C, L) are zero with probability p"""
    _check_probability(p, ValueError)
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. {_purpose('dropout1d', 1)}")
    return _one_sample(input, p, training, inplace, input.ndim == 2)


@composite(at="nn.functional")
def dropout2d(input, p=0.5, training=True, inplace=False):
    """Whole channels of (N, C, H, W) are zero with probability p"""
    _check_probability(p, ValueError)
    _warn_of_rank("dropout2d", input.ndim, 2)
    if input.ndim == 3:
        warn("dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input is "
             "interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to interpret the "
             "input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise dropout behavior, please "
             "switch to using dropout1d instead.")
    return _by_feature(input, p, training, inplace)


@composite(at="nn.functional")
def dropout3d(input, p=0.5, training=True, inplace=False):
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) are zero with probability p"""
    _check_probability(p, ValueError)
    _warn_of_rank("dropout3d", input.ndim, 3)
    return _one_sample(input, p, training, inplace, input.ndim != 5)


# ---------------------------------------------------------------- random slopes and choices
def _rrelu(input, lower, upper, training, generator=None, inplace=False):
    check_flag("rrelu", "training", 4, training)
    for bound, value in (("lower", lower), ("upper", upper)):
        if not math.isfinite(value):
            raise RuntimeError(f"rrelu: {bound} bound must be finite, got {value:g}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    run = apply_inplace if inplace else apply
    if not training:
        return run(rows.RRELU_MEAN, (ARRAY, ARRAY), (input, (lower + upper) / 2))
    if not input.dtype.is_floating_point or input.dtype is dtypes.float16:
        raise NotImplementedError(f"\"rrelu_with_noise_out_cpu\" not implemented for '{input.dtype.legacy}'")
    noise = streams.rrelu_noise((generator or default_generator).engine, input.numpy_value(), lower, upper)
    return run(rows.RRELU_WRITTEN if inplace else rows.RRELU, (ARRAY, ARRAY), (input, Tensor._of(constant(noise))))


@composite(at="torch", name="rrelu")
def _torch_rrelu(input, lower=0.125, upper=1 / 3, training=False, generator=None):
    """input where it is positive, elsewhere times a slope drawn between lower and upper, or their mean when not training"""
    return _rrelu(input, lower, upper, training, generator)


@composite(at="torch nn.functional")
def rrelu_(input, lower=0.125, upper=1 / 3, training=False, generator=None):
    """rrelu in place"""
    return _rrelu(input, lower, upper, training, generator, inplace=True)


@composite(at="nn.functional")
def rrelu(input, lower=0.125, upper=1 / 3, training=False, inplace=False):
    """input where it is positive, elsewhere times a slope drawn between lower and upper, or their mean when not training"""
    return _rrelu(input, lower, upper, training, inplace=inplace)


@composite(at="nn.functional")
def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample of the categories as a softmax of noisy logits; hard: one-hot, with the gradient of the soft one"""
    if eps != 1e-10:
        warn("`eps` parameter is deprecated and has no effect.")
    if not logits.dtype.is_floating_point:
        raise RuntimeError("Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
                           f"specified {logits.dtype.legacy}")
    noise = streams.gumbel(default_generator.engine, logits._value.spec.shape, dtype=logits._value.spec.dtype)
    soft = ((logits + Tensor._of(constant(noise))) / tau).softmax(dim)
    if not hard:
        return soft
    chosen = soft.max(dim, keepdim=True)[1]
    return logits.new_zeros(logits.shape).scatter_(dim, chosen, 1.0) - soft.detach() + soft
