"""The autograd graph as a picture: SVG, made here, so that nothing needs to be installed.

Leaves stand above what uses them and the result at the bottom, as the program computes. A large graph is folded where it repeats itself: of a stack
of equal blocks the first is drawn, and the others are one box.
"""

import html
import sys
from collections import defaultdict

from facade.core import dtypes
from facade.core.tensor.history import AccumulateGrad
from facade.core.tensor.tensor import Tensor
from facade.workbench.explain import behind
from facade.workbench.layout import Box, arrange

FOLDED_FROM, SAVED = 60, 8          # nodes, beyond which repetitions are folded; if that saves so many
CHARACTER, LINE, PADDING, MARGIN = 6.7, 15, 9, 14
COLOURS = {"leaf": ("#dcecff", "#5b8ec9"), "operation": ("#f6f6f4", "#9a9a94"), "result": ("#e1f3df", "#5f9e5a"), "folded": ("#fff1d6", "#c9973f")}


class Drawing:
    """A picture. svg: its text; in a notebook it shows itself. nodes: how many operations and leaves the graph has."""

    def __init__(self, svg, nodes):
        self.svg, self.nodes = svg, nodes

    def _repr_svg_(self):
        return self.svg

    def __repr__(self):
        return f"<drawing of a graph of {self.nodes} nodes, {len(self.svg)} characters of SVG; .save('graph.svg')>"

    def save(self, path):
        """Write the SVG to a file; the path is returned."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)
        return path


def draw(tensor, params=None, values=False, folded=None):
    """The graph behind `tensor` as a `Drawing`.

    params: names of leaves, a dict name -> tensor, (name, tensor) pairs such as `model.named_parameters()`, or a module; else the caller's variables
    and modules are looked through. values: also the range of the elements of leaves and result. folded: whether equal blocks are one box (default:
    from 60 nodes on).
    """
    if tensor.grad_fn is None and not tensor.requires_grad:
        raise ValueError("this tensor has no graph: it does not require grad; facade.explain(tensor) says why")
    names = _named(params, sys._getframe(1))
    root = tensor.grad_fn
    nodes = sorted(behind(root), key=lambda node: (isinstance(node, AccumulateGrad), node.sequence)) if root is not None else []
    operations = [node for node in nodes if not isinstance(node, AccumulateGrad)]
    leaves = [node for node in nodes if isinstance(node, AccumulateGrad)]
    groups = _repetitions(operations, names) if folded or folded is None and len(nodes) >= FOLDED_FROM else {}
    return Drawing(_svg(*_boxes(operations, leaves, groups, names, tensor, values)), len(nodes))


def _named(params, frame):
    """id of a tensor -> its name."""
    if params is None:
        found = {}
        for name, thing in {**frame.f_globals, **frame.f_locals}.items():
            if isinstance(thing, Tensor) and not name.startswith("_"):
                found.setdefault(id(thing), name)
            elif hasattr(thing, "named_parameters") and not isinstance(thing, type):
                found.update((id(param), path) for path, param in thing.named_parameters())
        return found
    pairs = params.named_parameters() if hasattr(params, "named_parameters") else params.items() if hasattr(params, "items") else params
    return {id(tensor): name for name, tensor in pairs}


def _label(node):
    return node.short_name().replace("torch::autograd::", "")


# ---------------------------------------------------------------- folding
def _repetitions(operations, names):
    """index of an operation -> (start, period, count) for the repetitions after the first of the stretch that saves most boxes.

    Where a stretch may begin at several places, the one that takes in the parameters of the fewest modules.
    """
    labels, found = [_label(node) for node in operations], []
    for period in range(2, len(labels) // 2 + 1):
        for start in range(len(labels) - 2 * period + 1):
            count = 1
            while labels[start:start + period] == labels[start + count * period:start + (count + 1) * period]:
                count += 1
            if count > 1:
                found.append(((1 - count) * period, period, start, count))
    found = [each for each in found if each[:2] == min(found)[:2]]
    if not found or -found[0][0] < SAVED:
        return {}

    def modules(each):
        _, period, start, count = each
        leaves = [edge[0].variable for node in operations[start + period:start + period * count] for edge in node.edges
                  if edge is not None and isinstance(edge[0], AccumulateGrad)]
        return len({_prefix(names.get(id(leaf), "")) for leaf in leaves})
    _, period, start, count = min(reversed(found), key=modules)
    return {index: (start, period, count) for index in range(start + period, start + period * count)}


def _boxes(operations, leaves, groups, names, tensor, values):
    """(boxes, edges) of a graph, folded boxes in place of groups."""
    boxes, place = [], {}
    for index, node in enumerate(operations):
        if index in groups:
            continue
        is_root = node is tensor.grad_fn
        place[node] = len(boxes)
        lines = [_label(node), _spec_text(node.outs[tensor._index if is_root else 0])]
        if is_root:
            lines = [f"{names.get(id(tensor), 'result')} = {lines[0]}", *lines[1:], *_values_of(tensor, values)]
        boxes.append(_box(lines, "result" if is_root else "operation"))
    if groups:
        _fold(operations, leaves, groups, names, boxes, place)
    for node in leaves:
        if node not in place:
            place[node] = len(boxes)
            boxes.append(_box([names.get(id(node.variable), "leaf"), _spec_text(node.outs[0]), *_values_of(node.variable, values)], "leaf"))
    if not boxes:
        boxes.append(_box([names.get(id(tensor), "leaf"), _spec_text(tensor._value.spec), *_values_of(tensor, values)], "leaf"))
    edges = dict.fromkeys((place[edge[0]], place[node]) for node in operations for edge in node.edges if edge is not None)
    return boxes, [(source, target) for source, target in edges if source != target]


def _fold(operations, leaves, groups, names, boxes, place):
    """One box for all repetitions but the first, and for the leaves that only they use."""
    users = defaultdict(set)
    inside = {operations[index] for index in groups}
    for node in operations:
        for edge in node.edges:
            if edge is not None:
                users[edge[0]].add(node)
    own = [leaf for leaf in leaves if users[leaf] and users[leaf] <= inside]
    (_, period, count), = set(groups.values())
    lines = [f"{count - 1} more times the same {period} operations", _spec_text(operations[max(groups)].outs[0])]
    prefixes = list(dict.fromkeys(_prefix(names[id(leaf.variable)]) for leaf in own if id(leaf.variable) in names))
    if prefixes:
        lines.insert(1, prefixes[0] if len(prefixes) == 1 else f"{prefixes[0]} … {prefixes[-1]}")
    for node in (*inside, *own):
        place[node] = len(boxes)
    boxes.append(_box(lines, "folded"))


def _prefix(name):
    """blocks.3 of blocks.3.norm.weight: up to the first number."""
    parts = name.split(".")
    number = next((index for index, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[:number + 1])


# ---------------------------------------------------------------- text
def _spec_text(spec):
    return f"{dtypes.BY_NUMPY[spec.dtype]!r}".removeprefix("torch.") + f" {list(spec.shape)}"


def _values_of(tensor, values):
    """The range of the elements, where it is asked for."""
    if not values or not tensor._value.spec.size or tensor._value.spec.dtype.kind not in "fiu":
        return []
    array = tensor.numpy_value()
    return [f"{array.item():.4g}"] if array.size == 1 else [f"{array.min():.3g} … {array.max():.3g}"]


def _box(lines, kind):
    return Box(lines, kind, max(map(len, lines)) * CHARACTER + 2 * PADDING, len(lines) * LINE + PADDING)


def _svg(boxes, edges):
    """The whole picture."""
    width, height, routes = arrange(boxes, edges)
    parts = [f'<path d="{_curve(route, boxes[source], boxes[target])}" marker-end="url(#tip)"/>' for route, (source, target) in zip(routes, edges)]
    shown = "".join(_box_svg(box) for box in boxes)
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}" '
            'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">'
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0.8 L7.5 4 L0 7.2 z" fill="#8a8a86"/></marker></defs>'
            f'<rect x="{-MARGIN}" y="{-MARGIN}" width="{width:.0f}" height="{height:.0f}" fill="white"/>'
            f'<g fill="none" stroke="#8a8a86">{"".join(parts)}</g>{shown}</svg>')


def _curve(route, source, target):
    """A smooth line through the points of an edge, from the lower side of a box to the upper side of another."""
    points = [(route[0][0], route[0][1] + source.height / 2), *route[1:-1], (route[-1][0], route[-1][1] - target.height / 2)]
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in zip(points, points[1:]):
        middle = (y + to_y) / 2
        text += f" C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
    return text


def _box_svg(box):
    fill, stroke = COLOURS[box.kind]
    left, top = box.x - box.width / 2, box.y - box.height / 2
    lines = "".join(f'<text x="{box.x:.1f}" y="{top + PADDING / 2 + 11 + index * LINE:.1f}" text-anchor="middle"'
                    f'{" font-weight=" + chr(34) + "bold" + chr(34) if index == 0 else " fill=" + chr(34) + "#55554f" + chr(34)}>{html.escape(line)}</text>'
                    for index, line in enumerate(box.lines))
    return (f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="5" fill="{fill}" stroke="{stroke}"/>{lines}')
