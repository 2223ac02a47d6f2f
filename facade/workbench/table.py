"""A JAX primitive as text: a function for each that has no one-line form, and tables for the others.

Each takes the equation's view (`Equation` in source.py): `operands`, expressions; `params`; `shapes` of the operands; `out`, the abstract
result; and returns an expression, or several.
"""

import string

import numpy as np

from facade.workbench.expressions import (ATOM, Expression, axis_text, binary, call, dtype_text, expanded, literal, method, number_text, tuple_text, typed,
                                          unary)

# ---------------------------------------------------------------- one line each
OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "and": "&",
             "or": "|", "xor": "^", "pow": "**", "shift_left": "<<", "shift_right_arithmetic": ">>", "add_any": "+"}
FUNCTIONS = {"max": "jnp.maximum", "min": "jnp.minimum", "atan2": "jnp.arctan2", "nextafter": "jnp.nextafter", "rem": "lax.rem",
             "exp": "jnp.exp", "exp2": "jnp.exp2", "log": "jnp.log", "log1p": "jnp.log1p", "expm1": "jnp.expm1", "sqrt": "jnp.sqrt",
             "rsqrt": "lax.rsqrt", "cbrt": "jnp.cbrt", "sin": "jnp.sin", "cos": "jnp.cos", "tan": "jnp.tan", "tanh": "jnp.tanh", "sinh": "jnp.sinh",
             "cosh": "jnp.cosh", "asin": "jnp.arcsin", "acos": "jnp.arccos", "atan": "jnp.arctan", "asinh": "jnp.arcsinh",
             "acosh": "jnp.arccosh", "atanh": "jnp.arctanh", "abs": "jnp.abs", "sign": "jnp.sign", "floor": "jnp.floor", "ceil": "jnp.ceil",
             "is_finite": "jnp.isfinite", "square": "jnp.square", "erf": "lax.erf", "erfc": "lax.erfc", "erf_inv": "lax.erf_inv", "lgamma": "lax.lgamma",
             "digamma": "lax.digamma", "logistic": "jax.nn.sigmoid", "real": "jnp.real", "imag": "jnp.imag", "conj": "jnp.conj",
             "complex": "lax.complex", "stop_gradient": "lax.stop_gradient", "population_count": "lax.population_count", "igamma": "lax.igamma",
             "igammac": "lax.igammac", "regularized_incomplete_beta": "lax.betainc", "polygamma": "lax.polygamma"}
REDUCTIONS = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod", "reduce_and": "all", "reduce_or": "any"}
CUMULATIVE = {"cumsum": "jnp.cumsum", "cumprod": "jnp.cumprod", "cummax": "lax.cummax", "cummin": "lax.cummin", "cumlogsumexp": "lax.cumlogsumexp"}
ELEMENTWISE = {*OPERATORS, *FUNCTIONS, "select_n", "clamp", "integer_pow", "neg", "not"}


# ---------------------------------------------------------------- arithmetic
def arithmetic(eqn):
    """An operator or function of the tables; a number among its operands has no dtype of its own, but two need one."""
    name = eqn.name
    left, *rest = eqn.operands
    if name == "div" and rest[0].is_literal:
        mean = _mean(left, rest[0].value)
        if mean is not None:
            return mean
    if name == "div" and np.dtype(eqn.out.dtype).kind in "iu":
        return call("lax.div", *(typed(each, eqn.out.dtype) for each in eqn.operands))
    if name in OPERATORS:
        return binary(OPERATORS[name], left, rest[0])
    operands = [typed(each, eqn.out.dtype) for each in eqn.operands] if FUNCTIONS[name].startswith("lax.") or all(
        each.is_literal for each in eqn.operands) else eqn.operands
    return call(FUNCTIONS[name], *operands)


def _mean(total, count):
    """jnp.mean for a sum over `count` elements that is divided by their number."""
    if total.source is None or total.source[0] != "sum" or total.source[1] != count:
        return None
    return Expression(total.source[2].replace("jnp.sum(", "jnp.mean(", 1), source=("reduction", count, total.source[2].replace("jnp.sum(", "jnp.mean(", 1),
                                                                                  total.source[-1]))


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
    if all(each.is_literal for each in cases):
        cases = [typed(cases[0], eqn.out.dtype), cases[1]]
    return call("jnp.where", which, cases[1], cases[0])


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
    return method(operand, "astype", dtype_text(dtype))


