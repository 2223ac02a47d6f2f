"""`out=`: results are written to tensors that the caller has made, whose dtypes and memory have to suit.

What suits which function is data: out_rules.txt.
"""

import functools
import inspect
import pathlib
from typing import NamedTuple

from facade.core import dtypes
from facade.core.ops.dispatch import cast_value
from facade.core.ops.return_types import given_tuple
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_apart, check_history, check_inputs, write
from facade.core.warn import warn

_PLACES = ("", "linalg.", "fft.", "special.", "nn.functional.")
_FITS = {"same": lambda want, got: want is got, "cast": dtypes.can_cast, "floating": lambda want, got: got.is_floating_point,
         "real": lambda want, got: not got.is_complex}


class Rules(NamedTuple):
    """What is asked of `out`: dtypes: {function: [(which fit, what is said of others)]}; memory: {function: which inputs may share it};
    within: the functions that compute in its dtype; resized: {function: what is said when its shape changes}. None: of all others."""

    dtypes: dict
    memory: dict
    within: set
    resized: dict


@functools.cache
def _rules():
    """The lines of out_rules.txt, by what they are about."""
    dtype_rules, memory_rules, within, resized = {}, {}, set(), {}
    for line in pathlib.Path(__file__).with_name("out_rules.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        kind, said, names = line.split(" |", 2)
        for name in names.split() or [None]:
            if kind in _FITS:
                dtype_rules.setdefault(name, []).append((_FITS[kind], said.strip()))
            elif kind == "within":
                within.add(name)
            elif kind == "resized":
                resized[name] = said.strip()
            else:
                memory_rules[name] = kind
    return Rules(dtype_rules, memory_rules, within, resized)


def _rule(rules, name):
    """(torch's name, the rule) of the function of this name, which may lack its namespace, or have it with an underscore."""
    name = name.lstrip("_")
    names = [f"{place}{name.removeprefix(place.replace('.', '_'))}" for place in _PLACES]
    return next(((each, rules[each]) for each in names if each in rules), (name, rules.get(None)))


def apply_out(name, compute, out, inputs, differentiable=True):
    """Put what `compute()` returns into `out`, resized to fit; `out` is returned.

    differentiable: whether the function has a derivative, which is then asked for in vain.
    """
    several = isinstance(out, (tuple, list))
    targets = out if several else (out,)
    if differentiable and modes.grad and any(isinstance(each, Tensor) and each.requires_grad for each in (*inputs, *targets)) \
            and _has_gradient(compute):
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, "
                           "but one of the arguments requires grad.")
    made = compute(dtype=out.dtype) if name in _rules().within and isinstance(out, Tensor) else compute()
    results = made if isinstance(made, tuple) else (made,)
    if several != isinstance(made, tuple):
        raise TypeError(f"{name}(): argument 'out' must be {'Tensor' if several else 'tuple of Tensors'}, not {type(out).__name__}")
    if len(results) != len(targets):
        raise TypeError(f"expected tuple of {len(results)} elements but got {len(targets)}")
    for result, target in zip(results, targets):
        if not isinstance(target, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
        _check_dtype(name, result.dtype, target.dtype)
        if differentiable and result.dtype.category >= dtypes.FLOAT:
            check_history(target)
        check_apart(target)
        _check_memory(name, result, target, inputs)
    for result, target in zip(results, targets):
        assign(target, result, name)
    return given_tuple(made, out)


def _has_gradient(compute):
    """Whether a result is of numbers that have a derivative; so is one that cannot be had."""
    try:
        made = compute()
    except (RuntimeError, IndexError, TypeError, ValueError):
        return True
    return any(each.dtype.category >= dtypes.FLOAT for each in (made if isinstance(made, tuple) else (made,)))


def _check_dtype(name, want, got):
    name, rules = _rule(_rules().dtypes, name)
    for fits, said in rules:
        if not fits(want, got):
            kind, colon, rest = said.partition("Error: ")
            error, said = ({"Type": TypeError, "NotImplemented": NotImplementedError}[kind], rest) if colon else (RuntimeError, said)
            raise error(said.format(name=name, want=want.legacy, got=got.legacy, want_c=want.c_name, got_c=got.c_name))


def _check_memory(name, result, target, inputs):
    _, rule = _rule(_rules().memory, name)
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
    if target.numel():
        _tell_resized(name, shape, target.numel(), result)
    target._storage, target._clock = None, 0
    target.__dict__.pop("_chain", None)
    target.__dict__.pop("_geometry", None)
    target._value = value


def _tell_resized(name, shape, count, result):
    """Warn of a target that had elements, in the words of the function whose result has another shape."""
    said = _rules().resized.get(name, _rules().resized["aten::" * name.startswith("aten::") or None])
    if said:
        warn(said.format(shape=list(shape), count=count, want=list(result.shape), want_count=result.numel()))


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
