"""A jaxpr with its calls written in place.

Functions that JAX, torch or `idioms` have a name for stay calls (`jax.nn.relu`, `log_softmax`); all others are looked into. What changes nothing
or is known already is not written: a reshape to the same shape, a product with 1, what was computed before.
"""

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from facade.workbench.emitting.expressions import LONGEST
from facade.workbench.emitting.flat import Flat, FlatEquation, Name, aval_of, is_number, living, with_means
from facade.workbench.emitting.known import MARK, MARKED
from facade.workbench.emitting.width import narrow, narrow_params, narrowed

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


def flatten(closed, helpers=None, wide=True, constants=None):
    """The flat program of a closed jaxpr.

    helpers: says which operators stay calls of a function of that name (`Helpers`); wide: whether JAX has 64-bit numbers, else integers
    of 64 bits are of 32; constants: place among the inputs -> the array that stands there.
    """
    inputs = [Name(narrow(each.aval, wide)) for each in closed.jaxpr.invars]
    arguments = [_constant(constants[place], wide) if constants and place in constants else name for place, name in enumerate(inputs)]
    flattening = _Flattening(helpers, wide)
    outputs = flattening.inline(closed, arguments, "")
    return with_means(Flat(inputs, living(flattening.equations, outputs), outputs), flattening.uniform)


def _constant(array, wide):
    """An array as a source: one without dimensions is a literal."""
    array = np.asarray(array)
    array = array.astype(narrowed(array.dtype, wide))
    return array if array.ndim else Literal(array, jax.core.ShapedArray((), array.dtype))


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
            return atom if narrowed(atom.aval.dtype, self.wide) == atom.aval.dtype else _constant(atom.val, self.wide)
        for equation in jaxpr.eqns:
            inner_scope = scope or str(equation.source_info.name_stack).split("/")[0]
            known.update(zip(equation.outvars, self.written(equation, [source(atom) for atom in equation.invars], inner_scope)))
        return [source(atom) for atom in jaxpr.outvars]

    def written(self, equation, sources, scope):
        """The results of one equation: of its function where it is a call, else of a new flat equation, or of one like it."""
        name, params = equation.primitive.name, narrow_params(equation.params, self.wide)
        avals = [narrow(each.aval, self.wide) for each in equation.outvars]
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
        return is_number(self.uniform.get(id(source), source), number)

    def _truth(self, name, sources):
        """What is compared with 0 after it was made a number of true or false; None for all else."""
        if name != "ne" or not is_number(sources[1], 0):
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
        made = primitive.bind(*(np.asarray(getattr(each, "val", each), aval_of(each).dtype) for each in sources), **params)
    return [_constant(each, True) for each in (made if primitive.multiple_results else [made])]


def _is_like(source, aval):
    """Whether a source has the shape and dtype of an abstract value."""
    return aval_of(source).shape == aval.shape and aval_of(source).dtype == aval.dtype


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
