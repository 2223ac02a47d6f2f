"""Kernels of one family: the same operator at other sizes, traced once for all of them.

A text that grows by a word, or a last batch that is smaller, asks for each of its operators at a new shape, and tracing one takes a
millisecond or more. So the third time that only sizes have changed, the operator is traced with symbols in their place (JAX's symbolic
shapes), and from then on a kernel is that jaxpr with numbers put in: a tenth of the time. A symbol stands for sizes of one power of
two, and equal sizes have the same symbol; whatever in the operator's Python asks more of a size than that cannot be answered for a
symbol, and raises, and then every size is traced by itself as before.

Such a jaxpr serves NumPy alone: what is compiled or differentiated is traced at its numbers.
"""

import functools
import operator
import threading

import numpy as np
from jax import export
from jax.core import ShapedArray
from jax.extend.core import ClosedJaxpr, DropVar, Jaxpr, Literal, Var

from facade.core.engine import host

_SMALLEST = 3       # 0, 1 and 2 are not sizes like others: nothing, what broadcasts, pairs


class Family:
    """What is known of one operator at one pattern of sizes.

    seen: the sizes of the first two kernels; varying: the places of the sizes that were not always the same;
    traced: (varying, each size, or its power of two where it varies) -> (symbolic jaxpr, what is known of its derivatives), None where there is none.
    """

    __slots__ = ("seen", "varying", "traced")

    def __init__(self):
        self.seen, self.varying, self.traced = [], (), {}

    def at(self, sizes, trace):
        """(symbolic jaxpr, value of each symbol, a dict for what is known of its derivatives), or None where these sizes have to be traced.

        trace(sizes): the jaxpr for sizes, some of which are symbols.
        """
        if len(self.seen) < 2:
            self.seen.append(sizes)
            return None
        self.varying = tuple(place for place, size in enumerate(sizes) if place in self.varying or any(size != seen[place] for seen in self.seen))
        key = self.varying, tuple(size.bit_length() if place in self.varying else size for place, size in enumerate(sizes))
        if key not in self.traced:
            symbolic = self._traced(sizes, trace)
            self.traced[key] = symbolic and (symbolic, {})
        found = self.traced[key]
        return found and (found[0], {f"s{place}": sizes[place] for place in self.varying}, found[1])

    def _traced(self, sizes, trace):
        """The symbolic jaxpr, or None.

        A thread does it, with a stack of its own: JAX asks whether a symbol is an int by an exception that it keeps, and this would
        keep the caller's frames, and so values alive that the user has dropped.
        """
        found = []
        worker = threading.Thread(target=lambda: found.append(self._symbolic(sizes, trace)))
        worker.start()
        worker.join()
        return found[0]

    def _symbolic(self, sizes, trace):
        bounds = [text for place in self.varying for length in (sizes[place].bit_length(),)
                  for text in (f"s{place} >= {1 << length - 1}", f"s{place} <= {(1 << length) - 1}")]
        symbols = iter(export.symbolic_shape(", ".join(f"s{place}" for place in self.varying), constraints=bounds))
        try:
            symbolic = trace(tuple(next(symbols) if place in self.varying else size for place, size in enumerate(sizes)))
            at_once = host.prepare(at_numbers(symbolic, {f"s{place}": sizes[place] for place in self.varying}))
        except Exception:       # whatever it was: the operator at numbers says what is wrong, if anything is
            return None
        return None if at_once.fallbacks else symbolic          # what JAX has to evaluate, it wants traced at numbers


_families = {}


def family_of(operator, context, specs, statics):
    """(the family of this operator at these specs and statics, its sizes), or None where no sizes can vary."""
    sizes = []
    shapes = tuple((spec.dtype, tuple(_place(extent, sizes, True) for extent in spec.shape), spec.device) if hasattr(spec, "shape") else spec
                   for spec in specs)
    pattern = _pattern(statics, sizes, not shapes)
    if not sizes:
        return None
    key = operator, context, shapes, pattern
    found = _families.get(key)
    if found is None:
        found = _families.setdefault(key, Family())
    return found, tuple(sizes)


