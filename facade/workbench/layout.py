"""Where the boxes of a layered graph go: layers by the longest way, an order with few crossings, positions above what they belong to.

The method is that of Sugiyama, Tagawa and Toda (1981, https://doi.org/10.1109/TSMC.1981.4308636) in its simplest form: boxes that an edge
passes by are dummies of no width, each layer is sorted by the mean place of its neighbours, down and up again a few times. The longest
way of computation stands straight.
"""

from collections import defaultdict

GAP, LAYER_GAP, SWEEPS, TURNS = 18, 34, 6, 12
WEIGHTS = {"leaf": 0.001, "dummy": 0.01}         # how much a box insists on its place, beside an operation's 1 and more


class Box:
    """A rectangle with lines of text. x, y: of its centre; layer; kind: decides its colour."""

    def __init__(self, lines, kind, width, height):
        self.lines, self.kind, self.width, self.height = lines, kind, width, height
        self.x = self.y = self.layer = 0
        self.weight = WEIGHTS.get(kind, 1)


def arrange(boxes, edges):
    """Set x, y of the boxes; (width, height, routes), a route of points for each edge (index of a box, index of a box), which goes down."""
    layers_of(boxes, edges)
    every, chains = _with_dummies(boxes, edges)
    layers = defaultdict(list)
    for box in every:
        layers[box.layer].append(box)
    layers = [layers[index] for index in range(max(layers) + 1)]
    above, below = _neighbours(chains)
    for sweep in range(SWEEPS):
        _order(layers if sweep % 2 == 0 else layers[::-1], above if sweep % 2 == 0 else below)
    Placement(layers, above, below).place()
    top = 0.0
    for layer in layers:
        height = max(box.height for box in layer)
        for box in layer:
            box.y = top + height / 2
            box.height = box.height if box.lines else height
        top += height + LAYER_GAP
    left = min(box.x - box.width / 2 for box in every)
    for box in every:
        box.x -= left
    return max(box.x + box.width / 2 for box in every), top - LAYER_GAP, [_route(chain) for chain in chains]


def _route(chain):
    """From the lower side of a box to the upper side of another, straight down where it passes by others."""
    return [(box.x, box.y + side * box.height / 2) for box in chain for side in (-1, 1)][1:-1]


