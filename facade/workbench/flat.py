"""A jaxpr with its calls written in place: one list of equations, each with the operator that it came from.

Functions that JAX or torch have a name for stay calls (`jax.nn.relu`, `log_softmax`); all others are looked into.
"""

from collections import Counter
from dataclasses import dataclass
from math import prod

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from facade.workbench.expressions import LONGEST
from facade.workbench.known import MARK, MARKED

# What a call's parameter with its function is named.
_CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr",
          "custom_vjp_call": "call_jaxpr", "custom_vjp_call_jaxpr": "fun_jaxpr", "remat": "jaxpr", "checkpoint": "jaxpr",
          "custom_lin": "jaxpr"}
# Functions of jax.nn along one axis, which stands in what they are made of.
_ALONG_AXIS = ("softmax", "log_softmax")
_SAME = ("copy", "copy_p", "pvary", "optimization_barrier")
_SHAPES = ("reshape", "broadcast_in_dim", "convert_element_type", "squeeze", "expand_dims")
# Place of an operand -> the number with which the operation gives back the other.
_NEUTRAL = {"add": {0: 0, 1: 0}, "add_any": {0: 0, 1: 0}, "sub": {1: 0}, "mul": {0: 1, 1: 1}, "div": {1: 1},
            "or": {0: 0, 1: 0}, "ne": {1: 0}}
_NEVER_FOLDED = {*_CALLS, "scan", "while", "cond", "broadcast_in_dim"}
_INDEX_ARITHMETIC = ("lt", "add", "select_n", "convert_element_type")
_NARROWER = {"int64": "int32", "uint64": "uint32"}


