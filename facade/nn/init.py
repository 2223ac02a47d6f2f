"""First values for parameters (torch.nn.init). Every function fills its tensor in place, without history, and returns it.

The fans of a weight are how many inputs each output has (fan_in) and how many outputs each input reaches (fan_out).
"""

import functools
import math

import numpy as np

from facade.autograd.grad_mode import no_grad
from facade.core import engine
from facade.core.ops import expose
from facade.core.ops.composites.sampling import randperm
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

__all__ = ["calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal", "kaiming_normal_", "kaiming_uniform",
           "kaiming_uniform_", "normal", "normal_", "ones_", "orthogonal", "orthogonal_", "sparse", "sparse_", "trunc_normal_", "uniform", "uniform_",
           "xavier_normal", "xavier_normal_", "xavier_uniform", "xavier_uniform_", "zeros_"]

_qr = expose.namespace("linalg")["qr"]


# ---------------------------------------------------------------- one value, or drawn
@no_grad()
def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Numbers drawn evenly from a to b."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Numbers drawn from the normal distribution."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Numbers drawn from the normal distribution within a and b: those that are outside are drawn again."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warn("mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.")
    low, high = ((1 + math.erf((bound - mean) / std / math.sqrt(2.0))) / 2 for bound in (a, b))
    draw = _normal_within if high - low > 0.3 else _accepted_within
    made = draw(tensor.new_empty(tensor.shape), mean, std, a, b, generator)
    return tensor.copy_(Tensor._of(engine.constant(made)))


def _normal_within(room, mean, std, a, b, generator):
    """Normal numbers, drawn again where they are out of bounds; room: a tensor to draw in."""
    def fresh():
        return np.array(room.normal_(mean, std, generator=generator).numpy_value())
    made = fresh()
    low, high = np.asarray(a, made.dtype), np.asarray(b, made.dtype)
    while (outside := (made < low) | (made > high)).any():
        made = np.where(outside, fresh(), made)
    return made


def _accepted_within(room, mean, std, a, b, generator):
    """Evenly drawn numbers, each kept with a probability in proportion to the normal density, else drawn again."""
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2

    def fresh(low, high):
        return np.array(room.uniform_(low, high, generator=generator).numpy_value())

    def refused(drawn):
        return np.log(fresh(0.0, 1.0)) > ((drawn - mean) / std) ** 2 * -0.5 - peak
    made = fresh(a, b)
    pending = refused(made)
    while pending.any():
        drawn = fresh(a, b)
        made = np.where(pending, drawn, made)
        pending &= refused(drawn)
    return made


@no_grad()
def constant_(tensor, val):
    """The same value everywhere."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor):
    """1 everywhere."""
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor):
    """0 everywhere."""
    return tensor.zero_()


# ---------------------------------------------------------------- maps that keep their input
@no_grad()
def eye_(tensor):
    """The identity matrix; tensor: (rows, columns)."""
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.zero_()
    tensor.diagonal().fill_(1)
    return tensor


@no_grad()
def dirac_(tensor, groups=1):
    """A convolution's weight that hands as many channels through as it can; tensor: (out, in / groups, ...)."""
    if tensor.ndimension() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels, *kernel = tensor.shape
    if out_channels % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    tensor.zero_()
    each = out_channels // groups
    centre = tuple(size // 2 for size in kernel)
    for group in range(groups):
        for channel in range(min(each, in_channels)):
            tensor[(group * each + channel, channel, *centre)] = 1
    return tensor


@no_grad()
def orthogonal_(tensor, gain=1, generator=None):
    """A (semi-)orthogonal matrix, times gain; the dimensions after the first count as one."""
    if tensor.ndimension() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    drawn = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    basis, triangle = _qr(drawn.t() if rows < columns else drawn)
    basis = basis * triangle.diagonal().sign()          # so that all such matrices are equally likely
    return tensor.copy_((basis.t() if rows < columns else basis).reshape(tensor.shape)).mul_(gain)


@no_grad()
def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Normal numbers, of which that share of each column is 0; tensor: (rows, columns)."""
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[randperm(rows)[:math.ceil(sparsity * rows)], column] = 0
    return tensor


# ---------------------------------------------------------------- scaled by the fans
_GAINS = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4} | dict.fromkeys(
    ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"), 1)


def calculate_gain(nonlinearity, param=None):
    """By how much to scale weights before a nonlinearity; param: the negative slope of a leaky_relu."""
    if nonlinearity in _GAINS:
        return _GAINS[nonlinearity]
    if nonlinearity != "leaky_relu":
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    if isinstance(param, bool) or not isinstance(param, (int, float, type(None))):
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))


def _calculate_fan_in_and_fan_out(tensor):
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    outputs, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def _calculate_correct_fan(tensor, mode):
    mode, modes = mode.lower(), ["fan_in", "fan_out"]
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode)]


def _xavier_std(tensor, gain):
    return gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Drawn evenly, with the variance gain^2 * 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normal, with the variance gain^2 * 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _is_empty(tensor):
    if 0 in tensor.shape:
        warn("Initializing zero-element tensors is a no-op")
    return 0 in tensor.shape


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Drawn evenly, with the variance gain^2 / fan (He et al., 2015); a: the negative slope."""
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal, with the variance gain^2 / fan (He et al., 2015); a: the negative slope."""
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# ---------------------------------------------------------------- former names
def _former(function):
    new_name = function.__name__
    old_name = new_name[:-1]

    @functools.wraps(function)
    def call(*args, **kwargs):
        warn(f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{new_name}`.", FutureWarning)
        return function(*args, **kwargs)
    call.__name__ = old_name
    return call


uniform, normal, constant, eye, dirac = map(_former, (uniform_, normal_, constant_, eye_, dirac_))
xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal = map(_former, (xavier_uniform_, xavier_normal_, kaiming_uniform_, kaiming_normal_))
orthogonal, sparse = map(_former, (orthogonal_, sparse_))
