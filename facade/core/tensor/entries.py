"""What a node has in torch's eyes: an entry for each tensor its signature differentiates, given or not, and none for indices and masks.

A kernel's node has an edge for each tensor it was given. The two lists differ only where the user looks: `next_functions`,
and the gradients that hooks on a node see.
"""

from facade.core.engine import Spec

_ALWAYS_CONSTANT = {"condition", "index", "indices", "mask", "places", "running_mean", "running_var"}


def _is_entry(row, name, spec):
    """Whether torch's node has an entry for this parameter; a dropout's mask is a factor there."""
    if name in ("weight", "pos_weight") and ("loss" in row.name or "cross_entropy" in row.name):
        return False
    if name == "target":
        return spec.dtype.kind in "fc"
    return name not in _ALWAYS_CONSTANT or row.name == "masked_scale"


def _places(node):
    """For each entry of torch's node the place of its edge, None for an optional tensor that was not given; None if all is alike."""
    kernel = getattr(node, "kernel", None)
    row = kernel and getattr(kernel.operator, "row", kernel.operator)
    if not hasattr(row, "operand_names"):
        return None
    names, places, edge = row.operand_names(kernel.statics), [], 0
    for index, (name, spec) in enumerate(zip(names, kernel.specs)):
        given = isinstance(spec, Spec) or spec is not None and index < node.tensor_inputs
        if (given or spec is None) and _is_entry(row, name, spec):
            places.append(edge if given else None)
        edge += given
    return places if edge == len(node.edges) else None


def entries(node, values):
    """Of one value for each edge, the entries that the user sees."""
    places = _places(node)
    return values if places is None else [None if place is None else values[place] for place in places]


def from_entries(node, given):
    """One value for each edge, from those for the entries."""
    places = _places(node)
    if places is None:
        return given
    spread = [None] * len(node.edges)
    for place, each in zip(places, given):
        if place is not None:
            spread[place] = each
    return spread
