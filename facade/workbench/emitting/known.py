"""Operators that JAX has a function of its own for, or `idioms` one: a person would write `jax.nn.relu(x)`, not what it is made of.

Each is handed to JAX under a mark, which then stands in the jaxpr as the name of a `jit`; so is every other operator, under its own name.
A convolution is JAX's convolution, whatever the kernel makes of it for speed. A row says under which conditions the function is the
operator's kernel, derivative at the kinks included, as `check()` confirms for every program.
"""

import inspect
import math

import jax
import jax.numpy as jnp
from jax import lax

from facade.core.engine.stats import operator_name
from facade.workbench.emitting import idioms

MARK = "facade: "       # before the operator's name, in the name of a jit
MARKED = {}         # the name of a jit -> (the function's name, options)
IDIOMS = dict(inspect.getmembers(idioms, inspect.isfunction))


def marked(call, name, operands):
    """A pure function under a mark that tells the operator's name and those of its operands."""
    def called(*arrays):
        return call(*arrays)
    called.__name__ = called.__qualname__ = f"{MARK}{name} {' '.join(operands)}".rstrip()
    return jax.jit(called)


def _named(name, function, **options):
    """A function under its own name and these options."""
    mark = f"{name}({', '.join(f'{key}={value}' for key, value in options.items())})"
    MARKED[mark] = name, options

    def called(*arrays):
        return function(*arrays, **options)
    called.__name__ = called.__qualname__ = mark
    return jax.jit(called)


def _listed(function):
    """A function whose result, or results, are a list."""
    def called(*arrays):
        made = function(*arrays)
        return list(made) if isinstance(made, tuple) else [made]
    return called


def _nn(name, **options):
    return _listed(_named(f"jax.nn.{name}", getattr(jax.nn, name), **options))


def _idiom(name, **options):
    return _listed(_named(name, IDIOMS[name], **options))


def is_idiom(name):
    """Whether this is the name of a jit that is a function of `idioms`."""
    return MARKED.get(name, ("",))[0] in IDIOMS


def source_of(name):
    """The lines of an idiom."""
    return inspect.getsource(IDIOMS[name]).rstrip().split("\n")


# ---------------------------------------------------------------- functions of jax.nn
def _pointwise(name):
    return lambda kernel, numbers: _nn(name)


def _along(name):
    def rule(kernel, numbers):
        _, dim, dtype = kernel.statics
        return _nn(name, axis=dim) if dtype is None and kernel.specs[0].shape else None
    return rule


def _gelu(kernel, numbers):
    return _nn("gelu", approximate=kernel.statics[1] == "tanh")


# ---------------------------------------------------------------- idioms
def _given(eps):
    return {} if eps == 1e-05 else {"eps": eps}


def _layer_norm(kernel, numbers):
    _, shape, *_, eps = kernel.statics
    return _idiom("layer_norm", **_given(eps)) if len(shape) == 1 and _has(kernel, 3) else None


def _group_norm(kernel, numbers):
    return _idiom("group_norm", groups=kernel.statics[1], **_given(kernel.statics[-1])) if _has(kernel, 3) else None


def _batch_norm(kernel, numbers):
    shape = kernel.specs[0].shape
    return _idiom("batch_norm", **_given(kernel.statics[-1])) if _has(kernel, 3) and math.prod(shape) > shape[1] else None


def _dropout(kernel, numbers):
    scale = numbers.get(2, 0)
    if scale <= 1 or kernel.specs[1].dtype != "bool":
        return None
    return _idiom("dropout", rate=float(f"{1 - 1 / scale:.6g}"))


def _nll_loss(kernel, numbers):
    *_, reduction, ignored = kernel.statics
    if reduction != 1 or kernel.specs[2] is not None or len(kernel.specs[0].shape) < 2:
        return None
    return _idiom("nll_loss", **({} if ignored == -100 else {"ignored": ignored}))


def _sigmoid_cross_entropy(kernel, numbers):
    if kernel.specs[2] is not None or kernel.specs[0].shape != kernel.specs[1].shape:
        return None
    made, reduce = _idiom("sigmoid_cross_entropy"), (lambda array: array, jnp.mean, jnp.sum)[kernel.statics[-1]]
    return lambda *arrays: [reduce(made(*arrays)[0])]


def _attention(kernel, numbers):
    *_, is_causal, scale = kernel.statics
    return _idiom("attention", **({"is_causal": True} if is_causal else {})) if kernel.specs[3] is None and scale is None else None


def _upsample_bilinear(kernel, numbers):
    _, size, _, keeps_corners = kernel.statics
    return _idiom("upsample_bilinear", size=tuple(size)) if keeps_corners and min(kernel.specs[0].shape[2:]) > 1 else None


def _recurrent(name, count):
    """A layer of `count` states; of a packed sequence, where there is an idiom for that."""
    def rule(kernel, numbers):
        *given, projection, sizes = kernel.specs[:count + 7]
        called = name if sizes is None else f"packed_{name}"
        if None in given or projection is not None or called not in IDIOMS:
            return None
        return _idiom(called, **({"reverse": True} if kernel.statics[-1] else {}))
    return rule


def _has(kernel, count):
    return all(spec is not None for spec in kernel.specs[:count])