# ---------------------------------------------------------------- shapes
def broadcast(eqn):
    """jnp.broadcast_to, x[:, None], or nothing where a consumer broadcasts by itself."""
    operand, shape, dims = eqn.operands[0], eqn.params["shape"], eqn.params["broadcast_dimensions"]
    if operand.is_literal:
        full = call("jnp.full", tuple_text(shape), operand, dtype_text(eqn.out.dtype))
        return Expression(full.text, loose=(operand, ()), cheap=True)
    source = eqn.shapes[0]
    keepdims = _keepdims(operand, dims, source, shape)
    trailing = tuple(dims) == tuple(range(len(shape) - len(dims), len(shape)))
    if keepdims is not None:
        spread, spread_shape = keepdims, tuple(shape[place] if place in dims else 1 for place in range(len(shape)))
    elif trailing:
        spread, spread_shape = operand, source
    else:
        spread = expanded(operand, dims, len(shape))
        spread_shape = tuple(source[dims.index(place)] if place in dims else 1 for place in range(len(shape)))
    if spread_shape == tuple(shape):
        strict = spread
    elif trailing and len([place for place in range(len(shape)) if place not in dims and shape[place] != 1]) == 0 and source == tuple(shape)[-len(source):]:
        strict = expanded(operand, dims, len(shape)) if keepdims is None else spread
    else:
        strict = call("jnp.broadcast_to", spread, tuple_text(shape))
    return Expression(strict.text, strict.level, loose=(spread, spread_shape), cheap=operand.cheap, source=strict.source)


def _keepdims(operand, dims, source, shape):
    """A reduction whose axes come back with one element each."""
    if operand.source is None or operand.source[0] not in ("sum", "reduction"):
        return None
    axes, text = operand.source[-1], operand.source[2]
    if not axes or sorted((*dims, *axes)) != list(range(len(shape))) or any(shape[axis] != 1 for axis in axes):
        return None
    return Expression(f"{text[:-1]}, keepdims=True)", source=(operand.source[0], operand.source[1], f"{text[:-1]}, keepdims=True)", ()))


def transpose(eqn):
    """x.T, or jnp.transpose."""
    operand, order = eqn.operands[0], tuple(eqn.params["permutation"])
    rank = len(order)
    if order == (1, 0):
        return Expression(operand.at(ATOM) + ".T", cheap=operand.cheap)
    if rank > 2 and order == (*range(rank - 2), rank - 1, rank - 2):
        return Expression(operand.at(ATOM) + ".mT", cheap=operand.cheap)
    swapped = [place for place in range(rank) if order[place] != place]
    if len(swapped) == 2:
        return method(operand, "swapaxes", *swapped)
    return method(operand, "transpose", *order)


def reshape(eqn):
    """x.reshape."""
    return method(typed(eqn.operands[0], eqn.out.dtype), "reshape", *eqn.params["new_sizes"] or ("()",))


def squeeze(eqn):
    """x.squeeze, or what was there before it was expanded."""
    source = eqn.operands[0].source
    gone = {axis % len(eqn.shapes[0]) for axis in eqn.params["dimensions"]}
    if source is not None and source[0] == "expanded" and gone == set(range(source[3])) - set(source[2]):
        return source[1]
    return method(eqn.operands[0], "squeeze", axis_text(eqn.params["dimensions"]))


def expand_dims(eqn):
    """jnp.expand_dims."""
    return call("jnp.expand_dims", eqn.operands[0], axis_text(eqn.params["dimensions"]))


def slices(eqn):
    """x[a:b]."""
    params = eqn.params
    return _sliced(eqn.operands[0], params["start_indices"], params["limit_indices"], params["strides"] or [1] * len(eqn.shapes[0]), eqn.shapes[0])


def _sliced(operand, starts, stops, steps, shape):
    parts = []
    for start, stop, step, size in zip(starts, stops, steps, shape):
        part = f"{start or ''}:{'' if stop == size else stop}"
        parts.append(part if step == 1 else f"{part}:{step}")
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    if len(parts) > 2 and all(part == ":" for part in parts[:-1]) and len(parts) == len(shape):
        parts = ["...", parts[-1]]
    return Expression(f"{operand.at(ATOM)}[{', '.join(parts)}]")


def split(eqn):
    """jnp.split at the running sums of the sizes."""
    sizes, axis = eqn.params["sizes"], eqn.params["axis"]
    where = len(sizes) if len(set(sizes)) == 1 else [int(each) for each in np.cumsum(sizes)[:-1]]
    return call("jnp.split", eqn.operands[0], where, axis=axis)


def concatenate(eqn):
    """jnp.concatenate."""
    return call("jnp.concatenate", f"[{', '.join(typed(each, eqn.out.dtype).text for each in eqn.operands)}]", axis=eqn.params["dimension"])