class Name:
    """A value of the flat program; aval: its shape and dtype."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval


@dataclass(eq=False)
class FlatEquation:
    """primitive: JAX's, None for a known function of jax.nn; name: of either; sources: Names, Literals and NumPy arrays; scope: the
    operator's name.
    """

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


def flatten(closed, helpers=None, wide=True, constants=None):
    """The flat program of a closed jaxpr.

    helpers: says which operators stay calls of a function of that name (`Helpers`); wide: whether JAX has 64-bit numbers, else integers
    of 64 bits are of 32; constants: place among the inputs -> the array that stands there.
    """
    inputs = [Name(_narrow(each.aval, wide)) for each in closed.jaxpr.invars]
    arguments = [_constant(constants[place], wide) if constants and place in constants else name for place, name in enumerate(inputs)]
    flattening = _Flattening(helpers, wide)
    outputs = flattening.inline(closed, arguments, "")
    return with_means(Flat(inputs, _living(flattening.equations, outputs), outputs), flattening.uniform)


def _narrow(aval, wide):
    """An abstract value as it is where JAX has 64-bit numbers, or has not."""
    return aval if wide or str(aval.dtype) not in _NARROWER else aval.update(dtype=np.dtype(_NARROWER[str(aval.dtype)]))


def _narrow_params(params, wide):
    """Parameters of an equation, likewise."""
    return params if wide else {key: np.dtype(_NARROWER[value.name]) if isinstance(value, np.dtype) and value.name in _NARROWER else value
                                for key, value in params.items()}


def _constant(array, wide):
    """An array as a source: one without dimensions is a literal."""
    array = np.asarray(array)
    array = array if wide or array.dtype.name not in _NARROWER else array.astype(_NARROWER[array.dtype.name])
    return array if array.ndim else Literal(array, jax.core.ShapedArray((), array.dtype))


def data_first(flat, inputs):
    """Move the equations that depend on none of these inputs to the beginning, so that they are no part of the layer that happens to come
    first.
    """
    depending, first, rest = {id(each) for each in inputs}, [], []
    for equation in flat.equations:
        if depending.isdisjoint(id(each) for each in equation.sources):
            first.append(equation)
        else:
            rest.append(equation)
            depending.update(id(each) for each in equation.results)
    flat.equations = first + rest


def without_stops(flat, differentiated):
    """Leave out the stops for derivatives that do not lead to these outputs: no derivative comes that way."""
    leading, same = {id(each) for each in differentiated}, {}
    for equation in reversed(flat.equations):
        if any(id(each) in leading for each in equation.results):
            leading.update(map(id, equation.sources))
    for equation in flat.equations:
        equation.sources = [same.get(id(each), each) for each in equation.sources]
        if equation.name == "stop_gradient" and id(equation.results[0]) not in leading:
            same[id(equation.results[0])] = equation.sources[0]
    flat.outputs = [same.get(id(each), each) for each in flat.outputs]
    flat.equations = _living(flat.equations, flat.outputs)


class _Flattening:
    """The equations that were written so far. 

    seen: what each computes -> its results; converted: value -> what it was in another dtype; uniform: value -> the number that it is all
    of; updates: value -> what was written to it last, and where.
    """

    def __init__(self, helpers, wide):
        self.helpers, self.wide, self.equations, self.seen, self.converted, self.uniform, self.updates = helpers, wide, [], {}, {}, {}, {}

    def inline(self, closed, arguments, scope):
        """Write a closed jaxpr's equations for these arguments behind the others; its results."""
        jaxpr, consts = (closed.jaxpr, closed.consts) if isinstance(closed, ClosedJaxpr) else (closed, ())
        known = dict(zip(jaxpr.invars, arguments)) | {name: _constant(each, self.wide) for name, each in zip(jaxpr.constvars, consts)}

        def source(atom):
            if not isinstance(atom, Literal):
                return known[atom]
            return _constant(atom.val, self.wide) if str(atom.aval.dtype) in _NARROWER else atom
        for equation in jaxpr.eqns:
            inner_scope = scope or str(equation.source_info.name_stack).split("/")[0]
            known.update(zip(equation.outvars, self.written(equation, [source(atom) for atom in equation.invars], inner_scope)))
        return [source(atom) for atom in jaxpr.outvars]

    def written(self, equation, sources, scope):
        """The results of one equation: of its function where it is a call, else of a new flat equation, or of one like it."""
        name, params = equation.primitive.name, _narrow_params(equation.params, self.wide)
        avals = [_narrow(each.aval, self.wide) for each in equation.outvars]
        if name in _SAME:
            return sources
        kept = self.kept(name, params, sources, avals[0])
        kept = self._truth(name, sources) if kept is None else kept
        if kept is not None:
            return [kept]
        if sources and name not in _NEVER_FOLDED and all(_is_foldable(each, name) for each in sources):
            folded = _folded(equation.primitive, params, sources, avals)
            if folded is not None:
                return folded
        if name == "custom_linear_solve":
            return self.inline(params["jaxprs"].solve, _of_solve(params["const_lengths"], sources), scope)
        named = _known_call(name, params, self.helpers)
        if named is None and name in _CALLS:
            return self.inline(params[_CALLS[name]], sources, scope)
        return self.added(*(named or (name, params)), None if named else equation.primitive, sources, avals, scope)

    def kept(self, name, params, sources, result):
        """The operand that an equation gives back as it is, None where it computes something."""
        if name in _SHAPES:
            return sources[0] if not isinstance(sources[0], Literal) and _is_like(sources[0], result) else None
        if name == "dynamic_update_slice" and self.updates.get(id(sources[0])) == [_identity(each) for each in sources[1:]]:
            return sources[0]       # the same was written there before
        if name == "pad":
            return None if any(map(any, params["padding_config"])) else sources[0]
        if name in _NEUTRAL:
            others = (sources[1 - place] for place, number in _NEUTRAL[name].items() if self.is_number(sources[place], number))
            return next((each for each in others if _is_like(each, result) and not isinstance(each, Literal)), None)
        return None

    def is_number(self, source, number):
        """Whether a source is this number, or nothing but this number."""
        return _is_number(self.uniform.get(id(source), source), number)

    def _truth(self, name, sources):
        """What is compared with 0 after it was made a number of true or false; None for all else."""
        if name != "ne" or not _is_number(sources[1], 0):
            return None
        source = self.converted.get(id(sources[0]))
        return source if source is not None and source.aval.dtype == bool else None

    def added(self, name, params, primitive, sources, avals, scope):
        """The results of a flat equation, which is a new one where none computes the same."""
        key = name, repr(sorted(params.items(), key=lambda item: item[0])), tuple(_identity(each) for each in sources)
        if key not in self.seen:
            self.equations.append(FlatEquation(primitive, name, params, sources, [Name(each) for each in avals], scope))
            self.seen[key] = self.equations[-1].results
            if name == "broadcast_in_dim" and (number := self.uniform.get(id(sources[0]), sources[0])).__class__ is Literal:
                self.uniform[id(self.seen[key][0])] = number
            if name == "dynamic_update_slice":
                self.updates[id(self.seen[key][0])] = [_identity(each) for each in sources[1:]]
            if name == "convert_element_type" and isinstance(sources[0], Name):
                self.converted[id(self.seen[key][0])] = sources[0]
        return self.seen[key]


def _of_solve(lengths, sources):
    """The inputs of the function that solves, among those of all functions of a custom_linear_solve."""
    first = lengths.matvec + lengths.vecmat
    return [*sources[first:first + lengths.solve], *sources[sum(lengths):]]


def _is_foldable(source, name):
    """Whether a source is known: a number or, for what an index is computed by, a short array."""
    if isinstance(source, Literal):
        return np.ndim(source.val) == 0
    return name in _INDEX_ARITHMETIC and not isinstance(source, Name) and source.size <= LONGEST and source.dtype.kind in "biu"