def _fixed_batch_norm(kernel, numbers):
    if not _has(kernel, 5):
        return None
    channels, eps = (-1, *(1,) * (len(kernel.specs[0].shape) - 2)), kernel.statics[-1]

    def normed(array, mean, variance, weight, bias):
        scale = lax.rsqrt(variance + eps) * weight
        return [(array - mean.reshape(channels)) * scale.reshape(channels) + bias.reshape(channels)]
    return normed


# ---------------------------------------------------------------- arithmetic
def _binary(name):
    """A function of jax.numpy on an array and another, or a number."""
    function = _named(f"jnp.{name}", getattr(jnp, name))

    def rule(kernel, numbers):
        if len(kernel.specs) != 2 or 0 in numbers or len(kernel.statics) > 2:
            return None
        return lambda array, *other: [function(array, *other, *(array.dtype.type(number) for number in numbers.values()))]
    return rule


# ---------------------------------------------------------------- convolutions and windows
def _convolution(kernel, numbers):
    _, _, _, stride, padding, dilation, transposed, extra, groups = kernel.statics
    if kernel.specs[0].shape[0] == 0 or transposed and (groups > 1 or math.prod(dilation) > 1):
        return None
    size, count = kernel.specs[1].shape[2:], len(stride)

    def forward(array, weight):
        around = [(each, each) for each in padding]
        return lax.conv_general_dilated(array, weight, stride, around, rhs_dilation=dilation, feature_group_count=groups)

    def spread(array, weight):
        around = [(each - 1 - pad, each - 1 - pad + more) for each, pad, more in zip(size, padding, extra)]
        turned = jnp.flip(weight, tuple(range(2, count + 2))).swapaxes(0, 1)
        return lax.conv_general_dilated(array, turned, (1,) * count, around, lhs_dilation=stride)

    def convolve(array, weight, bias=None):
        made = (spread if transposed else forward)(array, weight)
        return [made if bias is None else made + bias.reshape(-1, *(1,) * count)]
    return convolve


def _max_pool(kernel, numbers):
    _, size, stride, padding, dilation, ceil_mode = kernel.statics
    if ceil_mode or len(kernel.outs) > 1:
        return None
    rest = len(kernel.specs[0].shape) - 2
    ones, around = (1,) * rest, ((0, 0),) * rest + tuple((each, each) for each in padding)

    def pool(array):
        return [lax.reduce_window(array, -jnp.inf, lax.max, (*ones, *size), (*ones, *stride), around, window_dilation=(*ones, *dilation))]
    return pool


# ---------------------------------------------------------------- where no derivative is taken
def _norm(kernel, numbers):
    _, order, axes, _, dtype = kernel.statics
    return _listed(_named("jnp.linalg.norm", jnp.linalg.norm)) if order == 2 and axes is None and dtype is None else None


def _clamp(kernel, numbers):
    if list(numbers) == [2]:
        return lambda array: [jnp.minimum(array, numbers[2])]
    return None


_RULES = {"relu": _pointwise("relu"), "silu": _pointwise("silu"), "sigmoid": _pointwise("sigmoid"), "mish": _pointwise("mish"),
          "logsigmoid": _pointwise("log_sigmoid"), "selu": _pointwise("selu"), "gelu": _gelu, "softmax": _along("softmax"),
          "log_softmax": _along("log_softmax"), "layer_norm": _layer_norm, "group_norm": _group_norm, "native_batch_norm": _batch_norm,
          "batch_norm": _fixed_batch_norm,
          "masked_scale": _dropout, "nll_loss": _nll_loss, "binary_cross_entropy_with_logits": _sigmoid_cross_entropy,
          "scaled_dot_product_attention": _attention, "_upsample_bilinear2d": _upsample_bilinear, "lstm_layer": _recurrent("lstm_layer", 2),
          "gru_layer": _recurrent("gru_layer", 1), "rnn_tanh_layer": _recurrent("rnn_layer", 1),
          "convolution": _convolution, "max_pool2d": _max_pool}
_INTEGER_RULES = {"remainder": _binary("remainder"), "floor_divide": _binary("floor_divide")}
_RULES_WITHOUT_DERIVATIVE = {"vector_norm": _norm, "clamp": _clamp}
_TAKES_NUMBERS = {_dropout, _clamp, *_INTEGER_RULES.values()}


def known_function(kernel, numbers, is_differentiated=True):
    """A function of its own for the operator of a kernel, from its arrays to a list of results; None where there is none.

    numbers: place among the operands -> the Python number there.
    """
    name = operator_name(kernel)
    dtypes = [spec.dtype for spec in kernel.specs if getattr(spec, "dtype", None) is not None]
    if _are_integers(dtypes, numbers):
        rule = _INTEGER_RULES.get(name)
    else:
        rule = _RULES.get(name) or (None if is_differentiated else _RULES_WITHOUT_DERIVATIVE.get(name)) if _are_plain(dtypes) else None
    return None if rule is None or numbers and rule not in _TAKES_NUMBERS else rule(kernel, numbers)


def _are_integers(dtypes, numbers):
    """Whether all operands are integers of one dtype."""
    return len(set(dtypes)) == 1 and dtypes[0].kind == "i" and all(number.__class__ is int for number in numbers.values())


def _are_plain(dtypes):
    """Whether the first operand is float32 or float64, and so is every other that is no index or mask."""
    return bool(dtypes) and dtypes[0].kind == "f" and all(each.name in ("float32", "float64") for each in dtypes if each.kind not in "biu")
