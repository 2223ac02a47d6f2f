"""Primitives that read and write at places that are data."""

from facade.workbench.emitting.expressions import (ATOM, Converted, Expanded, Expression, Joined, Updated, Wrapped, call, expanded, filled, indexed,
                                          method, number_text, tuple_text, typed, uniform)
from facade.workbench.emitting.primitives.shapes import index_texts, sliced, within

_BATCHING = {"Gather": ("operand_batching_dims", "start_indices_batching_dims"),
             "Scatter": ("operand_batching_dims", "scatter_indices_batching_dims")}


# ---------------------------------------------------------------- reading
def gather(eqn):
    """x[indices], jnp.take where it matters what is out of range, or lax.gather with all it needs."""
    table, axis, along, mode = eqn.operands[0], _axis_taken(eqn), _axis_along(eqn), _mode(eqn.params["mode"])
    if axis is None and along is None:
        return _gather(eqn)
    index = _index(eqn)
    wraps = isinstance(index.source, Wrapped) and index.source.size == eqn.shapes[0][along if axis is None else axis]
    index = _without_casts(index.source.operand if wraps else index)
    if axis is None:
        return call("jnp.take_along_axis", table, index, axis=along, mode='"clip"' if "clip" in mode else None)
    if wraps or "promise" in mode:
        return indexed(table, [*":" * axis, index.text])
    return call("jnp.take", table, index, axis=axis, mode=mode, fill_value=_filling(eqn.params))


def _axis_along(eqn):
    """The axis along which each place of the other axes has indices of its own, None where a gather is none of that kind."""
    numbers, rank = eqn.params["dimension_numbers"], len(eqn.shapes[0])
    if numbers.offset_dims or len(numbers.start_index_map) != 1 or set(eqn.params["slice_sizes"]) != {1}:
        return None
    axis = numbers.start_index_map[0]
    others = tuple(place for place in range(rank) if place != axis)
    is_own = tuple(numbers.operand_batching_dims) == others == tuple(numbers.start_indices_batching_dims)
    return axis if is_own and len(eqn.shapes[1]) == rank + 1 else None


def _axis_taken(eqn):
    """The axis along which whole slices are taken, None where a gather is more than that."""
    numbers, (table, indices) = eqn.params["dimension_numbers"], eqn.shapes
    taken = tuple(numbers.start_index_map)
    if len(taken) != 1 or tuple(numbers.collapsed_slice_dims) != taken or numbers.operand_batching_dims:
        return None
    axis = numbers.start_index_map[0]
    behind = axis + len(indices) - 1
    is_whole = tuple(eqn.params["slice_sizes"]) == (*table[:axis], 1, *table[axis + 1:])
    return axis if is_whole and tuple(numbers.offset_dims) == (*range(axis), *range(behind, behind + len(table) - 1 - axis)) else None


def _index(eqn):
    """The index without the last dimension of one element that a gather has it with."""
    operand = eqn.operands[1]
    if uniform(operand) is not None:
        return filled(eqn.shapes[1][:-1], uniform(operand), eqn.dtypes[1], eqn.wide)
    source = _without_casts(operand).source
    if isinstance(source, Expanded) and source.rank - 1 not in source.dims:
        inner = _without_casts(source.operand)
        return inner if len(source.dims) == source.rank - 1 else expanded(inner, source.dims, source.rank - 1)
    return method(operand, "squeeze", -1)


def _without_casts(operand):
    """An index: integers of 32 bits or 64 will do."""
    while isinstance(operand.source, Converted):
        operand = operand.source.operand
    return operand


def _gather(eqn):
    numbers = _numbers("Gather", eqn.params["dimension_numbers"], ("offset_dims", "collapsed_slice_dims", "start_index_map"))
    return call("lax.gather", *eqn.operands, numbers, tuple_text(eqn.params["slice_sizes"]),
                mode=_mode(eqn.params["mode"]), fill_value=_filling(eqn.params))


def _filling(params):
    value = params.get("fill_value")
    return None if value is None else number_text(value)


def _mode(mode, outside="fill"):
    """The mode as text; outside: what 'fill_or_drop' is called."""
    name = str(mode).rsplit(".", 1)[-1].lower()
    return f'"{outside if name == "fill_or_drop" else name}"'


def _numbers(kind, numbers, always):
    """Dimension numbers as the call that makes them."""
    given = {field: tuple(getattr(numbers, field)) for field in (*always, *_BATCHING[kind])}
    return f"lax.{kind}DimensionNumbers({', '.join(f'{field}={value}' for field, value in given.items() if value or field in always)})"


def dynamic_slice(eqn):
    """x[a:b] where it is known, else lax.dynamic_slice."""
    starts, sizes, shape = eqn.operands[1:], eqn.params["slice_sizes"], eqn.shapes[0]
    if all(each.is_literal for each in starts):
        starts = [min(max(each.value, 0), whole - size) for each, whole, size in zip(starts, shape, sizes)]
        return sliced(eqn.operands[0], ((start, start + size, 1, whole) for start, size, whole in zip(starts, sizes, shape)))
    return call("lax.dynamic_slice", eqn.operands[0], tuple_text([each.text for each in starts]), tuple_text(sizes))


