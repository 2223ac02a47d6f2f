"""Activations of nn.functional: the ones with an `inplace` flag, and the softmaxes that choose their dim."""

from facade.core import dtypes
from facade.core.ops.binding import make_function
from facade.core.ops.composites import composite
from facade.core.ops.rows import activation as rows
from facade.core.warn import warn


def _flagged(row):
    """run(inplace, *arguments) -> the row's function or its in-place twin."""
    made, written = make_function(row.name, [row]), make_function(row.name + "_", [row], inplace=True)
    return lambda inplace, *arguments: (written if inplace else made)(*arguments)


_relu, _leaky_relu, _hardtanh, _hardsigmoid, _hardswish = map(_flagged, (
    rows.RELU, rows.LEAKY_RELU, rows.HARDTANH, rows.HARDSIGMOID, rows.HARDSWISH))
_elu, _selu, _celu, _silu, _mish, _threshold = map(_flagged, (rows.ELU, rows.SELU, rows.CELU, rows.SILU, rows.MISH, rows.THRESHOLD))


# ---------------------------------------------------------------- with an inplace flag
@composite(at="nn.functional")
def relu(input, inplace=False):
    """Simply `max(input, 0)`"""
    return _relu(inplace, input)


@composite(at="nn.functional")
def relu6(input, inplace=False):
    """Simply `min(max(input, 0), 6)`"""
    return _hardtanh(inplace, input, 0, 6)


@composite(at="nn.functional")
def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, negative_slope * input elsewhere"""
    return _leaky_relu(inplace, input, negative_slope)


@composite(at="nn.functional")
def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input between min_val and max_val, the nearer of the two outside"""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input.dtype is dtypes.uint8 and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return _hardtanh(inplace, input, min_val, max_val)


@composite(at="nn.functional")
def hardsigmoid(input, inplace=False):
    """(input + 3) / 6 between -3 and 3, 0 below and 1 above"""
    return _hardsigmoid(inplace, input)


@composite(at="nn.functional")
def hardswish(input, inplace=False):
    """input * hardsigmoid(input)"""
    return _hardswish(inplace, input)


@composite(at="nn.functional")
def threshold(input, threshold, value, inplace=False):
    """input where it is above threshold, value elsewhere"""
    return _threshold(inplace, input, threshold, value)


@composite(at="nn.functional")
def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, alpha * (exp(input) - 1) elsewhere"""
    return _elu(inplace, input, alpha)


@composite(at="nn.functional")
def selu(input, inplace=False):
    """elu with the constants that keep mean 0 and variance 1 through the layers"""
    return _selu(inplace, input)


@composite(at="nn.functional")
def celu(input, alpha=1.0, inplace=False):
    """input where it is positive, alpha * (exp(input / alpha) - 1) elsewhere"""
    return _celu(inplace, input, alpha)


@composite(at="nn.functional")
def silu(input, inplace=False):
    """input * sigmoid(input)"""
    return _silu(inplace, input)


@composite(at="nn.functional")
def mish(input, inplace=False):
    """input * tanh(softplus(input))"""
    return _mish(inplace, input)


# ---------------------------------------------------------------- of others
@composite(at="nn.functional")
def softsign(input):
    """input / (1 + |input|)"""
    return input / (input.abs() + 1)


@composite(at="nn.functional")
def tanhshrink(input):
    """input - tanh(input)"""
    return input - input.tanh()


def _usual_dim(name, rank):
    """The dim that older programs meant by leaving it out: the last of one or two dims, the first of three."""
    warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.")
    return 0 if rank in (0, 1, 3) else 1


@composite(at="nn.functional")
def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input), divided by its sum along dim"""
    return input.softmax(_usual_dim("softmax", input.ndim) if dim is None else dim, dtype=dtype)


@composite(at="nn.functional")
def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """The softmax of -input"""
    return (-input).softmax(_usual_dim("softmin", input.ndim) if dim is None else dim, dtype=dtype)


@composite(at="nn.functional")
def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax, computed without it"""
    return input.log_softmax(_usual_dim("log_softmax", input.ndim) if dim is None else dim, dtype=dtype)
