"""Where the boxes of a layered graph go: layers by the longest way, an order with few crossings, positions above what they belong to.

The method is that of Sugiyama, Tagawa and Toda (1981, https://doi.org/10.1109/TSMC.1981.4308636) in its simplest form: boxes that an edge passes
by are dummies of no width, each layer is sorted by the mean place of its neighbours, down and up again a few times.
"""

from collections import defaultdict

GAP, LAYER_GAP, SWEEPS = 18, 34, 6
WEIGHTS = {"leaf": 0.001, "dummy": 0.3}         # how much a box insists on its place, beside an operation's 1


class Box:
    """A rectangle with lines of text. x, y: of its centre; layer; kind: decides its colour."""

    def __init__(self, lines, kind, width, height):
        self.lines, self.kind, self.width, self.height = lines, kind, width, height
        self.x = self.y = self.layer = 0


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
    _place(layers, above, below)
    top = 0.0
    for layer in layers:
        height = max(box.height for box in layer)
        for box in layer:
            box.y = top + height / 2
        top += height + LAYER_GAP
    left = min(box.x - box.width / 2 for box in every)
    for box in every:
        box.x -= left
    return max(box.x + box.width / 2 for box in every), top - LAYER_GAP, [[(box.x, box.y) for box in chain] for chain in chains]


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


def _place(layers, above, below):
    """x for all boxes: packed, then drawn to the mean of their neighbours in turns, never over one another."""
    for layer in layers:
        at = 0.0
        for box in layer:
            box.x = at + box.width / 2
            at += box.width + GAP
        for box in layer:
            box.x -= (at - GAP) / 2
    for turn in range(12):
        for layer in layers if turn % 2 == 0 else layers[::-1]:
            _draw_to(layer, [above, below] if turn > 7 else [above] if turn % 2 == 0 else [below])


def _draw_to(layer, sides):
    wished = []
    for box in layer:
        near = [each for side in sides for each in side[id(box)]]
        near = [each for each in near if each.kind != "leaf"] or near       # the computation goes straight down, the leaves stand beside it
        wished.append(sum(each.x for each in near) / len(near) if near else box.x)
    blocks = []         # [first index, mean of the wishes for the first box, weight, how many boxes]: merged while they would overlap
    offsets, offset = [], 0.0
    for index, box in enumerate(layer):
        if index:
            offset += (layer[index - 1].width + box.width) / 2 + GAP
        offsets.append(offset)
        blocks.append([index, wished[index] - offset, WEIGHTS.get(box.kind, 1), 1])
        while len(blocks) > 1 and blocks[-2][1] > blocks[-1][1]:
            first, second = blocks[-2], blocks.pop()
            first[1] = (first[1] * first[2] + second[1] * second[2]) / (first[2] + second[2])
            first[2] += second[2]
            first[3] += second[3]
    for first, mean, _, count in blocks:
        for index in range(first, first + count):
            layer[index].x = mean + offsets[index]
