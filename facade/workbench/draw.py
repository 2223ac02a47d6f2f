"""The autograd graph as a picture: SVG, made here, so that nothing needs to be installed.

Leaves stand above what uses them and the result at the bottom, as the program computes. In a large graph modules are boxes, and of a
stack of equal blocks the first is drawn and the others are one box.
"""

import html
import sys
from collections import defaultdict

from facade.core import dtypes
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor
from facade.nn.modules.module import Module
from facade.workbench.boxes import blocks, fold, label, leaves_of
from facade.workbench.layout import Box, arrange
from facade.workbench.watching import graph_of

FOLDED_FROM = 60                    # nodes, beyond which modules and repetitions are folded
CHARACTER, LINE, PADDING, MARGIN = 6.7, 15, 9, 14
COLOURS = {"leaf": ("#dcecff", "#5b8ec9"), "operation": ("#f6f6f4", "#9a9a94"), "result": ("#e1f3df", "#5f9e5a"),
           "module": ("#ece6f7", "#8a6fb8"), "folded": ("#fff1d6", "#c9973f")}


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


def draw(tensor, params=None, values=False, gradients=False, folded=None):
    """The graph behind `tensor` as a `Drawing`.

    params: names of leaves, a dict name -> tensor, (name, tensor) pairs such as `model.named_parameters()`, or a module; else the
    caller's variables and modules are looked through. values, gradients: also the range of the elements of leaves and result, and of
    their `.grad`. folded: whether modules and equal blocks are one box each (default: from 60 nodes on).
    """
    if tensor.grad_fn is None and not tensor.requires_grad:
        raise ValueError("this tensor has no graph: it does not require grad; facade.explain(tensor) says why")
    names, modules = _named(params, sys._getframe(1))
    nodes = sorted(graph_of(tensor), key=lambda node: node.sequence)
    operations = [node for node in nodes if not isinstance(node, AccumulateGrad)]
    containers = {path for path, module in modules.items() if any(module.children())}
    parts = fold(operations, names, containers, len(nodes) >= FOLDED_FROM if folded is None else folded)
    picture = Picture(tensor, names, modules, values, gradients)
    return Drawing(_svg(*picture.boxes(parts)), len(nodes))


# ---------------------------------------------------------------- names
def _named(params, frame):
    """(id of a tensor -> its name, path -> module)."""
    if isinstance(params, Module):
        return _of_modules({"": params})
    if params is not None:
        return {id(tensor): name for name, tensor in (params.items() if hasattr(params, "items") else params)}, {}
    variables = {name: thing for name, thing in {**frame.f_globals, **frame.f_locals}.items() if not name.startswith("_")}
    found = {id(module): (name, module) for name, module in variables.items() if isinstance(module, Module)}
    inner = {id(each) for _, module in found.values() for each in module.modules() if each is not module}
    outer = [pair for key, pair in found.items() if key not in inner]
    names, modules = _of_modules({name if len(outer) > 1 else "": module for name, module in outer})
    return {id(thing): name for name, thing in variables.items() if isinstance(thing, Tensor)} | names, modules


def _of_modules(roots):
    """The names of all parameters, and all modules by their paths, under modules by name."""
    names = {id(param): path for name, root in roots.items() for path, param in root.named_parameters(prefix=name)}
    return names, {path: module for name, root in roots.items() for path, module in root.named_modules(prefix=name)}


