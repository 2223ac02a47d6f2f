"""Many gradients in one walk: cotangents with one more dimension in front, each pullback mapped over it by `jax.vmap`.

A Jacobian is the walk for the rows of the unit matrix. Only plain graphs are walked so; where there are hooks, custom
functions or packed tensors, `gradients` answers None, and the caller walks once for each row.
"""

import functools

import jax

from facade.autograd.backward import ADD
from facade.core.engine import record, spec_of
from facade.core.tensor.history import KernelNode, edge_of
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.saved import Packed
from facade.core.tensor.tensor import Tensor


class _Mapped:
    """A pullback mapped over the first dimension of its cotangents."""

    __slots__ = ("pullback",)

    def __init__(self, pullback):
        self.pullback = pullback

    def specialize(self, specs, statics):
        primals = len(self.pullback.needed)
        single = (*specs[:primals], *(spec_of(spec.shape[1:], spec.dtype) for spec in specs[primals:]))
        function = self.pullback.specialize(single, statics)
        return jax.vmap(function, in_axes=(None,) * primals + (0,) * (len(specs) - primals))


_mapped = functools.cache(_Mapped)


def gradients(outputs, inputs, vectors, create_graph):
    """The gradients of the outputs by each input, a tensor whose first dimension is that of `vectors`, or None for an input that is not
    reached; None in place of them all for a graph that is not plain.

    vectors: a tensor for each output.
    """
    roots = [edge_of(each) for each in outputs]
    nodes = _behind([node for node, _ in roots])
    if any(node.hooks is not None or not isinstance(node, (KernelNode, AccumulateGrad)) or _is_packed(node) for node in nodes):
        return None
    arrived = {}
    for root, vector in zip(roots, vectors):
        _add(arrived, root, vector if create_graph else vector.value)
    for node in sorted(nodes, key=lambda each: -each.sequence):
        if isinstance(node, KernelNode):
            _step(node, arrived, create_graph)
    found = [arrived.get(edge_of(each)) for each in inputs]
    return [each if each is None or isinstance(each, Tensor) else Tensor._of(each) for each in found]


def release(outputs):
    """Give up what the graph of the outputs has saved."""
    for node in _behind([edge_of(each)[0] for each in outputs]):
        node.release()


def _is_packed(node):
    return isinstance(node, KernelNode) and node.inputs.__class__ is Packed


def _behind(roots):
    """All nodes of the graph."""
    seen, stack = set(roots), list(roots)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return seen


def _step(node, arrived, create_graph):
    """Pass on what has arrived at a node."""
    cotangents = [arrived.get((node, index)) for index in range(len(node.outs))]
    if all(each is None for each in cotangents):
        return
    results = (node.apply_tracked if create_graph else node.apply)(cotangents, _mapped)
    for edge, result in zip(node.edges, results):
        if edge is not None and result is not None:
            _add(arrived, edge, result)


def _add(arrived, edge, gradient):
    before = arrived.get(edge)
    if before is None:
        arrived[edge] = gradient
    else:
        arrived[edge] = before + gradient if isinstance(gradient, Tensor) else record(ADD, (), [before, gradient])[0][0]
