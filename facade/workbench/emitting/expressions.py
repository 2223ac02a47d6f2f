"""Python expressions as text that know how tightly they bind, so that parentheses stand only where they must."""

from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np

ATOM, POWER, UNARY, TIMES, PLUS, SHIFT, AND, XOR, OR, COMPARE = range(12, 2, -1)
LONGEST = 64        # elements of a constant that is written out
LEVELS = {"**": POWER, "*": TIMES, "/": TIMES, "//": TIMES, "%": TIMES, "@": TIMES, "+": PLUS, "-": PLUS, "<<": SHIFT, ">>": SHIFT,
          "&": AND, "^": XOR, "|": OR, "==": COMPARE, "!=": COMPARE, "<": COMPARE, "<=": COMPARE, ">": COMPARE, ">=": COMPARE}


@dataclass(frozen=True)
class Expression:
    """text, and how tightly its outermost operator binds.

    value: the number, of a literal; loose: an expression that NumPy's broadcasting makes this one of, with its shape; source: how it was
    made (`Expanded`, `Sliced` and so on, below), for a consumer to see through; cheap: may stand in several places.
    """

    text: str
    level: int = ATOM
    value: object = None
    loose: Optional[tuple] = None
    source: object = None
    cheap: bool = False

    @property
    def is_literal(self):
        """Whether this is a Python number, of no dtype yet."""
        return self.value is not None

    def at(self, level):
        """The text, in parentheses where something that binds like `level` stands around it."""
        return self.text if self.level >= level else f"({self.text})"


# ---------------------------------------------------------------- how an expression was made
class Expanded(NamedTuple):
    """x[:, None]: the dimensions of `operand` are at `dims` of an array of `rank`, whose others have one element."""

    operand: Expression
    dims: tuple
    rank: int


class Sliced(NamedTuple):
    """x[a:b, ::c, 0]: parts: (start, stop, step, size of the whole) of each dimension of `operand`; gone: those that are indexed with a
    number.
    """

    operand: Expression
    parts: tuple
    gone: frozenset = frozenset()

    @property
    def dims(self):
        """The dimensions of the operand that are left."""
        return [place for place in range(len(self.parts)) if place not in self.gone]


class Converted(NamedTuple):
    """Integers as integers of another width."""

    operand: Expression


class Truth(NamedTuple):
    """True and false as numbers."""

    operand: Expression


class Joined(NamedTuple):
    """jnp.concatenate along an axis."""

    operands: tuple
    axis: int


class Updated(NamedTuple):
    """x.at[a:b, 0].set(update): parts as of `Sliced`; dims: the dimensions of `operand` that the update has."""

    operand: Expression
    parts: tuple
    update: Expression
    dims: tuple


class Negated(NamedTuple):
    """-x."""

    operand: Expression


class Wrapped(NamedTuple):
    """An index that counts from the end of `size` elements where it is negative."""

    operand: Expression
    size: int


class Reduced(NamedTuple):
    """jnp.sum(x, axis=1): name: of the function in jax.numpy; operand: with `rank` dimensions; axes: which go, or with `keepdims` have
    one element.
    """

    name: str
    operand: Expression
    axes: tuple
    rank: int
    keepdims: bool = False

    @property
    def expression(self):
        """The call."""
        axis = None if len(self.axes) == self.rank else axis_text(self.axes)
        return Expression(call(f"jnp.{self.name}", self.operand, axis=axis, keepdims=self.keepdims or None).text, source=self)


# ---------------------------------------------------------------- calls and operators
def call(name, *arguments, **options):
    """A call of a function, options that are None left out."""
    given = [each.text if isinstance(each, Expression) else str(each) for each in arguments]
    given += [f"{key}={value}" for key, value in options.items() if value is not None]
    return Expression(f"{name}({', '.join(given)})")


def method(receiver, name, *arguments, **options):
    """A call of a method."""
    return call(f"{receiver.at(ATOM)}.{name}", *arguments, **options)


def binary(operator, left, right):
    """left operator right."""
    level = LEVELS[operator]
    if operator == "**":
        return Expression(f"{left.at(ATOM)}**{right.at(ATOM)}", level)
    if level == COMPARE:
        return Expression(f"{left.at(level + 1)} {operator} {right.at(level + 1)}", level)
    return Expression(f"{left.at(level)} {operator} {right.at(level + 1)}", level)


def unary(operator, operand):
    """operator operand."""
    return Expression(operator + operand.at(UNARY), UNARY, source=Negated(operand) if operator == "-" else None)


# ---------------------------------------------------------------- numbers and dtypes
def literal(number):
    """A number of NumPy's as a Python number that stands for it in arithmetic with arrays of its dtype."""
    value = shortest(np.asarray(number))
    return Expression(number_text(value), UNARY if not isinstance(value, (bool, complex)) and value < 0 else ATOM, value=value, cheap=True)