def forget_families():
    """Start anew: the kernels were forgotten too."""
    _families.clear()


def _place(extent, sizes, may_add):
    """A size as its place among the sizes met so far; itself where it is none of them."""
    if extent < _SMALLEST or extent not in sizes and not may_add:
        return extent
    if extent not in sizes:
        sizes.append(extent)
    return f"s{sizes.index(extent)}"


def _pattern(static, sizes, may_add):
    """A static argument with sizes replaced by their places."""
    if static.__class__ is int:
        return _place(static, sizes, may_add)
    return tuple(_pattern(each, sizes, may_add) for each in static) if static.__class__ is tuple else static


def with_sizes(static, old, new):
    """Statics, or a shape, with each of the sizes `old` replaced by the one of `new` at its place."""
    if static.__class__ is int:
        return new[old.index(static)] if static in old else static
    return tuple(with_sizes(each, old, new) for each in static) if static.__class__ is tuple else static


# ---------------------------------------------------------------- numbers in place of symbols
_WORDS = {"floordiv": operator.floordiv, "mod": operator.mod, "max": max, "min": min}


@functools.cache
def _formula(text):
    return compile(text.replace("^", "**"), "<size>", "eval")


def at_numbers(closed, values):
    """A closed jaxpr with the symbols in it replaced by these values, a dict from names to ints."""
    return ClosedJaxpr(_Filling(values).jaxpr(closed.jaxpr), closed.consts)


def shape_at(shape, values):
    """A shape with symbols replaced."""
    return tuple(_number(extent, values) for extent in shape)


def _number(extent, values):
    return extent if extent.__class__ is int else eval(_formula(str(extent)), _WORDS, values)


class _Filling:
    """Copies jaxprs, with numbers in place of symbols."""

    def __init__(self, values):
        self.values = values

    def jaxpr(self, jaxpr):
        variables = {}
        for variable in (*jaxpr.constvars, *jaxpr.invars):
            variables[variable] = Var(self.put(variable.aval))
        equations = []
        for equation in jaxpr.eqns:
            if equation.primitive.name == "dim_as_value":
                aval = equation.outvars[0].aval
                variables[equation.outvars[0]] = Literal(np.array(_number(equation.params["dim"], self.values), aval.dtype), aval)
                continue
            for variable in equation.outvars:
                variables[variable] = (DropVar if isinstance(variable, DropVar) else Var)(self.put(variable.aval))
            equations.append(equation.replace(invars=[self.read(atom, variables) for atom in equation.invars],
                                              outvars=[variables[each] for each in equation.outvars],
                                              params={name: self.put(each) for name, each in equation.params.items()}))
        return Jaxpr([variables[each] for each in jaxpr.constvars], [variables[each] for each in jaxpr.invars],
                     [self.read(atom, variables) for atom in jaxpr.outvars], equations, jaxpr.effects, jaxpr.debug_info)

    def read(self, atom, variables):
        return atom if isinstance(atom, Literal) else variables[atom]

    def put(self, param):
        """A parameter of a primitive, or an aval, at numbers."""
        kind = param.__class__
        if kind in (int, str, bool, float) or param is None:
            return param
        if isinstance(param, (tuple, list)):
            return kind(*map(self.put, param)) if hasattr(param, "_fields") else kind(map(self.put, param))
        if export.is_symbolic_dim(param):
            return _number(param, self.values)
        if kind is ShapedArray:
            return param if all(extent.__class__ is int for extent in param.shape) else param.update(shape=shape_at(param.shape, self.values))
        if kind is ClosedJaxpr:
            return ClosedJaxpr(self.jaxpr(param.jaxpr), param.consts)
        if kind is Jaxpr:
            return self.jaxpr(param)
        return param