# ---------------------------------------------------------------- writing
def scatter(eqn):
    """x.at[index].set(update) and its kin, or lax.scatter with all it needs."""
    index = None if "FILL" in str(eqn.params["mode"]) else _written_index(eqn)
    if index is not None:
        place = indexed(Expression(f"{eqn.operands[0].at(ATOM)}.at"), index)
        return method(place, _METHODS[eqn.name.replace("_", "-")], _broadcast(eqn.operands[2]))
    params, fields = eqn.params, ("update_window_dims", "inserted_window_dims", "scatter_dims_to_operand_dims")
    numbers = _numbers("Scatter", params["dimension_numbers"], fields)
    operands = [typed(eqn.operands[0], eqn.dtypes[0]), eqn.operands[1], typed(eqn.operands[2], eqn.dtypes[2])]
    return call(f"lax.{eqn.name.replace('-', '_')}", *operands, numbers, mode=_mode(params["mode"], "drop"),
                indices_are_sorted=params["indices_are_sorted"] or None, unique_indices=params["unique_indices"] or None)


def _written_index(eqn):
    """The index of each of the leading dimensions that a scatter writes to, as texts; None where it is more than that."""
    numbers, (table, indices, updates) = eqn.params["dimension_numbers"], eqn.shapes
    axes = tuple(numbers.scatter_dims_to_operand_dims)
    if numbers.operand_batching_dims or axes != tuple(numbers.inserted_window_dims) or axes != tuple(range(axes[0], axes[0] + len(axes))):
        return None
    behind = axes[0] + len(indices) - 1
    is_whole = len(updates) == len(table) - len(axes) + len(indices) - 1
    if not is_whole or tuple(numbers.update_window_dims) != (*range(axes[0]), *range(behind, len(updates))):
        return None
    parts = [_index(eqn)] if len(axes) == 1 else _each_index(eqn.operands[1])
    return parts and [*":" * axes[0], *(each.text for each in parts)]


def _each_index(operand):
    """The indices that were put side by side along the last axis; one of them that NumPy would broadcast to the others, as it was."""
    source = operand.source
    if not isinstance(source, Joined) or not all(isinstance(each.source, Expanded) and each.source.dims == tuple(range(source.axis))
                                                 for each in source.operands):
        return None
    parts = [_without_casts(each.source.operand) for each in source.operands]
    is_whole = any(each.loose is None for each in parts)
    return [each.loose[0] if is_whole and each.loose is not None else each for each in parts]


def _broadcast(update):
    """An update as NumPy would broadcast it."""
    return update if update.loose is None else update.loose[0]


def dynamic_update_slice(eqn):
    """x.at[a:b].set(update) where it is known, else lax.dynamic_update_slice."""
    operand, update, *starts = eqn.operands
    if not all(each.is_literal for each in starts):
        return call("lax.dynamic_update_slice", operand, update, tuple_text([each.text for each in starts]))
    sizes, shape = eqn.shapes[1], eqn.shapes[0]
    starts = [min(max(each.value, 0), whole - size) for each, whole, size in zip(starts, shape, sizes)]
    return _updated(operand, tuple((start, start + size, 1, whole) for start, size, whole in zip(starts, sizes, shape)), update)


def _updated(operand, parts, update):
    """The text of a write; one to a part of what is written again is one write."""
    source = update.source
    is_expanded = isinstance(source, Expanded)
    value, dims = (source.operand, source.dims) if is_expanded else (update, tuple(range(len(parts))))
    inner = value.source
    if isinstance(inner, Updated) and sliced(operand, parts, _others(parts, dims)).text == inner.operand.text:
        whole = list(parts)
        for place, part in zip(dims, inner.parts):
            whole[place] = within(whole[place], part)
        parts, value, dims = tuple(whole), inner.update, tuple(dims[place] for place in inner.dims)
    value = _broadcast(value)
    gone = _singles(parts) if value.is_literal else _others(parts, dims)
    made = method(indexed(Expression(f"{operand.at(ATOM)}.at"), index_texts(parts, gone)), "set", value)
    return Expression(made.text, source=Updated(operand, parts, value, dims))


def _singles(parts):
    """The dimensions of which one element is written to."""
    return {place for place, (start, stop, _, size) in enumerate(parts) if stop - start == 1 < size}


def _others(parts, dims):
    """The dimensions that are not among these."""
    return set(range(len(parts))) - set(dims)


_METHODS = {"scatter": "set", "scatter-add": "add", "scatter-mul": "multiply", "scatter-min": "min", "scatter-max": "max"}
ROWS = {"gather": gather, "dynamic_slice": dynamic_slice, "dynamic_update_slice": dynamic_update_slice,
        **dict.fromkeys((*_METHODS, *(name.replace("-", "_") for name in _METHODS)), scatter)}