# ---------------------------------------------------------------- boxes
class Picture:
    """What the boxes of a graph say."""

    def __init__(self, tensor, names, modules, values, gradients):
        self.tensor, self.names, self.modules, self.values, self.gradients = tensor, names, modules, values, gradients

    def boxes(self, parts):
        """(boxes, edges): a box for each part, and for each leaf that is not in a folded one alone."""
        place, users = {}, defaultdict(set)
        for index, part in enumerate(parts):
            for node in part.operations:
                place[node] = index
                for leaf in leaves_of(node):
                    users[leaf].add(index)
        made = []
        for index, part in enumerate(parts):
            own = [leaf for leaf, used in users.items() if used == {index}] if part.path or part.count else []
            made.append(self._part(part, own))
            place.update(dict.fromkeys(own, index))
        for leaf in users:
            if leaf not in place:
                place[leaf] = len(made)
                made.append(self._leaf(leaf.variable))
        nodes = [node for part in parts for node in part.operations]
        edges = dict.fromkeys((place[edge[0]], place[node]) for node in nodes for edge in node.edges if edge is not None)
        return made or [self._leaf(self.tensor)], [(source, target) for source, target in edges if source != target]

    def _part(self, part, own):
        last, is_root = part.operations[-1], part.operations[-1] is self.tensor.grad_fn
        title, *lines = self._folded(part, own) if part.path or part.count else [label(last)]
        lines.append(_spec_text(last.outs[self.tensor._index if is_root else 0]))
        if is_root:
            return _box([f"{self.names.get(id(self.tensor), 'result')} = {title}", *lines, *self._ranges(self.tensor)], "result")
        return _box([title, *lines], "folded" if part.count else "module" if part.path else "operation")

    def _folded(self, part, own):
        """The lines of a box that stands for several."""
        size = f"{sum(leaf.variable.numel() for leaf in own):,} parameters"
        if part.count:
            inside = blocks(part.operations, self.names)
            title = f"{part.count} more times the same {len(part.operations) // part.count} operations"
            return [title, *([f"{inside[0]} … {inside[-1]}" if len(inside) > 1 else inside[0]] if inside else []), size]
        path = ".".join(part.path)
        kind = [type(self.modules[path]).__name__] if path in self.modules else []
        inner = [f"{len(part.operations)} operations"] if len(part.operations) > 1 else []
        return [" ".join([path, *kind]), ", ".join([*inner, size])]

    def _leaf(self, tensor):
        return _box([self.names.get(id(tensor), "leaf"), _spec_text(tensor._value.spec), *self._ranges(tensor)], "leaf")

    def _ranges(self, tensor):
        """The range of the elements and of the gradient's, where they are asked for."""
        found = [_range(tensor)] if self.values else []
        if self.gradients and tensor.is_leaf and tensor.grad is not None:
            found.append(f"grad {_range(tensor.grad)}")
        return found


# ---------------------------------------------------------------- text
def _spec_text(spec):
    return f"{dtypes.BY_NUMPY[spec.dtype]!r}".removeprefix("torch.") + f" {list(spec.shape)}"


def _range(tensor):
    """The least and the greatest element."""
    array = tensor.numpy_value()
    if array.size == 1:
        return f"{array.item():.4g}"
    return f"{array.min():.3g} … {array.max():.3g}" if array.size and array.dtype.kind in "fiu" else "…"


def _box(lines, kind):
    return Box(lines, kind, max(map(len, lines)) * CHARACTER + 2 * PADDING, len(lines) * LINE + PADDING)


def _svg(boxes, edges):
    """The whole picture."""
    width, height, routes = arrange(boxes, edges)
    parts = [f'<path d="{_curve(route)}" marker-end="url(#tip)"/>' for route in routes]
    shown = "".join(_box_svg(box) for box in boxes)
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}" '
            'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">'
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0.8 L7.5 4 L0 7.2 z" fill="#8a8a86"/></marker></defs>'
            f'<rect x="{-MARGIN}" y="{-MARGIN}" width="{width:.0f}" height="{height:.0f}" fill="white"/>'
            f'<g fill="none" stroke="#8a8a86">{"".join(parts)}</g>{shown}</svg>')


def _curve(points):
    """A smooth line through the points of an edge."""
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in zip(points, points[1:]):
        middle = (y + to_y) / 2
        text += f" C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
    return text


def _box_svg(box):
    fill, stroke = COLOURS[box.kind]
    left, top = box.x - box.width / 2, box.y - box.height / 2
    styles = ['font-weight="bold"', *['fill="#55554f"'] * len(box.lines)]
    baseline = top + PADDING / 2 + 11
    lines = [f'<text x="{box.x:.1f}" y="{baseline + index * LINE:.1f}" text-anchor="middle" {style}>{html.escape(line)}</text>'
             for index, (line, style) in enumerate(zip(box.lines, styles))]
    size = f'width="{box.width:.1f}" height="{box.height:.1f}"'
    return f'<rect x="{left:.1f}" y="{top:.1f}" {size} rx="5" fill="{fill}" stroke="{stroke}"/>{"".join(lines)}'
