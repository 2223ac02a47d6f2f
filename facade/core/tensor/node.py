"""Nodes and edges: what the graph of `backward` is made of, and the functions that users hang on it.

A node has no reference to the tensors that its operation made, so graphs are never cyclic. An edge `(node, index)` says which
input of the node's derivative (which output of the operation) a gradient goes to.
"""

import itertools
import re
import weakref
from collections import OrderedDict

from facade.core.tensor.entries import entries

sequence = itertools.count()


class Hooks:
    """The functions that users hung on a node.

    arriving: output index -> hooks on its gradient; before, after: on the whole node; retained: output index -> weak reference
    to the tensor whose `.grad` gets the gradient.
    """

    __slots__ = ("arriving", "before", "after", "retained")

    def __init__(self):
        self.arriving, self.before, self.after, self.retained = {}, OrderedDict(), OrderedDict(), {}


class Node:
    """One operation of the graph (torch.autograd.graph.Node). edges: where the gradients of its inputs go, or None."""

    __slots__ = ("edges", "sequence", "outs", "hooks", "__weakref__", "__dict__")
    priority = 0

    def __init__(self, edges, outs):
        self.edges, self.outs, self.hooks = edges, outs, None
        self.sequence = next(sequence)

    def name(self):
        """The name of the operation's derivative, such as 'MulBackward0'; torch's own nodes have their C++ name."""
        own = type(self).__name__
        return f"torch::autograd::{own}" if own in ("CopySlices", "CopyBackwards", "AccumulateGrad", "NotImplemented") else own

    def short_name(self):
        """The operation's own name, as error messages say it: 'Mul' for MulBackward0, 'Fill2' for FillBackward2."""
        return re.sub(r"Backward(0$|(?=\d))", "", self.name())

    @property
    def next_functions(self):
        """The nodes behind this one, as (node, index) pairs; (None, 0) for an input without history."""
        return tuple((None, 0) if edge is None else edge for edge in entries(self, self.edges))

    @property
    def metadata(self):
        """A dict for the user."""
        return self.__dict__

    def _sequence_nr(self):
        return self.sequence

    def hung(self):
        """The hooks of this node, made when first asked for."""
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    def register_hook(self, fn):
        """Call `fn(grad_inputs, grad_outputs)` when this node has run; it may return other grad_inputs."""
        return RemovableHandle(self.hung().after, fn)

    def register_prehook(self, fn):
        """Call `fn(grad_outputs)` before this node runs; it may return other grad_outputs."""
        return RemovableHandle(self.hung().before, fn)

    def arriving(self, index):
        """The hooks on the gradient of output `index`, an OrderedDict."""
        return self.hung().arriving.setdefault(index, OrderedDict())

    def retain(self, tensor):
        """Put the gradient of the output `tensor` into its `.grad`."""
        self.hung().retained[tensor._index] = weakref.ref(tensor)

    def let_go(self, tensor):
        """Undo `retain`: something was written to the tensor, and it has another node now."""
        self.hung().retained.pop(tensor._index, None)

    def release(self):
        """Give up what was saved for the derivative."""


class RemovableHandle:
    """What registering a hook returns: `remove()` takes it out again (torch.utils.hooks.RemovableHandle)."""

    __module__ = "facade.utils.hooks"
    _ids = itertools.count()

    def __init__(self, hooks, fn, front=False, flags=()):
        self.id = next(self._ids)
        self.places = hooks, *flags
        hooks[self.id] = fn
        if front:
            hooks.move_to_end(self.id, last=False)
        for each in flags:
            each[self.id] = True

    def remove(self):
        """Take the hook out, with what is noted about it; a second time does nothing."""
        for each in self.places:
            each.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


class AccumulateGrad(Node):
    """The end of the graph: adds what arrives to the leaf's `.grad`."""

    __module__ = "builtins"         # as torch's nodes, which are made in C++: a notebook shows <AccumulateGrad at 0x...>
    __slots__ = ("variable",)
    priority = 1

    def __init__(self, variable):
        Node.__init__(self, (), (variable._value.spec,))
        self.variable = variable