def _folded(primitive, params, sources, avals):
    """The results of an equation on nothing but numbers and short arrays; None where they are more than went in."""
    if any(each.shape for each in avals) and all(isinstance(each, Literal) for each in sources):
        return None
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        made = primitive.bind(*(np.asarray(getattr(each, "val", each), _aval(each).dtype) for each in sources), **params)
    return [_constant(each, True) for each in (made if primitive.multiple_results else [made])]


def _aval(source):
    return source.aval if isinstance(source, (Name, Literal)) else source


# ---------------------------------------------------------------- what changes nothing
def _is_like(source, aval):
    """Whether a source has the shape and dtype of an abstract value."""
    return _aval(source).shape == aval.shape and _aval(source).dtype == aval.dtype


def _is_number(source, number):
    """Whether a source is this number, or nothing but this number."""
    array = getattr(source, "val", source)
    return not isinstance(source, Name) and np.size(array) > 0 and bool(np.all(np.asarray(array) == number))


def _identity(source):
    """Equal for what are the same inputs."""
    if isinstance(source, Name):
        return id(source)
    array = np.asarray(getattr(source, "val", source))
    return array.dtype.name, array.shape, array.tobytes()


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
    return (f"jax.nn.{called}", {"axis": _axis_of(params)}) if called in _ALONG_AXIS and _axis_of(params) is not None else None


def _axis_of(params):
    """The one axis of a function of one array, as its maximum has it."""
    jaxpr = params["jaxpr"].jaxpr
    axes = next((each.params["axes"] for each in jaxpr.eqns if each.primitive.name == "reduce_max"), None)
    return axes[0] if axes is not None and len(jaxpr.invars) == 1 else None


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
            elif equation.primitive is not None and len(equation.results) == 1 and all(map(_is_scalar, values)):
                known[id(equation.results[0])] = equation.primitive.bind(*values, **equation.params)
    flat.outputs = [same.get(id(each), each) for each in flat.outputs]
    flat.equations = _living(flat.equations, flat.outputs)


def _is_scalar(value):
    return value is not None and np.ndim(value) == 0


# ---------------------------------------------------------------- means
def with_means(flat, uniform):
    """The program with each sum that is divided by the number of its elements as a mean, an equation `reduce_mean`. uniform: value -> the
    number that it is all of.
    """
    makers = {id(result): equation for equation in flat.equations for result in equation.results}
    uses = Counter(id(each) for each in (*flat.outputs, *(source for equation in flat.equations for source in equation.sources)))
    same = {}
    for equation in flat.equations:
        total = _sum_behind(equation.sources[0], makers, uses) if equation.name == "div" else None
        if total is not None and _is_number(uniform.get(id(equation.sources[1]), equation.sources[1]), _count(total)):
            total.name = "reduce_mean"
            same[id(equation.results[0])] = equation.sources[0]
    return _renamed(flat, same)


def _sum_behind(source, makers, uses):
    """The equation of the sum that a value is, perhaps with its axes back; None where it is no sum, or used otherwise too."""
    made = makers.get(id(source))
    if made is None or uses[id(source)] != 1:
        return None
    return _sum_behind(made.sources[0], makers, uses) if made.name == "broadcast_in_dim" else made if made.name == "reduce_sum" else None


def _count(total):
    """How many elements become one."""
    return prod(_aval(total.sources[0]).shape[axis] for axis in total.params["axes"])


def _renamed(flat, same):
    """The program with other values in the place of some."""
    for equation in flat.equations:
        equation.sources = [same.get(id(each), each) for each in equation.sources]
    flat.outputs = [same.get(id(each), each) for each in flat.outputs]
    flat.equations = _living(flat.equations, flat.outputs)
    return flat


# ---------------------------------------------------------------- 64 bits
def needs_wide(flat, arrays=()):
    """Whether a program that was flattened with 64-bit numbers needs them: it has floating point numbers of these, or integers too large
    for 32 bits.

    arrays: what goes in. All other integers a person would leave at JAX's 32 bits.
    """
    results = [*flat.inputs, *(each for equation in flat.equations for each in equation.results)]
    constants = [getattr(each, "val", each) for equation in flat.equations for each in equation.sources if not isinstance(each, Name)]
    return any(is_wide(each.aval, "fc") for each in results) or any(map(_is_large, [*constants, *arrays]))


def is_wide(aval, kinds="iufc"):
    """Whether an abstract value is of 64 bits, or a complex number of two of these, and of these kinds."""
    if not jax.dtypes.issubdtype(aval.dtype, np.generic):
        return False
    dtype = np.dtype(aval.dtype)
    return dtype.kind in kinds and dtype.itemsize >= (16 if dtype.kind == "c" else 8)


def _is_large(array):
    """Whether an array has integers that need more than 32 bits."""
    array = np.asarray(array)
    return array.dtype.kind in "iu" and array.dtype.itemsize >= 8 and array.size > 0 and (array.max() >= 2 ** 31 or array.min() < -2 ** 31)
