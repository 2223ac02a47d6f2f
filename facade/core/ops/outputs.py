"""`out=`: results are written to tensors that the caller has made, whose dtypes and memory have to suit.

What suits which function is data: out_rules.txt.
"""

import functools
import inspect
import pathlib

from facade.core import dtypes
from facade.core.ops.dispatch import cast_value
from facade.core.ops.return_types import given_tuple
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_inputs, check_writable, write
from facade.core.warn import warn

_PLACES = ("", "linalg.", "fft.", "special.", "nn.functional.")
_FITS = {"same": lambda want, got: want is got, "cast": dtypes.can_cast, "floating": lambda want, got: got.is_floating_point,
         "real": lambda want, got: not got.is_complex}


@functools.cache
def _rules():
    """({function: [(which dtypes fit, what is said of others)]}, {function: which inputs may share memory}, functions that compute in `out`'s dtype)."""
    dtype_rules, memory_rules, within = {}, {}, set()
    for line in pathlib.Path(__file__).with_name("out_rules.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        kind, said, names = line.split(" |", 2)
        for name in names.split() or [None]:
            if kind in _FITS:
                dtype_rules.setdefault(name, []).append((_FITS[kind], said.strip()))
            elif kind == "within":
                within.add(name)
            else:
                memory_rules[name] = kind
    return dtype_rules, memory_rules, within


def _rule(rules, name):
    """(torch's name, the rule) of the function of this name, which may lack its namespace, or have it with an underscore."""
    name = name.lstrip("_")
    names = [f"{place}{name.removeprefix(place.replace('.', '_'))}" for place in _PLACES]
    return next(((each, rules[each]) for each in names if each in rules), (name, rules.get(None)))


def apply_out(name, compute, out, inputs):
    """Put what `compute()` returns into `out`, resized to fit; `out` is returned."""
    several = isinstance(out, (tuple, list))
    targets = out if several else (out,)
    if modes.grad and any(isinstance(each, Tensor) and each.requires_grad for each in (*inputs, *targets)):
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, "
                           "but one of the arguments requires grad.")
    made = compute(dtype=out.dtype) if name in _rules()[2] and isinstance(out, Tensor) else compute()
    results = made if isinstance(made, tuple) else (made,)
    if several != isinstance(made, tuple):
        raise TypeError(f"{name}(): argument 'out' must be {'Tensor' if several else 'tuple of Tensors'}, not {type(out).__name__}")
    if len(results) != len(targets):
        raise TypeError(f"expected tuple of {len(results)} elements but got {len(targets)}")
    for result, target in zip(results, targets):
        if not isinstance(target, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
        _check_dtype(name, result.dtype, target.dtype)
        check_writable(target)
        _check_memory(name, result, target, inputs)
    for result, target in zip(results, targets):
        assign(target, result, name)
    return given_tuple(made, out)


def _check_dtype(name, want, got):
    name, rules = _rule(_rules()[0], name)
    for fits, said in rules:
        if not fits(want, got):
            kind, colon, rest = said.partition("Error: ")
            error, said = ({"Type": TypeError, "NotImplemented": NotImplementedError}[kind], rest) if colon else (RuntimeError, said)
            raise error(said.format(name=name, want=want.legacy, got=got.legacy, want_c=want.c_name, got_c=got.c_name))


def _check_memory(name, result, target, inputs):
    _, rule = _rule(_rules()[1], name)
    if rule == "apart" or rule is None and target._value.spec.shape == result._value.spec.shape:
        check_inputs(target, [each for one in inputs for each in (one if isinstance(one, (tuple, list)) else (one,))], apart=rule == "apart")


def assign(target, result, name=""):
    """Write `result` to `target`, which takes its shape and keeps its dtype and its identity.

    name: the function whose result it is; those that make tensors say nothing when they resize it.
    """
    value, shape = cast_value(result.value, target.dtype), target._value.spec.shape
    if shape == result._value.spec.shape:
        write(target, value)
        return
    if target.numel() and name == "aten::arange":
        warn(f"The number of elements in the out tensor of shape {list(shape)} is {target.numel()} which does not match the computed number of "
             f"elements {result.numel()}. Note that this may occur as a result of rounding error. The out tensor will be resized to a tensor of "
             f"shape ({result.numel()},).")
    elif target.numel() and not name.startswith("aten::"):
        warn(f"An output with one or more elements was resized since it had shape {list(shape)}, which does not match the required output shape "
             f"{list(result.shape)}. This behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they have "
             "zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).")
    target._storage, target._clock = None, 0
    target.__dict__.pop("_chain", None)
    target.__dict__.pop("_geometry", None)
    target._value = value


def with_out(function):
    """The function with a keyword `out` that takes what it returns."""
    @functools.wraps(function)
    def wrapped(*args, out=None, **kwargs):
        if out is None:
            return function(*args, **kwargs)
        return apply_out(function.__name__, lambda: function(*args, **kwargs), out, args)
    return told(wrapped)


def told(function):
    """The function, whose signature tells of its keyword `out`."""
    signature = inspect.signature(function)
    params = list(signature.parameters.values())
    out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)
    place = next((place for place, each in enumerate(params) if each.kind is each.VAR_KEYWORD), len(params))
    function.__signature__ = signature.replace(parameters=[*params[:place], out, *params[place:]])
    return function
