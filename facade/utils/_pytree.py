"""Nested containers as a flat list of leaves and a structure (torch.utils._pytree): tuples of every kind, lists and dicts."""

from collections import OrderedDict


class TreeSpec:
    """The structure of a tree: the type of its container, what that needs to be made again, and the structures of the children."""

    def __init__(self, type, context, children_specs):
        self.type, self.context, self.children_specs = type, context, children_specs
        self.num_leaves = 1 if type is None else sum(each.num_leaves for each in children_specs)

    def __eq__(self, other):
        return isinstance(other, TreeSpec) and (self.type, self.context, self.children_specs) == (other.type, other.context, other.children_specs)

    def __repr__(self, indent=0):
        if self.type is None:
            return "*"
        inner = (",\n" + "  " * (indent + 1)).join(each.__repr__(indent + 1) for each in self.children_specs)
        return f"TreeSpec({self.type.__name__}, {self.context}, [{inner}])"


LEAF = TreeSpec(None, None, [])


def _children(tree):
    """(type, context, children) of a container; None for a leaf."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree), type(tree), list(tree)
    if isinstance(tree, (tuple, list)):
        return type(tree), None, list(tree)
    return (type(tree), list(tree), list(tree.values())) if type(tree) in (dict, OrderedDict) else None


def tree_flatten(tree):
    """(leaves, structure) of a tree; None and whatever is no container are leaves."""
    found = _children(tree)
    if found is None:
        return [tree], LEAF
    flat = [tree_flatten(each) for each in found[2]]
    return [leaf for leaves, _ in flat for leaf in leaves], TreeSpec(found[0], found[1], [spec for _, spec in flat])


def tree_unflatten(leaves, treespec):
    """The tree of this structure with these leaves."""
    return _filled(iter(leaves), treespec)


def _filled(leaves, spec):
    if spec.type is None:
        return next(leaves)
    children = [_filled(leaves, each) for each in spec.children_specs]
    if issubclass(spec.type, (tuple, list)):
        return spec.context(*children) if spec.context else spec.type(children)
    return spec.type(zip(spec.context, children))


def tree_map(func, tree):
    """The tree with `func` applied to each leaf."""
    leaves, spec = tree_flatten(tree)
    return tree_unflatten(map(func, leaves), spec)


def broadcast_to(prefix, treespec):
    """A leaf for each leaf of the structure: those of `prefix`, each repeated for what stands below it; None where they do not fit."""
    if treespec.type is None or _children(prefix) is None:
        return None if _children(prefix) is not None else [prefix] * treespec.num_leaves
    kind, context, children = _children(prefix)
    if (kind, context, len(children)) != (treespec.type, treespec.context, len(treespec.children_specs)):
        return None
    parts = [broadcast_to(each, spec) for each, spec in zip(children, treespec.children_specs)]
    return None if any(part is None for part in parts) else [leaf for part in parts for leaf in part]


def tree_leaves(tree):
    """The leaves of a tree, from left to right."""
    return tree_flatten(tree)[0]


def tree_structure(tree):
    """The structure of a tree, without its leaves."""
    return tree_flatten(tree)[1]
