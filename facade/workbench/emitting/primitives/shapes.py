"""Primitives that arrange elements anew: broadcasts, permutations, slices, and what is put together."""

import numpy as np

from facade.workbench.emitting.expressions import (ATOM, Expanded, Expression, Joined, Reduced, Sliced, axis_text, call, dtype_text,
                                          dtype_unless_usual, expanded, filled, indexed, method, tuple_text, typed)

SHORT = 14      # letters of a part that may be written twice


# ---------------------------------------------------------------- broadcasts
def broadcast(eqn):
    """jnp.broadcast_to, x[:, None], or nothing where a consumer broadcasts by itself."""
    operand, shape, dims = eqn.operands[0], tuple(eqn.params["shape"]), tuple(eqn.params["broadcast_dimensions"])
    if operand.is_literal:
        return filled(shape, operand, eqn.out.dtype, eqn.wide)
    spread, spread_shape = _spread(operand, dims, eqn.shapes[0], shape)
    if spread_shape == shape:
        strict = spread
    elif _only_ones_lead(dims, eqn.shapes[0], shape):
        strict = expanded(operand, dims, len(shape))
    else:
        strict = call("jnp.broadcast_to", spread, tuple_text(shape))
    return Expression(strict.text, strict.level, loose=(spread, spread_shape), cheap=operand.cheap, source=strict.source)


def _spread(operand, dims, source, shape):
    """(expression, shape) of what NumPy would broadcast to `shape`."""
    kept = _keepdims(operand, dims, source, shape)
    if kept is not None:
        return kept, tuple(shape[place] if place in dims else 1 for place in range(len(shape)))
    if dims == tuple(range(len(shape) - len(dims), len(shape))):
        return operand, source
    return expanded(operand, dims, len(shape)), tuple(source[dims.index(place)] if place in dims else 1 for place in range(len(shape)))


def _only_ones_lead(dims, source, shape):
    """Whether a broadcast does nothing but put dimensions of one element in front."""
    return source == shape[len(shape) - len(source):] and all(shape[place] == 1 for place in range(len(shape)) if place not in dims)


def _keepdims(operand, dims, source, shape):
    """A reduction whose axes come back with one element each."""
    made = operand.source
    if not isinstance(made, Reduced) or made.keepdims or sorted((*dims, *made.axes)) != list(range(len(shape))):
        return None
    is_kept = all(shape[axis] == 1 for axis in made.axes) and tuple(source) == tuple(shape[place] for place in dims)
    return made._replace(keepdims=True).expression if is_kept else None


def expand_dims(eqn):
    """jnp.expand_dims."""
    return call("jnp.expand_dims", eqn.operands[0], axis_text(eqn.params["dimensions"]))


def iota(eqn):
    """jnp.arange, along one dimension of more."""
    shape, dimension = eqn.params["shape"], eqn.params["dimension"]
    line = call("jnp.arange", shape[dimension], dtype=dtype_unless_usual(eqn.params["dtype"], eqn.wide))
    if len(shape) == 1:
        return line
    spread = line if dimension == len(shape) - 1 else expanded(line, (dimension,), len(shape))
    spread_shape = tuple(size if place == dimension else 1 for place, size in enumerate(shape))[dimension if spread is line else 0:]
    whole = call("lax.broadcasted_iota", dtype_text(eqn.params["dtype"]), tuple_text(shape), dimension)
    return Expression(whole.text, loose=(spread, spread_shape))


# ---------------------------------------------------------------- the same elements in another shape
def transpose(eqn):
    """x.T, x.mT, x.swapaxes, or x.transpose."""
    operand, order = eqn.operands[0], tuple(eqn.params["permutation"])
    rank = len(order)
    if order == tuple(reversed(range(rank))) and rank == 2:
        return Expression(f"{operand.at(ATOM)}.T", cheap=operand.cheap)
    if order == (*range(rank - 2), rank - 1, rank - 2):
        return Expression(f"{operand.at(ATOM)}.mT", cheap=operand.cheap)
    swapped = [place for place, each in enumerate(order) if place != each]
    if len(swapped) == 2:
        return method(operand, "swapaxes", *swapped)
    return method(operand, "transpose", *order)


def reshape(eqn):
    """x[:, None] where dimensions of one element come behind, else x.reshape."""
    sizes, before = tuple(eqn.params["new_sizes"]), tuple(eqn.shapes[0])
    operand = typed(eqn.operands[0], eqn.out.dtype)
    if before and sizes[:len(before)] == before and set(sizes[len(before):]) == {1}:
        return expanded(operand, tuple(range(len(before))), len(sizes))
    return method(operand, "reshape", *sizes or ("()",))


