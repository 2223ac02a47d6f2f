"""Python expressions as text that know how tightly they bind, so that parentheses stand only where they must."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

ATOM, POWER, UNARY, TIMES, PLUS, SHIFT, AND, XOR, OR, COMPARE = range(12, 2, -1)
LEVELS = {"**": POWER, "*": TIMES, "/": TIMES, "//": TIMES, "%": TIMES, "@": TIMES, "+": PLUS, "-": PLUS, "<<": SHIFT, ">>": SHIFT, "&": AND,
          "^": XOR, "|": OR, "==": COMPARE, "!=": COMPARE, "<": COMPARE, "<=": COMPARE, ">": COMPARE, ">=": COMPARE}


@dataclass(frozen=True)
class Expression:
    """text, and how tightly its outermost operator binds.

    value: the number, of a literal; loose: an expression that NumPy's broadcasting makes this one of, with its shape; source: (primitive's name,
    facts) for what a consumer may want to see through; cheap: may stand in several places.
    """

    text: str
    level: int = ATOM
    value: object = None
    loose: Optional[tuple] = None
    source: Optional[tuple] = None
    cheap: bool = False

    @property
    def is_literal(self):
        """Whether this is a Python number, of no dtype yet."""
        return self.value is not None

    def at(self, level):
        """The text, in parentheses where something that binds like `level` stands around it."""
        return self.text if self.level >= level else f"({self.text})"


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
    return Expression(operator + operand.at(UNARY), UNARY)


def literal(number):
    """A number of NumPy's as a Python number that stands for it in arithmetic with arrays of its dtype."""
    number = np.asarray(number)
    if number.dtype.kind == "b":
        value = bool(number)
    elif number.dtype.kind in "iu":
        value = int(number)
    elif number.dtype.kind == "c":
        value = complex(number)
    else:
        value = float(number) if number.dtype.itemsize >= 8 else float(str(number.astype(np.float32)))
    return Expression(number_text(value), UNARY if not isinstance(value, (bool, complex)) and value < 0 else ATOM, value=value, cheap=True)


def number_text(value):
    """A Python number in a program that has imported jax.numpy."""
    if isinstance(value, float) and value != value:
        return "jnp.nan"
    if value in (float("inf"), float("-inf")):
        return "jnp.inf" if value > 0 else "-jnp.inf"
    return repr(value)


def dtype_text(dtype):
    """A dtype as jax.numpy names it."""
    name = np.dtype(dtype).name
    return f"jnp.{'bool_' if name == 'bool' else name}"


def typed(expression, dtype):
    """A literal with a dtype; anything else has one."""
    return call(dtype_text(dtype), expression) if expression.is_literal else expression


def tuple_text(items):
    """A tuple of numbers; one of one element keeps its comma."""
    items = [str(each) for each in items]
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def axis_text(axes):
    """Axes as a reduction takes them."""
    return str(axes[0]) if len(axes) == 1 else tuple_text(axes)


def expanded(expression, dims, rank):
    """x[:, None]: the dimensions of x at `dims` of an array of `rank`."""
    index = ", ".join(":" if place in dims else "None" for place in range(rank))
    if not dims:
        return call("jnp.reshape", expression, tuple_text([1] * rank))
    return Expression(f"{expression.at(ATOM)}[{index}]", cheap=expression.cheap, source=("expanded", expression, tuple(dims), rank))
