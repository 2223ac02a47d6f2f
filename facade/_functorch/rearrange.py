"""rearrange: dims named, split, joined and moved by a pattern, `"batch (height part) -> part batch height"` (torch.func.rearrange)."""

import math
import re

from facade.core.ops.composites.combining import stack

__all__ = ["rearrange"]
_PIECE = re.compile(r"\(([^()]*)\)|(\.\.\.|\S+)")
_ELLIPSIS = "..."


class DimensionBindError(Exception):
    """That the size of a dim is not known, or does not divide what it is a part of."""


def _groups(side, pattern, is_left):
    """The dims of one side of a pattern: each a list of names, or Ellipsis."""
    if re.search(r"\([^()]*\(", side):
        raise ValueError("Axis composition is one-level (brackets inside brackets not allowed)")
    groups = [... if name == _ELLIPSIS else [part for part in (name or joined).split() if part != "1"] for joined, name in _PIECE.findall(side)]
    if is_left and any(group is not ... and _ELLIPSIS in group for group in groups):
        raise ValueError(f"Ellipsis is parenthesis in the left side is not allowed: {pattern}")
    names = _names(groups)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Indexing expression contains duplicate dimension '{name}'")
        if name != _ELLIPSIS and not name.isidentifier():
            raise ValueError(f"Invalid axis identifier: {name}\nnot a valid python identifier")
        if name.startswith("_") or name.endswith("_"):
            raise ValueError(f"Invalid axis identifier: {name}\naxis name should should not start or end with underscore")
    return groups


def _names(groups):
    return [name for group in groups for name in ([_ELLIPSIS] if group is ... else group)]


def _filled(groups, spare):
    """The groups with names for the dims that an ellipsis stands for, each a dim of its own unless they are in parentheses."""
    for group in groups:
        if group is ...:
            yield from ([name] for name in spare)
        else:
            yield [part for name in group for part in (spare if name == _ELLIPSIS else [name])]


def _parsed(pattern, sizes):
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError("Pattern must contain a single '->' separator")
    left, right = (_groups(side, pattern, place == 0) for place, side in enumerate(sides))
    first, second = (set(_names(side)) for side in (left, right))
    if first ^ second:
        raise ValueError(f"Identifiers only on one side of rearrange expression (should be on both): {first ^ second}")
    unknown = set(sizes) - first
    if unknown:
        raise ValueError(f"Identifiers not found in rearrange expression: {unknown}")
    return left, right


def _sizes(left, shape, given):
    """name -> size for the names of the left side."""
    sizes = dict(given)
    for group, extent in zip(left, shape):
        unknown = [name for name in group if name not in sizes]
        known = math.prod(sizes[name] for name in group if name in sizes)
        if len(unknown) > 1:
            raise DimensionBindError(f"cannot infer the sizes of two dimensions at once {' and '.join(unknown)}")
        if unknown and (not known or extent % known):
            raise DimensionBindError(f"inferred dimension does not evenly fit into larger dimension: {extent} vs "
                                     f"{tuple(sizes.get(name, '?') for name in group)}")
        if not unknown and known != extent:
            raise DimensionBindError(f"Dimension sizes do not match ({extent} != {known}) when matching dimension pack {tuple(group)}")
        sizes.update({name: extent // known for name in unknown})
    return sizes


def rearrange(tensor, pattern, **axes_lengths):
    """The elements of `tensor` (or of a list of tensors, stacked) in the dims that the right side of `pattern` names.

    A name is a dim, names in parentheses are a dim that they make up, the first name the slowest; `...` stands for any number of dims and 1, or
    (), for a dim of one element. axes_lengths: the sizes of names that no dim tells. ValueError, or DimensionBindError, where these do not fit.
    """
    tensor = tensor if not isinstance(tensor, (list, tuple)) else stack(tuple(tensor))
    left, right = _parsed(pattern, axes_lengths)
    spare = tensor.ndim - len(left) + 1 if ... in left else 0
    if spare < 0 or ... not in left and tensor.ndim != len(left):
        raise ValueError(f"Number of dimensions in pattern ({len(left)}) must be equal to the number of dimensions in the tensor ({tensor.ndim})")
    left, right = (list(_filled(side, [f"_{number}" for number in range(spare)])) for side in (left, right))
    sizes = _sizes(left, tensor.shape, axes_lengths)
    flat = [name for group in left for name in group]
    apart = tensor.reshape([sizes[name] for name in flat])
    moved = apart.permute([flat.index(name) for group in right for name in group])
    return moved.reshape([math.prod(sizes[name] for name in group) for group in right])