def squeeze(eqn):
    """x[0] of a slice, what was there before it was expanded, or x.squeeze."""
    operand = eqn.operands[0]
    gone = {axis % len(eqn.shapes[0]) for axis in eqn.params["dimensions"]}
    if isinstance(operand.source, Expanded) and gone == set(range(operand.source.rank)) - set(operand.source.dims):
        return operand.source.operand
    if isinstance(operand.source, Sliced):
        return sliced(operand, ((0, size, 1, size) for size in eqn.shapes[0]), gone)
    return method(operand, "squeeze", axis_text(eqn.params["dimensions"]))


def reverse(eqn):
    """jnp.flip."""
    return call("jnp.flip", eqn.operands[0], axis_text(eqn.params["dimensions"]))


# ---------------------------------------------------------------- parts
def slices(eqn):
    """x[a:b]."""
    params, shape = eqn.params, eqn.shapes[0]
    return sliced(eqn.operands[0], zip(params["start_indices"], params["limit_indices"], params["strides"] or [1] * len(shape), shape))


def sliced(operand, parts, gone=frozenset()):
    """x[a:b, ::c]; the dimensions `gone` are indexed with a number. What is cut out of a part is cut out of the whole."""
    parts, source = tuple(parts), operand.source
    if isinstance(source, Sliced):
        whole = list(source.parts)
        for place, part in zip(source.dims, parts):
            whole[place] = within(whole[place], part)
        operand, parts, gone = source.operand, tuple(whole), source.gone | {source.dims[place] for place in gone}
    elif isinstance(source, Expanded) and gone and gone == set(range(source.rank)) - set(source.dims):
        inner = tuple(parts[place] for place in source.dims)
        return source.operand if all(part == (0, part[3], 1, part[3]) for part in inner) else sliced(source.operand, inner)
    text = indexed(operand, index_texts(parts, gone)).text
    return Expression(text, source=Sliced(operand, parts, frozenset(gone)), cheap=operand.cheap and len(text) <= SHORT)


def index_texts(parts, gone=()):
    """What stands in the brackets for each dimension; the dimensions `gone` are indexed with a number."""
    return [str(start) if place in gone else _range(start, stop, step, size) for place, (start, stop, step, size) in enumerate(parts)]


def within(outer, inner):
    """A part of a part."""
    first, _, stride, size = outer
    start, stop, step, _ = inner
    end = first + (stop - 1) * stride + 1
    return first + start * stride, size if end + stride * step > size and step > 1 else end, stride * step, size


def _range(start, stop, step, size):
    part = f"{start or ''}:{'' if stop == size else stop}"
    return part if step == 1 else f"{part}:{step}"


def split(eqn):
    """jnp.split at the running sums of the sizes."""
    sizes, axis = eqn.params["sizes"], eqn.params["axis"]
    where = len(sizes) if len(set(sizes)) == 1 else [int(each) for each in np.cumsum(sizes)[:-1]]
    return call("jnp.split", eqn.operands[0], where, axis=axis or None)


# ---------------------------------------------------------------- put together
def _listed(eqn):
    return f"[{', '.join(typed(each, eqn.out.dtype).text for each in eqn.operands)}]"


def concatenate(eqn):
    """jnp.concatenate."""
    axis = eqn.params["dimension"]
    return Expression(call("jnp.concatenate", _listed(eqn), axis=axis or None).text, source=Joined(tuple(eqn.operands), axis))


def stack(eqn):
    """jnp.stack; of one array, that array with one more dimension."""
    axis, rank = eqn.params["axis"], len(eqn.shapes[0]) + 1
    if len(eqn.operands) == 1 and rank > 1:
        return expanded(eqn.operands[0], tuple(place for place in range(rank) if place != axis), rank)
    return call("jnp.stack", _listed(eqn), axis=axis or None)


def pad(eqn):
    """jnp.pad where nothing is cut off or put between, else lax.pad."""
    operand, filling = eqn.operands
    config = [tuple(int(each) for each in row) for row in eqn.params["padding_config"]]
    if filling.is_literal and all(low >= 0 and high >= 0 and not between for low, high, between in config):
        value = None if filling.value == 0 else filling.text
        return call("jnp.pad", operand, tuple_text([(low, high) for low, high, _ in config]), constant_values=value)
    return call("lax.pad", operand, typed(filling, eqn.out.dtype), config)


ROWS = {"broadcast_in_dim": broadcast, "expand_dims": expand_dims, "iota": iota, "transpose": transpose, "reshape": reshape,
        "squeeze": squeeze, "rev": reverse, "slice": slices, "split": split, "concatenate": concatenate, "stack": stack, "pad": pad}
