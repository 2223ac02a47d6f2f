"""Products and windows: `@` where that says it, einsum, convolutions, pooling, triangular systems."""

import string

import numpy as np

from facade.workbench.emitting.expressions import ATOM, Expression, binary, call, dtype_text, number_text, tuple_text


def product(eqn):
    """x @ y where that says it, else jnp.einsum."""
    (contracted, batch), (one, other) = eqn.params["dimension_numbers"], eqn.shapes
    left, right = eqn.operands
    (left_sum,), (right_sum,) = (each if len(each) == 1 else (None,) for each in contracted)
    rank = len(batch[0])
    is_ordered = tuple(batch[0]) == tuple(batch[1]) == tuple(range(rank))
    fits = len(other) <= rank + 2 and (rank == 0 or len(one) == len(other) == rank + 2)
    if _is_plain(eqn) and is_ordered and fits and left_sum == len(one) - 1:
        if len(other) == rank + 1 or right_sum == rank:
            return binary("@", left, right)
        if right_sum == rank + 1:
            return binary("@", left, Expression(right.at(ATOM) + (".T" if rank == 0 else ".mT")))
    return _einsum(eqn, contracted, batch)


def _is_plain(eqn):
    """Whether nothing is asked for beside the product itself."""
    preferred = eqn.params.get("preferred_element_type")
    return (preferred is None or np.dtype(preferred) == np.dtype(eqn.dtypes[0])) and eqn.params.get("precision") is None \
        and eqn.dtypes[0] == eqn.dtypes[1]


def _einsum(eqn, contracted, batch):
    """jnp.einsum with a letter for each dimension."""
    (one, other), letters = eqn.shapes, iter(string.ascii_lowercase)
    left = [next(letters) for _ in one]
    right = [None] * len(other)
    for places in (contracted, batch):
        for at_left, at_right in zip(*places):
            right[at_right] = left[at_left]
    right = [next(letters) if each is None else each for each in right]
    shared, gone = [left[place] for place in batch[0]], {left[place] for place in contracted[0]}
    result = [*shared, *(each for each in left if each not in gone and each not in shared), *(each for each in right if each not in left)]
    preferred, spelt = eqn.params.get("preferred_element_type"), "".join
    return call("jnp.einsum", f'"{spelt(left)},{spelt(right)}->{spelt(result)}"', *eqn.operands,
                preferred_element_type=None if _is_plain(eqn) or preferred is None else dtype_text(preferred))


# ---------------------------------------------------------------- convolutions
def convolution(eqn):
    """lax.conv, or with more than strides and a named padding lax.conv_general_dilated, what is as usual left out."""
    params, count = eqn.params, len(eqn.params["window_strides"])
    numbers, padding = params["dimension_numbers"], _padding(eqn)
    is_usual = all(tuple(each) == tuple(range(count + 2)) for each in numbers)
    options = {"lhs_dilation": _unless_ones(params["lhs_dilation"]), "rhs_dilation": _unless_ones(params["rhs_dilation"]),
               "dimension_numbers": None if is_usual else _layout(numbers, count),
               "feature_group_count": params["feature_group_count"] if params["feature_group_count"] > 1 else None,
               "batch_group_count": params["batch_group_count"] if params["batch_group_count"] > 1 else None}
    strides = tuple_text(params["window_strides"])
    if padding.startswith('"') and set(options.values()) == {None}:
        return call("lax.conv", *eqn.operands, strides, padding)
    return call("lax.conv_general_dilated", *eqn.operands, window_strides=strides, padding=padding, **options)


def _unless_ones(numbers):
    return None if set(numbers) == {1} else tuple_text(numbers)


def _padding(eqn):
    """The padding of a convolution; by name where it has one and nothing is dilated."""
    params = eqn.params
    pairs = [tuple(int(each) for each in pair) for pair in params["padding"]]
    sizes = [eqn.shapes[1][place] for place in params["dimension_numbers"][1][2:]]
    plain = {*params["window_strides"], *params["lhs_dilation"], *params["rhs_dilation"]} == {1}
    return _padding_text(pairs, is_same=plain and pairs == [((size - 1) // 2, size // 2) for size in sizes])


def _padding_text(pairs, is_same=False):
    if not any(map(any, pairs)):
        return '"VALID"'
    return '"SAME"' if is_same else tuple_text(pairs)


def _layout(numbers, count):
    """The dimension numbers as letters, such as ("NCHW", "OIHW", "NCHW")."""
    spatial = "DHW"[-count:] if count <= 3 else string.ascii_lowercase[:count]
    texts = []
    for places, (first, second) in zip(numbers, ("NC", "OI", "NC")):
        letters = dict(zip(places, (first, second, *spatial)))
        texts.append("".join(letters[place] for place in range(count + 2)))
    return tuple_text([f'"{text}"' for text in texts])


# ---------------------------------------------------------------- windows
_WINDOWS = {"reduce_window_max": ("lax.max", "min"), "reduce_window_min": ("lax.min", "max"), "reduce_window_sum": ("lax.add", None)}


def window(eqn):
    """lax.reduce_window."""
    params = eqn.params
    padding = _padding_text([tuple(int(each) for each in pair) for pair in params["padding"]])
    return call("lax.reduce_window", eqn.operands[0], _start(eqn), _WINDOWS[eqn.name][0], tuple_text(params["window_dimensions"]),
                tuple_text(params["window_strides"]), padding, base_dilation=_unless_ones(params["base_dilation"]),
                window_dilation=_unless_ones(params["window_dilation"]))


def _start(eqn):
    """What a window's reduction begins with."""
    extreme, dtype = _WINDOWS[eqn.name][1], np.dtype(eqn.out.dtype)
    if extreme is None:
        return "0.0" if dtype.kind == "f" else call(dtype_text(dtype), 0).text
    return number_text(float("-inf" if extreme == "min" else "inf")) if dtype.kind == "f" else f"jnp.iinfo({dtype_text(dtype)}).{extreme}"


# ---------------------------------------------------------------- linear algebra
def triangular_solve(eqn):
    """lax.linalg.triangular_solve, what is as usual left out."""
    return call("lax.linalg.triangular_solve", *eqn.operands, **{name: value for name, value in eqn.params.items() if value})


def cholesky(eqn):
    """lax.linalg.cholesky of a matrix that is symmetric already."""
    return call("lax.linalg.cholesky", *eqn.operands, symmetrize_input=False)


ROWS = {"dot_general": product, "conv_general_dilated": convolution, **dict.fromkeys(_WINDOWS, window),
        "triangular_solve": triangular_solve, "cholesky": cholesky}