def layers_of(boxes, edges):
    """Every box one layer below the lowest of those that lead to it; one that nothing leads to, right above what it leads to."""
    sources, targets = defaultdict(list), defaultdict(list)
    for source, target in edges:
        sources[target].append(source)
        targets[source].append(target)
    waiting = {index: len(sources[index]) for index in range(len(boxes))}
    ready = [index for index, count in waiting.items() if not count]
    order = []
    while ready:
        index = ready.pop()
        order.append(index)
        for target in targets[index]:
            boxes[target].layer = max(boxes[target].layer, boxes[index].layer + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for index in reversed(order):
        if not sources[index] and targets[index]:
            boxes[index].layer = min(boxes[target].layer for target in targets[index]) - 1


def _with_dummies(boxes, edges):
    """All boxes, with a dummy where an edge crosses a layer, and the chain of boxes of each edge."""
    every, chains = list(boxes), []
    for source, target in edges:
        chain = [boxes[source]]
        for layer in range(boxes[source].layer + 1, boxes[target].layer):
            dummy = Box([], "dummy", 8, 0)
            dummy.layer = layer
            chain.append(dummy)
            every.append(dummy)
        chains.append([*chain, boxes[target]])
    return every, chains


def _neighbours(chains):
    above, below = defaultdict(list), defaultdict(list)
    for chain in chains:
        for one, other in zip(chain, chain[1:]):
            above[id(other)].append(one)
            below[id(one)].append(other)
    return above, below


def _order(layers, neighbours):
    """Sort each layer by the mean place of the neighbours in the one before."""
    for before, layer in zip(layers, layers[1:]):
        place = {id(box): index for index, box in enumerate(before)}
        own = {id(box): index for index, box in enumerate(layer)}

        def mean(box):
            places = [place[id(each)] for each in neighbours[id(box)] if id(each) in place]
            return sum(places) / len(places) if places else own[id(box)] * len(before) / max(1, len(layer))
        layer.sort(key=mean)


class Placement:
    """x for all boxes: packed, drawn to the middle of their neighbours in turns, at last straight under one another; never over one
    another.

    lines: id of a box -> the boxes of its line, each the other's next on the longest way of computation, or the places where one edge
    passes by.
    """

    def __init__(self, layers, above, below):
        self.layers, self.above, self.below = layers, above, below
        self.lines = self._lines()
        for box in (box for layer in layers for box in layer):
            box.weight *= len(self.lines[id(box)]) ** 2      # a short line makes way for a long one

    def place(self):
        """Set x of every box."""
        for layer in self.layers:
            _pack(layer)
        for wish, turns in ((self._between, TURNS), (self._near_line, TURNS), (self._straight, TURNS), (self._beside, 1)):
            for turn in range(turns):
                sides = [self.above] if turn % 2 == 0 else [self.below]
                for layer in self.layers[::1 if turn % 2 == 0 else -1]:
                    _draw_to(layer, [wish(box, sides) for box in layer])

    def _between(self, box, sides):
        near = [each for side in sides for each in side[id(box)]]
        return _middle([each for each in near if each.kind != "leaf"] or near or [box])     # the leaves stand beside the computation

    def _near_line(self, box, sides):
        line = self.lines[id(box)]
        if len(line) == 1 or box.kind == "dummy":
            return self._between(box, sides)
        return _middle([*line, *(each for each in self._ends(line) if each.kind != "leaf")])

    def _straight(self, box, sides):
        line = self.lines[id(box)]
        return _middle(line) if len(line) > 1 and box.kind != "dummy" else self._between(box, sides)

    def _beside(self, box, sides):
        """Where it is; an edge that passes by goes straight, as far out as any box makes it go."""
        if box.kind != "dummy":
            return box.x
        line = self.lines[id(box)]
        middle = _middle(self._ends(line))
        return max((each.x for each in line), key=lambda x: abs(x - middle))

    def _ends(self, line):
        return self.above[id(line[0])] + self.below[id(line[-1])]

    def _lines(self):
        behind, lines = {}, {}
        for box in (box for layer in self.layers for box in layer):
            behind[id(box)] = (box.kind not in ("leaf", "dummy")) + max((behind[id(each)] for each in self.above[id(box)]), default=0)
        for box in (box for layer in self.layers for box in layer):
            upper = _next(self.above[id(box)], behind)
            is_alike = upper is not None and (upper.kind == "dummy") == (box.kind == "dummy")
            straight = is_alike and _next(self.below[id(upper)], behind) is box
            lines[id(box)] = lines[id(upper)] if straight else []
            lines[id(box)].append(box)
        return lines


def _pack(layer):
    at = 0.0
    for box in layer:
        box.x = at + box.width / 2
        at += box.width + GAP
    for box in layer:
        box.x -= (at - GAP) / 2


def _middle(boxes):
    return sum(box.x for box in boxes) / len(boxes)


def _next(boxes, behind):
    """The one that a line goes on to: an operation rather than an edge that passes by, and of these the one with most behind it."""
    boxes = [box for box in boxes if box.kind != "leaf"]
    return max(boxes, key=lambda box: (box.kind != "dummy", behind[id(box)]), default=None)


def _draw_to(layer, wished):
    """Give the boxes of a layer the places that they wish, or as near as the others let them."""
    blocks = []         # [first index, mean of the wishes for the first box, weight, how many boxes]: merged while they would overlap
    offsets, offset = [], 0.0
    for index, box in enumerate(layer):
        if index:
            offset += (layer[index - 1].width + box.width) / 2 + GAP
        offsets.append(offset)
        blocks.append([index, wished[index] - offset, box.weight, 1])
        while len(blocks) > 1 and blocks[-2][1] > blocks[-1][1]:
            first, second = blocks[-2], blocks.pop()
            first[1] = (first[1] * first[2] + second[1] * second[2]) / (first[2] + second[2])
            first[2] += second[2]
            first[3] += second[3]
    for first, mean, _, count in blocks:
        for index in range(first, first + count):
            layer[index].x = mean + offsets[index]