def shortest(array):
    """Python numbers, nested as an array is, with no more digits than it takes to tell them apart in its dtype."""
    if array.dtype.kind in "biuc" or array.dtype.itemsize >= 8:
        return array.tolist()
    return array.astype(np.float32).astype(str).astype(np.float64).tolist()


def number_text(value):
    """A Python number in a program that has imported jax.numpy."""
    if isinstance(value, float) and value != value:
        return "jnp.nan"
    if value in (float("inf"), float("-inf")):
        return "jnp.inf" if value > 0 else "-jnp.inf"
    return repr(value)


def numbers_text(value):
    """Python numbers, or lists of them, in such a program."""
    return f"[{', '.join(map(numbers_text, value))}]" if isinstance(value, list) else number_text(value)


def dtype_text(dtype):
    """A dtype as jax.numpy names it."""
    name = np.dtype(dtype).name
    return f"jnp.{'bool_' if name == 'bool' else name}"


def typed(expression, dtype):
    """A literal with a dtype; anything else has one."""
    return call(dtype_text(dtype), expression) if expression.is_literal else expression


def dtype_unless_usual(dtype, wide):
    """The dtype as an argument, None where jax.numpy takes it anyway. wide: whether JAX has 64-bit numbers."""
    usual = ("float64", "int64") if wide else ("float32", "int32")
    return None if np.dtype(dtype).name in usual else dtype_text(dtype)


# ---------------------------------------------------------------- shapes
def tuple_text(items):
    """A tuple of numbers; one of one element keeps its comma."""
    items = [str(each) for each in items]
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def axis_text(axes):
    """Axes as a reduction takes them."""
    return str(axes[0]) if len(axes) == 1 else tuple_text(axes)


def expanded(expression, dims, rank):
    """x[:, None]: the dimensions of x at `dims` of an array of `rank`."""
    if isinstance(expression.source, Expanded):
        expression, dims = expression.source.operand, tuple(dims[each] for each in expression.source.dims)
    if not dims:
        return call("jnp.reshape", expression, tuple_text([1] * rank))
    parts = [":" if place in dims else "None" for place in range(rank)]
    while parts[-1] == ":" and len(parts) > 1:
        parts.pop()
    if len(parts) == rank > 2 and parts.count("None") == 1:
        parts = ["...", "None"]
    return Expression(f"{expression.at(ATOM)}[{', '.join(parts)}]", cheap=expression.cheap, source=Expanded(expression, tuple(dims), rank))


def indexed(expression, parts):
    """x[1, :, 2:]: an index of texts, one for each dimension, without those at its end that take everything."""
    rank, parts = len(parts), list(parts)
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    if len(parts) == rank > 2 and all(part == ":" for part in parts[:-1]):
        parts = ["...", parts[-1]]
    return Expression(f"{expression.at(ATOM)}[{', '.join(parts)}]")


# ---------------------------------------------------------------- constants
def is_range(array):
    """Whether an array counts up by one."""
    return array.ndim == 1 and array.size > 1 and array.dtype.kind in "iu" and bool((array == np.arange(array.size) + array[0]).all())


def is_uniform(array):
    """Whether all elements are the same."""
    return array.size > 0 and bool((array == array.flat[0]).all())


def written_out(array, wide):
    """A small array written out; one of equal elements may stand as a number where NumPy broadcasts.

    wide: whether JAX has 64-bit numbers. NotImplementedError where it is too long to be read.
    """
    array = np.asarray(array)
    if array.ndim == 0:
        return literal(array)
    dtype = dtype_unless_usual(array.dtype, wide)
    if is_range(array):
        return call("jnp.arange", *[array[0]] * bool(array[0]), array[0] + array.size, dtype=dtype)
    if is_uniform(array):
        return filled(array.shape, literal(array.flat[0]), array.dtype, wide)
    if array.size > LONGEST:
        raise NotImplementedError(f"a constant of shape {list(array.shape)} inside the program is too long to be written out; "
                                  "hand it to the function")
    return call("jnp.array", numbers_text(shortest(array)), dtype=None if array.dtype.kind == "b" else dtype)


def filled(shape, number, dtype, wide):
    """An array of a number, which is that number where NumPy broadcasts."""
    name = {0: "zeros", 1: "ones"}.get(number.value, "full")
    text = call(f"jnp.{name}", tuple_text(shape), *[number] * (name == "full"), dtype=_dtype_of_filled(name, dtype, wide)).text
    return Expression(text, loose=(number, ()), cheap=True)


def uniform(expression):
    """The number that all elements of an array are, None where they differ or nothing is known."""
    return expression.loose[0] if expression.loose is not None and expression.loose[0].is_literal else None


def _dtype_of_filled(name, dtype, wide):
    """zeros and ones are floating point numbers unless told; full is what its number is."""
    if name == "full" and np.dtype(dtype).kind == "b":
        return None
    is_usual = dtype_unless_usual(dtype, wide) is None and (name == "full" or np.dtype(dtype).kind == "f")
    return None if is_usual else dtype_text(dtype)
