"""Einstein summation with torch's rules: ellipses broadcast, a size of 1 fits any, errors name operands and subscripts.

`plan` reads an equation into a list of labels for each operand and for the result; `contract` sums the products.
"""

import jax.numpy as jnp

from facade.core.ops.kernels.reduction import wide

ELLIPSIS = "..."


def einsum(equation, arrays):
    """The sums of products that the equation describes."""
    inputs, output = plan(equation, [array.shape for array in arrays])
    return contract(arrays, inputs, output)


def plan(equation, shapes):
    """([labels of each operand], labels of the result); the dims of an ellipsis are numbered from the right, as -1, -2 ..."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    operands = left.split(",")
    if len(operands) != len(shapes):
        raise RuntimeError(f"einsum(): {'fewer' if len(shapes) < len(operands) else 'more'} operands were provided than specified in the equation")
    terms = [_subscripts(operand, equation) for operand in operands]
    inputs = [_filled(term, len(shape), place) for place, (term, shape) in enumerate(zip(terms, shapes))]
    rank = max((sum(type(label) is int for label in labels) for labels in inputs), default=0)
    dots = list(range(-rank, 0))
    if arrow:
        return inputs, _result(_subscripts(right, equation), inputs, dots)
    seen = [label for labels in inputs for label in labels if type(label) is str]
    return inputs, dots + sorted(label for label in set(seen) if seen.count(label) == 1)


def _subscripts(text, equation):
    """The letters of one operand; an ellipsis is one item."""
    items, rest = [], text
    while rest:
        if rest.startswith(ELLIPSIS) and ELLIPSIS not in items:
            items.append(ELLIPSIS)
            rest = rest[3:]
        elif rest[0].isascii() and rest[0].isalpha():
            items.append(rest[0])
            rest = rest[1:]
        elif rest[0] == ".":
            raise RuntimeError("einsum(): found '.' that is not part of any ellipsis")
        else:
            raise RuntimeError(f"einsum(): invalid subscript given at index {equation.index(rest[0])} in the equation string, "
                               "subscripts must be in [a-zA-Z]")
    return items


def _filled(term, ndim, place):
    """A term with its ellipsis replaced by the numbers of the dims that it stands for."""
    letters = len(term) - (ELLIPSIS in term)
    if ELLIPSIS not in term and letters != ndim:
        raise RuntimeError(f"einsum(): the number of subscripts in the equation ({letters}) does not match the number of dimensions ({ndim}) "
                           f"for operand {place} and no ellipsis was given")
    if letters > ndim:
        raise RuntimeError(f"einsum(): the number of subscripts in the equation ({letters}) is more than the number of dimensions ({ndim}) "
                           f"for operand {place}")
    return [label for item in term for label in (range(letters - ndim, 0) if item == ELLIPSIS else (item,))]


def _result(term, inputs, dots):
    letters = [item for item in term if item != ELLIPSIS]
    for letter in letters:
        if letters.count(letter) > 1:
            raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
        if not any(letter in labels for labels in inputs):
            raise RuntimeError(f"einsum(): output subscript {letter} does not appear in the equation for any input operand")
    return [label for item in term for label in (dots if item == ELLIPSIS else (item,))]


def contract(arrays, inputs, output):
    """Products of the arrays over their labels, summed over those that the result has not."""
    sizes = _sizes(arrays, inputs)
    numbers = {label: number for number, label in enumerate(sizes)}
    arguments = []
    for array, labels in zip(arrays, inputs):
        spread = [axis for axis, label in enumerate(labels) if array.shape[axis] == 1 != sizes[label]]
        arguments += jnp.squeeze(array, spread), [numbers[label] for axis, label in enumerate(labels) if axis not in spread]
    dtype = arrays[0].dtype
    kept = [label for label in output if label in numbers]
    result = jnp.einsum(*arguments, [numbers[label] for label in kept], preferred_element_type=wide(arrays[0]).dtype)
    return result.astype(dtype)


def _sizes(arrays, inputs):
    """label -> its extent, the one that is not 1 where they differ."""
    sizes = {}
    for place, (array, labels) in enumerate(zip(arrays, inputs)):
        own = {}
        for label, extent in zip(labels, array.shape):
            if own.setdefault(label, extent) != extent:
                raise RuntimeError(f"einsum(): subscript {label} is repeated for operand {place} but the sizes don't match, {extent} != {own[label]}")
            known = sizes.get(label, 1)
            if extent != 1 and known not in (1, extent):
                raise RuntimeError(f"einsum(): subscript {label} has size {extent} for operand {place} which does not broadcast with "
                                   f"previously seen size {known}")
            sizes[label] = extent if known == 1 else known
    return sizes
