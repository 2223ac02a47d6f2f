"""Primitives that work element by element, most of them a line of a table."""

import numpy as np

from facade.workbench.emitting.expressions import (Converted, Expression, Negated, Truth, Wrapped, binary, call, dtype_text, dtype_unless_usual,
                                          literal, method, typed, unary)

OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
             "and": "&", "or": "|", "xor": "^", "pow": "**", "shift_left": "<<", "shift_right_arithmetic": ">>", "add_any": "+"}
FUNCTIONS = {"max": "jnp.maximum", "min": "jnp.minimum", "atan2": "jnp.arctan2", "nextafter": "jnp.nextafter", "rem": "lax.rem",
             "exp": "jnp.exp", "exp2": "jnp.exp2", "log": "jnp.log", "log1p": "jnp.log1p", "expm1": "jnp.expm1", "sqrt": "jnp.sqrt",
             "rsqrt": "lax.rsqrt", "cbrt": "jnp.cbrt", "sin": "jnp.sin", "cos": "jnp.cos", "tan": "jnp.tan", "tanh": "jnp.tanh",
             "sinh": "jnp.sinh", "cosh": "jnp.cosh", "asin": "jnp.arcsin", "acos": "jnp.arccos", "atan": "jnp.arctan",
             "asinh": "jnp.arcsinh", "acosh": "jnp.arccosh", "atanh": "jnp.arctanh", "abs": "jnp.abs", "sign": "jnp.sign",
             "floor": "jnp.floor", "ceil": "jnp.ceil", "is_finite": "jnp.isfinite", "square": "jnp.square", "erf": "lax.erf",
             "erfc": "lax.erfc", "erf_inv": "lax.erf_inv", "lgamma": "lax.lgamma", "digamma": "lax.digamma",
             "logistic": "jax.nn.sigmoid", "real": "jnp.real", "imag": "jnp.imag", "conj": "jnp.conj", "complex": "lax.complex",
             "stop_gradient": "lax.stop_gradient", "population_count": "lax.population_count", "igamma": "lax.igamma",
             "igammac": "lax.igammac", "regularized_incomplete_beta": "lax.betainc", "polygamma": "lax.polygamma"}


def operator(eqn):
    """An operator of the table; a number among its operands has no dtype of its own."""
    left, right = eqn.operands
    if eqn.name == "div" and np.dtype(eqn.out.dtype).kind in "iu":
        return call("lax.div", *(typed(each, eqn.out.dtype) for each in eqn.operands))
    if eqn.name in ("add", "add_any") and isinstance(right.source, Negated):
        return binary("-", left, right.source.operand)
    return binary(OPERATORS[eqn.name], left, right)


def function(eqn):
    """A function of the table; one of `lax` wants arrays of one dtype, and any other at least one array."""
    name, operands = FUNCTIONS[eqn.name], eqn.operands
    if name.startswith("lax.") or all(each.is_literal for each in operands):
        operands = [typed(each, eqn.out.dtype) for each in operands]
    return call(name, *operands)


def integer_pow(eqn):
    """x**2."""
    return binary("**", eqn.operands[0], literal(np.int64(eqn.params["y"])))


def neg(eqn):
    """-x."""
    return unary("-", eqn.operands[0])


def invert(eqn):
    """~x."""
    return unary("~", eqn.operands[0])


def select(eqn):
    """jnp.where, whose cases stand the other way round."""
    which, *cases = eqn.operands
    if len(cases) != 2:
        return call("lax.select_n", which, *(typed(each, eqn.out.dtype) for each in cases))
    if all(each.is_literal for each in cases) and dtype_unless_usual(eqn.out.dtype, eqn.wide) is not None:
        cases = [typed(cases[0], eqn.out.dtype), cases[1]]
    wrapped = _wrapped(which, *cases)
    return Expression(call("jnp.where", which, cases[1], cases[0]).text, source=wrapped, cheap=wrapped is not None)


def _wrapped(which, index, from_end):
    """An index that counts from the end where it is negative, None for any other choice."""
    size = from_end.text.removeprefix(f"{index.text} + ")
    return Wrapped(index, int(size)) if which.text == f"{index.text} < 0" and size.isdigit() else None


def clamp(eqn):
    """jnp.clip(x, low, high)."""
    low, value, high = eqn.operands
    return call("jnp.clip", value, low, high)


def convert(eqn):
    """x.astype, or the number in another dtype."""
    operand, dtype = eqn.operands[0], np.dtype(eqn.params["new_dtype"])
    if operand.is_literal:
        with np.errstate(all="ignore"):
            return literal(np.asarray(operand.value).astype(dtype))
    if eqn.untyped:
        return call(dtype_text(dtype), operand)
    operand = operand.source.operand if isinstance(operand.source, Truth) else operand
    return Expression(method(operand, "astype", dtype_text(dtype)).text, source=_conversion(operand, eqn.dtypes[0], dtype))


def _conversion(operand, before, after):
    """What a consumer may see through: an index is the same in 32 bits or 64, and what is true counts as 1 anyway."""
    kind = np.dtype(before).kind
    if kind == "b" and after.kind in "iuf":
        return Truth(operand)
    return Converted(operand) if kind in "iu" and after.kind in "iu" and after.itemsize >= 4 else None


ROWS = {**dict.fromkeys(OPERATORS, operator), **dict.fromkeys(FUNCTIONS, function), "integer_pow": integer_pow, "neg": neg, "not": invert,
        "select_n": select, "clamp": clamp, "convert_element_type": convert}
ELEMENTWISE = ROWS.keys() - {"convert_element_type"}