def stack(eqn):
    """jnp.stack."""
    return call("jnp.stack", f"[{', '.join(typed(each, eqn.out.dtype).text for each in eqn.operands)}]", axis=eqn.params["axis"])


def pad(eqn):
    """jnp.pad where nothing is cut off or put between, else lax.pad."""
    operand, filling = eqn.operands
    config = [tuple(int(each) for each in row) for row in eqn.params["padding_config"]]
    if filling.is_literal and all(low >= 0 and high >= 0 and not between for low, high, between in config):
        value = None if filling.value == 0 else filling.text
        return call("jnp.pad", operand, tuple_text([(low, high) for low, high, _ in config]), constant_values=value)
    return call("lax.pad", operand, typed(filling, eqn.out.dtype), config)


def reverse(eqn):
    """jnp.flip."""
    return call("jnp.flip", eqn.operands[0], axis_text(eqn.params["dimensions"]))


def iota(eqn):
    """jnp.arange, along one dimension of more."""
    shape, dimension, dtype = eqn.params["shape"], eqn.params["dimension"], dtype_text(eqn.params["dtype"])
    line = call("jnp.arange", shape[dimension], dtype=dtype)
    spread = line if dimension == len(shape) - 1 else expanded(line, (dimension,), len(shape))
    if len(shape) == 1:
        return line
    spread_shape = (shape[dimension],) if dimension == len(shape) - 1 else tuple(size if place == dimension else 1 for place, size in enumerate(shape))
    return Expression(call("lax.broadcasted_iota", dtype, tuple_text(shape), dimension).text, loose=(spread, spread_shape))


# ---------------------------------------------------------------- reductions
def reduction(eqn):
    """jnp.sum over axes; it remembers how many elements it takes together."""
    axes = tuple(eqn.params["axes"])
    name = REDUCTIONS[eqn.name]
    made = call(f"jnp.{name}", eqn.operands[0], axis=None if len(axes) == len(eqn.shapes[0]) else axis_text(axes))
    count = int(np.prod([eqn.shapes[0][axis] for axis in axes]))
    return Expression(made.text, source=("sum" if name == "sum" else "reduction", count, made.text, axes))


def arg_reduction(eqn):
    """jnp.argmax."""
    made = call(f"jnp.{eqn.name}", eqn.operands[0], axis=axis_text(eqn.params["axes"]))
    return method(made, "astype", dtype_text(eqn.params["index_dtype"]))


def cumulative(eqn):
    """jnp.cumsum along an axis, perhaps from its end."""
    axis, operand = eqn.params["axis"], eqn.operands[0]
    if not eqn.params["reverse"]:
        return call(CUMULATIVE[eqn.name], operand, axis=axis)
    return call(f"lax.{eqn.name}", operand, axis=axis, reverse=True)


def sort(eqn):
    """lax.sort of one array or several together."""
    params = eqn.params
    operands = eqn.operands[0] if len(eqn.operands) == 1 else tuple_text([each.text for each in eqn.operands])
    made = call("lax.sort", operands, dimension=params["dimension"], is_stable=params["is_stable"],
                num_keys=params["num_keys"] if len(eqn.operands) > 1 else None)
    return made


def top_k(eqn):
    """lax.top_k."""
    return call("lax.top_k", eqn.operands[0], eqn.params["k"])


# ---------------------------------------------------------------- products
def product(eqn):
    """x @ y where that says it, else jnp.einsum."""
    (contracted, batch), (one, other) = eqn.params["dimension_numbers"], eqn.shapes
    left, right = eqn.operands
    (left_sum,), (right_sum,) = (each if len(each) == 1 else (None,) for each in contracted)
    ordered = tuple(batch[0]) == tuple(batch[1]) == tuple(range(len(batch[0])))
    rank = len(batch[0])
    if _plain(eqn) and ordered and left_sum == len(one) - 1 and len(other) <= rank + 2 and (rank == 0 or len(one) == len(other) == rank + 2):
        if len(other) == rank + 1 or right_sum == rank:
            return binary("@", left, right)
        if right_sum == rank + 1:
            return binary("@", left, Expression(right.at(ATOM) + (".T" if rank == 0 else ".mT")))
    return einsum(eqn, contracted, batch)


def _plain(eqn):
    """Whether nothing is asked for beside the product itself."""
    preferred = eqn.params.get("preferred_element_type")
    return (preferred is None or np.dtype(preferred) == np.dtype(eqn.dtypes[0])) and eqn.params.get("precision") is None \
        and eqn.dtypes[0] == eqn.dtypes[1]


