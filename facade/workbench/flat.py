"""A jaxpr with its calls written in place: one list of equations, each with the operator that it came from.

Functions that JAX or torch have a name for stay calls (`jax.nn.relu`, `log_softmax`); all others are looked into.
"""

from dataclasses import dataclass

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from facade.workbench.known import MARK, MARKED

# What a call's parameter with its function is named.
_CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr",
          "custom_vjp_call": "call_jaxpr", "custom_vjp_call_jaxpr": "fun_jaxpr", "remat": "jaxpr", "checkpoint": "jaxpr", "custom_lin": "jaxpr"}
# Functions of jax.nn along one axis, which stands in what they are made of.
_ALONG_AXIS = ("softmax", "log_softmax")
_SAME = ("copy", "copy_p", "pvary", "optimization_barrier")


class Name:
    """A value of the flat program; aval: its shape and dtype."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval


@dataclass(eq=False)
class FlatEquation:
    """primitive: JAX's, None for a known function of jax.nn; name: of either; sources: Names, Literals and NumPy arrays; scope: the operator's name."""

    primitive: object
    name: str
    params: dict
    sources: list
    results: list
    scope: str


@dataclass
class Flat:
    """A program without calls. inputs, outputs: as of the jaxpr; equations: what is needed for the outputs."""

    inputs: list
    equations: list
    outputs: list


def flatten(closed, helpers=None):
    """The flat program of a closed jaxpr. helpers: says which operators stay calls of a function of that name (`Helpers`)."""
    inputs = [Name(each.aval) for each in closed.jaxpr.invars]
    equations = []
    outputs = _inline(closed, inputs, "", equations, _Seen(helpers))
    return Flat(inputs, _living(equations, outputs), outputs)


def data_first(flat, inputs):
    """Move the equations that depend on none of these inputs to the beginning, so that they are no part of the layer that happens to come first."""
    depending, first, rest = {id(each) for each in inputs}, [], []
    for equation in flat.equations:
        if depending.isdisjoint(id(each) for each in equation.sources):
            first.append(equation)
        else:
            rest.append(equation)
            depending.update(id(each) for each in equation.results)
    flat.equations = first + rest


class _Seen(dict):
    """What was written already: key of an equation -> its results."""

    def __init__(self, helpers):
        self.helpers = helpers


def _inline(closed, arguments, scope, equations, seen):
    """Write a closed jaxpr's equations for these arguments behind the others; its results."""
    jaxpr, consts = (closed.jaxpr, closed.consts) if isinstance(closed, ClosedJaxpr) else (closed, ())
    known = dict(zip(jaxpr.invars, arguments)) | dict(zip(jaxpr.constvars, consts))

    def source(atom):
        return atom if isinstance(atom, Literal) else known[atom]
    for equation in jaxpr.eqns:
        sources, stack = [source(atom) for atom in equation.invars], str(equation.source_info.name_stack)
        inner_scope = scope or stack.split("/")[0]
        results = _written(equation, sources, inner_scope, equations, seen)
        known.update(zip(equation.outvars, results))
    return [source(atom) for atom in jaxpr.outvars]


def _written(equation, sources, scope, equations, seen):
    """The results of one equation: of its function where it is a call, else of a new flat equation, or of one like it."""
    name, params = equation.primitive.name, equation.params
    if name in _SAME or _changes_nothing(name, params, sources, equation.outvars[0].aval):
        return sources if name in _SAME else sources[:1]
    if sources and name not in _NEVER_FOLDED and all(isinstance(each, Literal) and np.ndim(each.val) == 0 for each in sources):
        folded = _folded(equation, sources)
        if folded is not None:
            return folded
    primitive, named = equation.primitive, _known_call(name, params, seen.helpers)
    if named is not None:
        primitive, (name, params) = None, named
    elif name == "custom_linear_solve":
        return _inline(params["jaxprs"].solve, _of_solve(params["const_lengths"], sources), scope, equations, seen)
    elif name in _CALLS:
        return _inline(params[_CALLS[name]], sources, scope, equations, seen)
    key = name, repr(sorted(params.items(), key=lambda item: item[0])), tuple(_identity(each) for each in sources)
    if key not in seen:
        made = FlatEquation(primitive, name, params, sources, [Name(each.aval) for each in equation.outvars], scope)
        equations.append(made)
        seen[key] = made.results
    return seen[key]


def _of_solve(lengths, sources):
    """The inputs of the function that solves, among those of all functions of a custom_linear_solve."""
    first = lengths.matvec + lengths.vecmat
    return [*sources[first:first + lengths.solve], *sources[sum(lengths):]]


