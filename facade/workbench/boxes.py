"""What of a graph is drawn as one box: what a module computed, and what repeats itself.

A graph knows nothing of modules; parameters do, by their names. What uses `h.0.attn.qkv.weight` belongs to the module `h.0.attn.qkv`, and
to `h.0.attn` and `h.0` around it; what lies between two operations of a module belongs to it too. So modules are cut at the depth of
names that leaves few boxes, and where that is not enough, of a stretch that repeats itself the first is drawn and the others are one box.
"""

import itertools
import os
import re


BOXES, SAVED = 40, 8                # how many a picture may have, for reading; how many a repetition has to save


class Part:
    """Operations that make one box, one behind the other. path: of the module that they are, or (); repeats: of the part `count` times
    before.
    """

    def __init__(self, operations, path=(), count=0):
        self.operations, self.path, self.count = operations, path, count

    @property
    def labels(self):
        """What it computes, for comparison."""
        return tuple(label(node) for node in self.operations)


def label(node):
    """Addmm of AddmmBackward0, CopySlices of torch::autograd::CopySlices."""
    return re.sub(r"Backward\d*$", "", node.name().removeprefix("torch::autograd::"))


def leaves_of(node):
    """The leaves that an operation uses."""
    return [edge[0] for edge in node.edges if edge is not None and isinstance(edge[0], AccumulateGrad)]


def fold(operations, names, containers, folded):
    """The parts of a graph: its operations in order, one by one unless folded; containers: the paths of modules that have others inside."""
    single = [Part([node]) for node in operations]
    if not folded:
        return single
    own = [_module(node, names) for node in operations]
    depths = range(max(map(len, filter(None, own)), default=0), 0, -1)
    ways = [_by_modules(operations, own, containers, depth) for depth in depths]
    ways += [_without_repetitions(parts, names) for parts in [*ways, single]]
    return next((parts for parts in ways if _boxes(parts) <= BOXES), min(ways, key=_boxes))


def _boxes(parts):
    """How many boxes they make: a part each, and a leaf that stands outside."""
    single = [node for part in parts if not part.path and not part.count for node in part.operations]
    return len(parts) + len({leaf for node in single for leaf in leaves_of(node)})


# ---------------------------------------------------------------- modules
def _module(node, names):
    """The path of the module whose parameter an operation uses, or None."""
    found = (names.get(id(leaf.variable), "").split(".")[:-1] for leaf in leaves_of(node))
    return next((tuple(path) for path in found if path), None)


def _by_modules(operations, own, containers, depth):
    """Parts of the operations of a module each, their paths cut at this depth."""
    before, after = itertools.accumulate(own, _latest), reversed([*itertools.accumulate(reversed(own), _latest)])
    around = [(one or ())[:depth] if (one or ())[:depth] == (other or ())[:depth] else () for one, other in zip(before, after)]
    merged = []
    for path, run in itertools.groupby(zip(around, operations), lambda pair: pair[0]):
        nodes = [node for _, node in run]
        merged += [Part(nodes, path)] if path else [Part([node]) for node in nodes]
    return _with_ends(merged, containers)


def _latest(one, other):
    return other or one


def _with_ends(parts, containers):
    """Equal blocks take in what all of them end with and no parameter tells of: the last addition of a residual block."""
    runs = {}
    for index, part in enumerate(parts):
        if part.path and part.path[-1].isdigit() and ".".join(part.path) in containers:
            rest = itertools.takewhile(lambda each: not each.path, parts[index + 1:])
            runs.setdefault(re.sub(r"\d+", "0", ".".join(part.path)), []).append((part, list(rest)))
    taken = set()
    for blocks in runs.values():
        common = len(os.path.commonprefix([[each.labels for each in rest] for _, rest in blocks])) if len(blocks) > 1 else 0
        for part, rest in blocks:
            part.operations = part.operations + [node for each in rest[:common] for node in each.operations]
            taken.update(rest[:common])
    return [part for part in parts if part not in taken]


# ---------------------------------------------------------------- repetitions
def _without_repetitions(parts, names):
    """The parts, those of a stretch that repeat what stands before them as one; the stretch is the one that saves most boxes.

    Where it may begin at several places, the one that takes in the parameters of the fewest modules.
    """
    labels, found = [part.labels for part in parts], []
    for period in range(1, len(labels) // 2 + 1):
        for start in range(len(labels) - 2 * period + 1):
            count = 1
            while labels[start:start + period] == labels[start + count * period:start + (count + 1) * period]:
                count += 1
            if count > 1:
                found.append(((1 - count) * period, period, start, count))
    found = [each for each in found if each[:2] == min(found)[:2]]
    if not found or -found[0][0] < SAVED:
        return parts

    def modules(each):
        _, period, start, count = each
        return len(blocks([node for part in parts[start + period:start + period * count] for node in part.operations], names))
    _, period, start, count = min(reversed(found), key=modules)
    first, end = start + period, start + period * count
    return [*parts[:first], Part([node for part in parts[first:end] for node in part.operations], count=count - 1), *parts[end:]]


def blocks(operations, names):
    """The numbered modules whose parameters the operations use, in order: blocks.3 of blocks.3.norm.weight."""
    found = dict.fromkeys(_block(names[id(leaf.variable)]) for node in operations for leaf in leaves_of(node) if id(leaf.variable) in names)
    return list(found)


def _block(name):
    parts = name.split(".")
    number = next((index for index, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[:number + 1])
from facade.core.tensor.node import AccumulateGrad
