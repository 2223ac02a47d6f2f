"""A backward pass that was made before, in one step.

In a training loop every iteration records the same operations, and so does its backward pass. Where a graph was recorded
whole since the last evaluation, the tape's state and the shape of the graph tell everything that the walk would record; so
when they are met again the walk is not made: the tape jumps to the state where it ended, and the leaves get their gradients.

The nodes are still looked at, one after the other, for what a walk would find: hooks, what was written to, what was freed.
"""

from facade.core.engine import Stretch, Value, tapes
from facade.core.tensor.history import KernelNode
from facade.core.tensor.node import AccumulateGrad


class Survey:
    """The graph behind a root as far as a walk depends on it.

    key: equal for graphs of equal shape at the same state of the tape; kernels: the nodes with derivatives, in the order found;
    leaves: the ends; gradients: the present `.grad` values of the leaves.
    """

    __slots__ = ("key", "kernels", "leaves", "gradients")

    def numbers(self):
        """The Python numbers that the pullbacks take, in the order in which a walk meets the nodes."""
        ordered = sorted(self.kernels, key=lambda node: -node.sequence)
        return [each for node in ordered for each in node.inputs or () if each is not None and each.__class__ is not Value]


def explore(root, epoch):
    """The survey of the graph behind `root`; None where only a walk will do."""
    kernels, leaves, gradients, key = [], [], [], []
    found, stack = {root: 0}, [root]
    while stack:
        node = stack.pop()
        if node.hooks is not None:
            return None
        if node.__class__ is AccumulateGrad:
            leaf = node.variable
            if leaf._post_accumulate or leaf._grad_dtype is not Ellipsis:
                return None
            leaves.append(leaf)
            if leaf._grad is None:
                key.append(None)
            else:               # what the walk depends on is whether there is a gradient, and where that is on the tape
                value = leaf._grad.value
                gradients.append(value)
                key.append(value.slot if value.epoch is epoch else epoch.slot_of.get(value, -1))
            continue
        if not isinstance(node, KernelNode) or node.epoch is not epoch:
            return None
        kernels.append(node)
        key += node.slot, node.wanted
        for edge in node.edges:
            if edge is not None:
                following, index = edge
                place = found.get(following)
                if place is None:
                    place = found[following] = len(found)
                    stack.append(following)
                key += place, index
    survey = Survey()
    survey.key, survey.kernels, survey.leaves, survey.gradients = tuple(key), kernels, leaves, gradients
    return survey


def attempt(root, index, retain_graph, walk, take):
    """Make the backward pass from output `index` of `root`: in one step if it is known, else by `walk()`, which is then remembered.

    take(leaf, value): gives a leaf its new gradient.
    """
    epoch = tapes.epoch
    survey = explore(root, epoch)
    if survey is None:
        return walk()
    state, key = epoch.state, (index, survey.key)
    stretch = state.stretches.get(key)
    if stretch is None:
        numbers = survey.numbers()
        walk()
        state.stretches[key] = Stretch.since(epoch, state, survey.gradients, len(numbers), [leaf._grad.value for leaf in survey.leaves])
        return None
    kernels = survey.kernels
    for node in kernels:
        if node.saved != () or node.inputs is None or node.underivable is not None:
            node.check()
    results = stretch.repeat(epoch, survey.gradients, survey.numbers() if stretch.numbers else ())
    for leaf, value in zip(survey.leaves, results):
        take(leaf, value)
    if not retain_graph:
        for node in kernels:
            node.release()
    return None
