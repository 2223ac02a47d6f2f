"""A program without calls: one list of equations, each with the operator that it came from; and what can be left out of it.

Each pass changes a program in place: what is data goes first, stops for derivatives go where none comes, a sum over its count is a mean.
"""

from collections import Counter
from dataclasses import dataclass
from math import prod

import jax
import numpy as np
from jax.extend.core import Literal


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


def aval_of(source):
    """The abstract value of a source; an array is its own."""
    return source.aval if isinstance(source, (Name, Literal)) else source


# ---------------------------------------------------------------- what changes nothing


def is_number(source, number):
    """Whether a source is this number, or nothing but this number."""
    array = getattr(source, "val", source)
    return not isinstance(source, Name) and np.size(array) > 0 and bool(np.all(np.asarray(array) == number))


def living(equations, outputs):
    """The equations that lead to the outputs."""
    needed, kept = {id(each) for each in outputs}, []
    for equation in reversed(equations):
        if any(id(each) in needed for each in equation.results):
            kept.append(equation)
            needed.update(id(each) for each in equation.sources)
    return kept[::-1]


def renamed(flat, same):
    """The program with other values in the place of some."""
    for equation in flat.equations:
        equation.sources = [same.get(id(each), each) for each in equation.sources]
    flat.outputs = [same.get(id(each), each) for each in flat.outputs]
    flat.equations = living(flat.equations, flat.outputs)
    return flat


# ---------------------------------------------------------------- what goes first, what is left out
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
    flat.equations = living(flat.equations, flat.outputs)


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
    flat.equations = living(flat.equations, flat.outputs)


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
        total = _sum_behind(equation.sources[0], makers, uses) if equation.name == "div" and _is_inexact(equation.results[0].aval) else None
        if total is not None and is_number(uniform.get(id(equation.sources[1]), equation.sources[1]), _count(total)):
            total.name = "reduce_mean"
            same[id(equation.results[0])] = equation.sources[0]
    return renamed(flat, same)


def _sum_behind(source, makers, uses):
    """The equation of the sum that a value is, perhaps with its axes back; None where it is no sum, or used otherwise too."""
    made = makers.get(id(source))
    if made is None or uses[id(source)] != 1:
        return None
    return _sum_behind(made.sources[0], makers, uses) if made.name == "broadcast_in_dim" else made if made.name == "reduce_sum" else None


def _is_inexact(aval):
    return np.dtype(aval.dtype).kind not in "biu"


def _count(total):
    """How many elements become one."""
    return prod(aval_of(total.sources[0]).shape[axis] for axis in total.params["axes"])
