"""Where a program trains: each `backward()`, and what has changed by the next one.

A training step is seen as the backward passes that lead to one change of parameters. Nothing tells when it begins and ends, so it is found
out: when a module is called or another backward pass is made, and a parameter that got a gradient is not what it was, the step is over.
"""

import contextlib

from facade.core import engine
from facade.core.random.generator import default_generator
from facade.core.tensor.history import KernelNode
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor


class Seen:
    """What was seen of one training step.

    losses: the values that backward() was called on; nodes: the graphs behind them; raw: leaf -> its gradient as backward left it;
    before, after: tensor -> its value; since, until: where the recording stood when the step before had made its last backward pass, and
    when this step was over.
    """

    def __init__(self, before, since=(0, 0)):
        self.losses, self.nodes, self.raw, self.before, self.after, self.since = [], {}, {}, before, {}, since

    def add(self, loss, nodes):
        """A backward pass from a tensor through these nodes was made."""
        self.losses += [] if loss.value in self.losses else [loss.value]
        self.nodes.update(dict.fromkeys(nodes))
        self.raw |= {leaf: leaf._grad.value for leaf in leaves_of(nodes) if leaf._grad is not None}

    def is_over(self):
        """Whether what got a gradient has changed."""
        return any(leaf.value is not self.before[leaf] for leaf in self.raw)

    def close(self, until):
        """Keep what the tensors are now."""
        self.until = until
        self.after = {tensor: tensor.value for tensor in self.before}

    @property
    def changed(self):
        """old value -> new value."""
        return {old: self.after[tensor] for tensor, old in self.before.items() if self.after[tensor] is not old}


def leaves_of(nodes):
    """The tensors at the ends of a graph."""
    return [node.variable for node in nodes if isinstance(node, AccumulateGrad)]


def graph_of(tensor):
    """The nodes behind a tensor."""
    found = dict.fromkeys([] if tensor.grad_fn is None else [tensor.grad_fn])
    stack = list(found)
    while stack:
        following = [edge[0] for edge in stack.pop().edges if edge is not None and edge[0] not in found]
        found.update(dict.fromkeys(following))
        stack += dict.fromkeys(following)
    return list(found)


@contextlib.contextmanager
def backward_noticed(notice):
    """In the block, `notice(tensor, nodes)` is called after each `tensor.backward()`; nodes: the graph behind it."""
    original = Tensor.backward

    def backward(self, *args, **kwargs):
        nodes = graph_of(self)
        original(self, *args, **kwargs)
        notice(self, nodes)
    Tensor.backward = backward
    try:
        yield
    finally:
        Tensor.backward = original


@contextlib.contextmanager
def unchanged(tensors, optimizer):
    """Put back what the block does to these tensors, their gradients, an optimizer's state and the random numbers."""
    states = {} if optimizer is None else {param: dict(state) for param, state in optimizer.state.items()}
    kept = [each for state in states.values() for each in state.values() if hasattr(each, "storage_cell")]
    grads = [(each, each._grad) for each in tensors]
    every = [*tensors, *kept, *(grad for _, grad in grads if grad is not None)]
    engine.evaluate_all()
    values, numbers = [each.value for each in every], default_generator.engine.copy()
    try:
        yield
    finally:
        for each, value in zip(every, values):
            if each.value is not value:
                each.storage_cell.write(value)
        for each, grad in grads:
            each._grad = grad
        if optimizer is not None:
            optimizer.state.clear()
            optimizer.state.update(states)
        default_generator.engine = numbers


# ---------------------------------------------------------------- where derivatives do not go
def stops(entries, nodes, leaves):
    """(epoch, slot, index) of the inputs that lead to the leaves' values but through which autograd did not go."""
    for node in nodes:
        if not isinstance(node, (KernelNode, AccumulateGrad)):
            raise NotImplementedError(f"the step goes through '{node.name()}', whose derivative is its own and cannot be had from the "
                                      "forward pass")
    found = {(node.epoch, node.slot): node for node in nodes if isinstance(node, KernelNode)}
    twins = {(entry.kernel, entry.sources): found[entry.epoch, entry.slot] for entry in entries if (entry.epoch, entry.slot) in found}
    tracked, stopped = set(leaves), set()
    for entry in entries:
        through = [index for index, source in enumerate(entry.sources) if source in tracked]
        if not through or all(spec.dtype.kind not in "fcV" for spec in entry.kernel.outs):
            continue
        node = found.get((entry.epoch, entry.slot)) or twins.get((entry.kernel, entry.sources))
        wanted = () if node is None else node.wanted
        stopped.update((entry.epoch, entry.slot, index) for index in through if index not in wanted)
        if any(index in wanted for index in through):
            tracked.update(entry.results)
    return frozenset(stopped)