def einsum(eqn, contracted, batch):
    """jnp.einsum with a letter for each dimension."""
    (one, other), letters = eqn.shapes, iter(string.ascii_lowercase)
    left = [next(letters) for _ in one]
    right = [None] * len(other)
    for places in (contracted, batch):
        for at_left, at_right in zip(*places):
            right[at_right] = left[at_left]
    right = [next(letters) if each is None else each for each in right]
    shared = [left[place] for place in batch[0]]
    gone = {left[place] for place in contracted[0]}
    result = shared + [each for each in left if each not in gone and each not in shared] + [each for each in right if each not in left]
    preferred = eqn.params.get("preferred_element_type")
    return call("jnp.einsum", f"'{''.join(left)},{''.join(right)}->{''.join(result)}'", *eqn.operands,
                preferred_element_type=None if _plain(eqn) or preferred is None else dtype_text(preferred))


def convolution(eqn):
    """lax.conv_general_dilated, what is as usual left out."""
    params, numbers = eqn.params, eqn.params["dimension_numbers"]
    count = len(params["window_strides"])

    def unless_one(name):
        return None if tuple(params[name]) == (1,) * count else tuple_text(params[name])
    usual = all(tuple(each) == tuple(range(count + 2)) for each in numbers)
    spec = None if usual and count == 2 else _layout(numbers, count)
    return call("lax.conv_general_dilated", *eqn.operands, window_strides=tuple_text(params["window_strides"]),
                padding=tuple_text([tuple(int(each) for each in pair) for pair in params["padding"]]),
                lhs_dilation=unless_one("lhs_dilation"), rhs_dilation=unless_one("rhs_dilation"), dimension_numbers=spec,
                feature_group_count=params["feature_group_count"] if params["feature_group_count"] > 1 else None,
                batch_group_count=params["batch_group_count"] if params["batch_group_count"] > 1 else None)


def _layout(numbers, count):
    """The dimension numbers as letters, such as ('NCHW', 'OIHW', 'NCHW')."""
    spatial = "DHW"[-count:] if count <= 3 else string.ascii_lowercase[:count]
    texts = []
    for places, (first, second) in zip(numbers, ("NC", "OI", "NC")):
        letters = dict(zip(places, (first, second, *spatial)))
        texts.append("".join(letters[place] for place in range(count + 2)))
    return repr(tuple(texts))


_WINDOWS = {"reduce_window_max": ("-jnp.inf", "lax.max"), "reduce_window_min": ("jnp.inf", "lax.min"), "reduce_window_sum": ("0.0", "lax.add")}


def window(eqn):
    """lax.reduce_window."""
    params, (start, reducer) = eqn.params, _WINDOWS[eqn.name]
    if np.dtype(eqn.out.dtype).kind != "f":
        start = call(dtype_text(eqn.out.dtype), 0).text if reducer == "lax.add" else f"jnp.iinfo({dtype_text(eqn.out.dtype)}).{reducer[4:].translate(_OTHER)}"

    def unless_one(name):
        return None if set(params[name]) == {1} else tuple_text(params[name])
    return call("lax.reduce_window", eqn.operands[0], start, reducer, tuple_text(params["window_dimensions"]), tuple_text(params["window_strides"]),
                tuple_text([tuple(int(each) for each in pair) for pair in params["padding"]]),
                base_dilation=unless_one("base_dilation"), window_dilation=unless_one("window_dilation"))


_OTHER = str.maketrans({"a": "i", "x": "n"})


# ---------------------------------------------------------------- indexing
def gather(eqn):
    """Rows of a table by index; anything else by lax.gather with all it needs."""
    params, numbers = eqn.params, eqn.params["dimension_numbers"]
    table, indices = eqn.shapes
    rows = (1, *table[1:])
    if tuple(numbers.start_index_map) == (0,) == tuple(numbers.collapsed_slice_dims) and tuple(params["slice_sizes"]) == rows \
            and not numbers.operand_batching_dims and tuple(numbers.offset_dims) == tuple(range(len(indices) - 1, len(indices) - 2 + len(table))):
        source = eqn.operands[1].source
        index = source[1] if source and source[0] == "expanded" and source[2] == tuple(range(source[3] - 1)) else method(eqn.operands[1], "squeeze", -1)
        inside = "promise_in_bounds" in str(params["mode"]).lower()
        if inside:
            return Expression(f"{eqn.operands[0].at(ATOM)}[{index.text}]")
        return call("jnp.take", eqn.operands[0], index, axis=0, mode=None if inside else _mode(params["mode"]), fill_value=_filling(params))
    return call("lax.gather", *eqn.operands,
                _numbers("GatherDimensionNumbers", numbers, ("offset_dims", "collapsed_slice_dims", "start_index_map"), _BATCHING[0]), tuple_text(params["slice_sizes"]),
                mode=_mode(params["mode"]), fill_value=_filling(params))


