"""A backward pass that was made before, in one step.

In a training loop every iteration records the same operations, and so does its backward pass. Where a graph was recorded
whole since the last evaluation, the tape's state and the shape of the graph tell everything that the walk would record; so
when they are met again the walk is not made: the tape jumps to the state where it ended, and the leaves get their gradients.

The nodes are still looked at, one after the other, for what a walk would find: hooks, what was written to, what was freed.
"""

from facade.core.engine import Stretch, Value, tapes
from facade.core.tensor.history import AccumulateGrad, KernelNode


class Survey:
    """The graph behind a root as far as a walk depends on it, or `regular` False where only a walk will do.

    key: equal for graphs of equal shape at the same state of the tape; nodes: in the order found; leaves: the ends;
    gradients: the present `.grad` values of the leaves; numbers: the Python numbers that the pullbacks take.
    """

    __slots__ = ("regular", "key", "nodes", "leaves", "gradients")

    def __init__(self, root, epoch):
        self.nodes, self.leaves, self.gradients = [], [], []
        self.regular = self._explore(root, epoch)

    def _explore(self, root, epoch):
        found, nodes, key = {root: 0}, self.nodes, []
        stack = [root]
        while stack:
            node = stack.pop()
            nodes.append(node)
            if node.hooks is not None:
                return False
            if node.__class__ is AccumulateGrad:
                if node.variable._post_accumulate:
                    return False
                key.append(self._leaf(node.variable, epoch))
                continue
            if not isinstance(node, KernelNode) or node.epoch is not epoch:
                return False
            key.append(node.slot)
            key.append(node.wanted)
            for edge in node.edges:
                if edge is not None:
                    following, index = edge
                    place = found.get(following)
                    if place is None:
                        place = found[following] = len(found)
                        stack.append(following)
                    key.append(place)
                    key.append(index)
        self.key = tuple(key)
        return True

    def _leaf(self, leaf, epoch):
        """What the walk depends on at a leaf: whether it has a gradient, and where that is on the tape."""
        self.leaves.append(leaf)
        if leaf._grad is None:
            return None
        value = leaf._grad.value
        self.gradients.append(value)
        return value.slot if value.epoch is epoch else epoch.slot_of.get(value, -1)

    def numbers(self):
        """The Python numbers that the pullbacks take, in the order in which a walk meets the nodes."""
        ordered = sorted((node for node in self.nodes if node.__class__ is not AccumulateGrad), key=lambda node: -node.sequence)
        return [each for node in ordered for each in node.inputs or () if each is not None and each.__class__ is not Value]


def attempt(root, index, retain_graph, walk, take):
    """Make the backward pass from output `index` of `root`: in one step if it is known, else by `walk()`, which is then remembered.

    take(leaf, value): gives a leaf its new gradient.
    """
    epoch = tapes.epoch
    survey = Survey(root, epoch)
    if not survey.regular:
        return walk()
    state, key = epoch.state, (index, survey.key)
    stretch = state.stretches.get(key)
    if stretch is None:
        numbers = survey.numbers()
        walk()
        state.stretches[key] = Stretch.since(epoch, state, survey.gradients, len(numbers), [leaf._grad.value for leaf in survey.leaves])
        return None
    kernels = [node for node in survey.nodes if node.__class__ is not AccumulateGrad]
    for node in kernels:
        node.check()
    for leaf, value in zip(survey.leaves, stretch.repeat(epoch, survey.gradients, survey.numbers())):
        take(leaf, value)
    if not retain_graph:
        for node in kernels:
            node.release()
    return None
