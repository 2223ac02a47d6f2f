"""`backward` and `grad`: the two ways to start a walk through the graph."""

from facade.autograd import batched
from facade.autograd.backward import accumulate, first_gradients, roots_of, take, walk
from facade.autograd.shortcut import attempt
from facade.autograd.graph import GradientEdge
from facade.core import engine
from facade.core.ops.composites.combining import stack
from facade.core.tensor.history import edge_of
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn


NOT_REQUIRED = "One of the differentiated Tensors does not require grad"


def _listed(tensors):
    return (tensors,) if isinstance(tensors, (Tensor, GradientEdge)) or tensors is None else tuple(tensors)


def _edge(target):
    """Where gradients for a tensor, or a GradientEdge, go to; None when it requires none."""
    return target[:2] if isinstance(target, GradientEdge) else edge_of(target)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Add the gradients of `tensors` to the `.grad` of the leaves (torch.autograd.backward).

    tensors: one or several; those with more than one element need an entry in grad_tensors of their shape.
    inputs: accumulate into these alone. RuntimeError where there is no history, or where it was freed.
    """
    tensors = _listed(tensors)
    if grad_variables is not None:
        warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning)
    if inputs is not None:
        inputs = _listed(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    gradients = _listed(grad_tensors if grad_tensors is not None else grad_variables)
    if gradients == (None,):
        gradients = (None,) * len(tensors)
    if len(gradients) < len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(gradients)} gradients")
    retain_graph = create_graph if retain_graph is None else retain_graph

    def through(tensors, gradients):
        roots = roots_of(tensors, first_gradients(tensors, gradients), create_graph)
        if inputs is None:
            walk(roots, retain_graph, create_graph)
        else:
            _into(inputs, roots, retain_graph, create_graph)
    if gradients == (None,) and inputs is None and not create_graph and not modes.anomaly and tensors[0]._node is not None:
        attempt(tensors[0]._node, tensors[0]._index, retain_graph, lambda: through(tensors, gradients), take)
    else:
        through(tensors, gradients)
    engine.evaluate_all()


def _into(inputs, roots, retain_graph, create_graph):
    """Accumulate into `inputs` alone; a non-leaf among them gets a `.grad` too."""
    edges = [_edge(each) for each in inputs]
    _require(inputs, "can't retain_grad on Tensor that has requires_grad=False")
    only = {edge[0] for edge in edges if edge is not None and isinstance(edge[0], AccumulateGrad)}
    captured = walk(roots, retain_graph, create_graph, {edge: True for edge in edges if edge is not None}, only)
    for each, edge in zip(inputs, edges):
        if edge is not None and not isinstance(edge[0], AccumulateGrad) and captured.get(edge) is not None:
            accumulate(each, captured[edge], create_graph)


def _require(inputs, otherwise=NOT_REQUIRED):
    """Raise torch's error for what requires no grad. A view of a leaf that was made under no_grad does, though no edge leads to it."""
    if not all(isinstance(each, GradientEdge) or each.requires_grad for each in inputs):
        raise RuntimeError(otherwise)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
         is_grads_batched=False, materialize_grads=False):
    """The gradients of `outputs` with respect to `inputs`, a tuple (torch.autograd.grad).

    allow_unused: None for an input that is not part of the graph, instead of RuntimeError; materialize_grads: zeros for it.
    is_grads_batched: grad_outputs have one more dimension in front, and so have the results.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.")
    if not only_inputs:
        warn("only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other parts of the graph, "
             "please use torch.autograd.backward.", FutureWarning)
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    outputs, inputs = _listed(outputs), _listed(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    gradients = _listed(grad_outputs)
    if gradients == (None,):
        gradients = (None,) * len(outputs)
    retain_graph = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(outputs, inputs, gradients, retain_graph, create_graph, allow_unused, materialize_grads)
    gradients = first_gradients(outputs, gradients)
    roots = roots_of(outputs, gradients, create_graph)
    edges = [_edge(each) for each in inputs]
    _require(inputs)
    captured = walk(roots, retain_graph, create_graph, {edge: True for edge in edges if edge is not None})
    results = []
    for each, edge in zip(inputs, edges):
        found = captured.get(edge)
        if found is None and not allow_unused:
            raise RuntimeError(f"The differentiated Tensor at index {len(results)} appears to not have been used in the graph. "
                               "Set allow_unused=True if this is the desired behavior.")
        if found is None and materialize_grads:
            found = each.new_zeros(each.shape)
        found = found if found is None or isinstance(found, Tensor) else Tensor._of(found)
        wanted = getattr(each, "_grad_dtype", None)
        results.append(found if found is None or wanted in (None, Ellipsis) else found.to(wanted))
    return tuple(results)


def _batched(outputs, inputs, gradients, retain_graph, create_graph, allow_unused, materialize_grads):
    """One walk for all entries of the leading dimension, or one for each, stacked."""
    if all(each is None for each in gradients):
        raise ValueError("vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for some input, but that input is a Tensor of dimensionality 0 so "
                         "expected in_dim to satisfy 0 <= in_dim < 0.")
    plain = not materialize_grads and all(isinstance(each, Tensor) and each.requires_grad for each in (*outputs, *inputs))
    if plain and not any(each is None for each in gradients):
        found = batched.gradients(outputs, inputs, gradients, create_graph)
        if found is not None and (allow_unused or not any(each is None for each in found)):
            if not retain_graph:
                batched.release(outputs)
            return tuple(found)
    count = next(each for each in gradients if each is not None).shape[0]
    rows = [grad(outputs, inputs, [None if each is None else each[index] for each in gradients], retain_graph or index + 1 < count,
                 create_graph, allow_unused=allow_unused, materialize_grads=materialize_grads) for index in range(count)]
    return tuple(None if parts[0] is None else stack(parts) for parts in zip(*rows))


def _of_tensor(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
    """Add the gradient of this tensor to the `.grad` of the leaves; `gradient` is needed unless it has one element."""
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


_of_tensor.__name__, _of_tensor.__qualname__ = "backward", "Tensor.backward"
Tensor.backward = _of_tensor