def _filling(params):
    value = params.get("fill_value")
    return None if value is None else number_text(value)


def _mode(mode):
    name = str(mode).rsplit(".", 1)[-1].lower()
    return {"fill_or_drop": "'fill'", "clip": "'clip'", "promise_in_bounds": "'promise_in_bounds'"}.get(name, f"'{name}'")


def _numbers(name, numbers, always, perhaps):
    """Dimension numbers as the call that makes them."""
    given = {field: tuple(getattr(numbers, field)) for field in (*always, *perhaps)}
    return f"lax.{name}({', '.join(f'{field}={value}' for field, value in given.items() if value or field in always)})"


_BATCHING = ("operand_batching_dims", "start_indices_batching_dims"), ("operand_batching_dims", "scatter_indices_batching_dims")
_SCATTERS = {"scatter": "lax.scatter", "scatter-add": "lax.scatter_add", "scatter_add": "lax.scatter_add", "scatter-mul": "lax.scatter_mul",
             "scatter_mul": "lax.scatter_mul", "scatter-min": "lax.scatter_min", "scatter_min": "lax.scatter_min", "scatter-max": "lax.scatter_max",
             "scatter_max": "lax.scatter_max"}


def scatter(eqn):
    """lax.scatter and its kin, with all they need."""
    params, numbers = eqn.params, eqn.params["dimension_numbers"]
    text = _numbers("ScatterDimensionNumbers", numbers, ("update_window_dims", "inserted_window_dims", "scatter_dims_to_operand_dims"), _BATCHING[1])
    mode = _mode(params["mode"]).replace("fill", "drop")
    operands = [typed(eqn.operands[0], eqn.dtypes[0]), eqn.operands[1], typed(eqn.operands[2], eqn.dtypes[2])]
    return call(_SCATTERS[eqn.name], *operands, text, mode=mode,
                indices_are_sorted=params["indices_are_sorted"] or None, unique_indices=params["unique_indices"] or None)


def dynamic_slice(eqn):
    """x[a:b] where it is known, else lax.dynamic_slice."""
    starts, sizes = eqn.operands[1:], eqn.params["slice_sizes"]
    if all(each.is_literal for each in starts):
        starts = [min(max(each.value, 0), whole - size) for each, whole, size in zip(starts, eqn.shapes[0], sizes)]
        return _sliced(eqn.operands[0], starts, [start + size for start, size in zip(starts, sizes)], [1] * len(sizes), eqn.shapes[0])
    return call("lax.dynamic_slice", eqn.operands[0], tuple_text([each.text for each in eqn.operands[1:]]), tuple_text(eqn.params["slice_sizes"]))


def dynamic_update_slice(eqn):
    """lax.dynamic_update_slice."""
    return call("lax.dynamic_update_slice", *eqn.operands[:2], tuple_text([each.text for each in eqn.operands[2:]]))


def primitive_itself(eqn):
    """The primitive bound by hand, where its parameters are plain data; else NotImplementedError with its name."""
    params = {key: repr(value) for key, value in eqn.params.items()}
    if eqn.primitive_home is None or any("<" in text or "np." in text or "object at" in text for text in params.values()):
        raise NotImplementedError(f"the primitive '{eqn.name}' has no text here; show the program by its jaxpr instead (`.jaxpr`)")
    return call(f"{eqn.primitive_home}.bind", *(typed(each, dtype) for each, dtype in zip(eqn.operands, eqn.dtypes)), **params)


TABLE = {"integer_pow": integer_pow, "neg": neg, "not": invert, "select_n": select, "clamp": clamp, "convert_element_type": convert,
         "broadcast_in_dim": broadcast, "transpose": transpose, "reshape": reshape, "squeeze": squeeze, "expand_dims": expand_dims, "slice": slices,
         "split": split, "concatenate": concatenate, "stack": stack, "pad": pad, "rev": reverse, "iota": iota, "argmax": arg_reduction, "argmin": arg_reduction,
         "sort": sort, "top_k": top_k, "dot_general": product, "conv_general_dilated": convolution, "gather": gather,
         "dynamic_slice": dynamic_slice, "dynamic_update_slice": dynamic_update_slice,
         **dict.fromkeys((*OPERATORS, *FUNCTIONS), arithmetic), **dict.fromkeys(REDUCTIONS, reduction), **dict.fromkeys(CUMULATIVE, cumulative),
         **dict.fromkeys(_WINDOWS, window), **dict.fromkeys(_SCATTERS, scatter)}