_NEVER_FOLDED = {*_CALLS, "scan", "while", "cond", "broadcast_in_dim"}


def _folded(equation, sources):
    """The results of an equation on nothing but numbers, as numbers; None where they are more."""
    if any(each.aval.shape for each in equation.outvars):
        return None
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        made = equation.primitive.bind(*(np.asarray(each.val, each.aval.dtype) for each in sources), **equation.params)
    made = made if equation.primitive.multiple_results else [made]
    return [Literal(np.asarray(each), result.aval) for each, result in zip(made, equation.outvars)]


def _changes_nothing(name, params, sources, result):
    """Whether an equation gives back its first operand."""
    if name == "pad":
        return all(not any(row) for row in params["padding_config"])
    if name in ("reshape", "broadcast_in_dim", "convert_element_type", "squeeze", "expand_dims") and not isinstance(sources[0], Literal):
        before = sources[0] if not isinstance(sources[0], Name) else sources[0].aval
        return before.shape == result.shape and before.dtype == result.dtype
    if name == "or" and isinstance(sources[1], Literal):
        return np.ndim(sources[1].val) == 0 and np.dtype(sources[1].aval.dtype) == bool and not sources[1].val
    return name in ("add", "sub") and isinstance(sources[1], Literal) and np.ndim(sources[1].val) == 0 and sources[1].val == 0 \
        and np.dtype(sources[1].aval.dtype).kind in "iu" and not isinstance(sources[0], Literal)


def _identity(source):
    """Equal for what are the same inputs."""
    return (repr(source.val), str(source.aval)) if isinstance(source, Literal) and np.ndim(source.val) == 0 else id(source)


def _known_call(name, params, helpers):
    """(name, options) of a function of jax.nn or among the helpers, or None."""
    if name not in ("jit", "pjit"):
        return None
    called = params.get("name", "")
    if called.startswith(MARK):
        helper = helpers and helpers.name_of(params)
        return helper and (helper, {})
    if called in MARKED:
        return MARKED[called]
    if called in _ALONG_AXIS:
        equations = params["jaxpr"].jaxpr.eqns
        axes = next((each.params["axes"] for each in equations if each.primitive.name == "reduce_max"), None)
        if axes is not None and len(params["jaxpr"].jaxpr.invars) == 1:
            return f"jax.nn.{called}", {"axis": axes[0]}
    return None


def _living(equations, outputs):
    """The equations that lead to the outputs."""
    needed, kept = {id(each) for each in outputs}, []
    for equation in reversed(equations):
        if any(id(each) in needed for each in equation.results):
            kept.append(equation)
            needed.update(id(each) for each in equation.sources)
    return kept[::-1]


def settle(flat, numbers):
    """Decide what depends on nothing but numbers: the branches of `where` are taken as these say, and stops for derivatives are left out.

    numbers: input -> `Number`. What is computed from them stays as it is.
    """
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        known = {id(name): np.asarray(number.number, name.aval.dtype) for name, number in numbers.items()}
        same = {}
        for equation in flat.equations:
            equation.sources = [same.get(id(each), each) for each in equation.sources]
            values = [known.get(id(each)) if isinstance(each, Name) else getattr(each, "val", None) for each in equation.sources]
            if equation.name == "stop_gradient":
                same[id(equation.results[0])] = equation.sources[0]
            elif equation.name == "select_n" and values[0] is not None and np.ndim(values[0]) == 0:
                same[id(equation.results[0])] = equation.sources[1 + int(values[0])]
            elif equation.primitive is not None and len(equation.results) == 1 and all(each is not None and np.ndim(each) == 0 for each in values):
                known[id(equation.results[0])] = equation.primitive.bind(*values, **equation.params)
    flat.outputs = [same.get(id(each), each) for each in flat.outputs]
    flat.equations = _living(flat.equations, flat.outputs)


def has_wide(flats, kinds="iufc"):
    """Whether 64-bit arrays of these kinds occur in flat programs: JAX has them only with its switch on."""
    return any(jax.dtypes.issubdtype(each.aval.dtype, np.generic) and np.dtype(each.aval.dtype).itemsize >= 8 and np.dtype(each.aval.dtype) != np.complex64
               and np.dtype(each.aval.dtype).kind in kinds for flat in flats for each in _all_names(flat))


def _all_names(flat):
    names = [*flat.inputs]
    for equation in flat.equations:
        names += equation.results
    return names
