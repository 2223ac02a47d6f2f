"""The walk backward through the graph: pullbacks recorded from the roots to the leaves, gradients accumulated.

Nodes run in the reverse order of their making, each when all that flows into it has arrived. Gradients travel as the
engine's values; with `create_graph` they travel as tensors, whose operations are tracked like any others.
"""

import heapq

import jax.numpy as jnp

from facade.autograd.anomaly_mode import explain
from facade.core import dtypes, engine
from facade.core.engine import Value, record
from facade.core.ops.dispatch import cast_value
from facade.core.tensor.entries import entries, from_entries
from facade.core.tensor.history import KernelNode, edge_of, node_class, track
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor, typename
from facade.core.tensor.write import write


def _sum(one, other):
    return one + other


class _Add:
    """The operator that adds two gradients."""

    def specialize(self, specs, statics):
        return _sum


ADD = _Add()


class _Copy:
    """The operator that copies a gradient into `.grad`."""

    def specialize(self, specs, statics):
        return lambda gradient: gradient


COPY, COPY_NODE, CLONE_NODE = _Copy(), node_class("CopyBackwards"), node_class("CloneBackward0")


class Walk:
    """One backward pass.

    targets: {(node, index): position} whose gradients are captured instead of accumulated, or None for all leaves.
    """

    def __init__(self, roots, retain_graph, create_graph, targets=None, only=None):
        self.retain, self.create, self.targets, self.only = retain_graph, create_graph, targets, only
        self.captured = {}
        self.arrived = {}               # node -> gradients of its outputs
        self.waiting = _count_edges([root[0] for root in roots])
        for node, index, gradient in roots:
            self._arrive(node, index, gradient)
        self.ready = [_ranked(node) for node in self.arrived if not self.waiting[node]]
        heapq.heapify(self.ready)
        if targets is not None:
            self._mark_needed()

    def _mark_needed(self):
        """Only what lies on a way to a target runs."""
        goals = {node for node, _ in self.targets}
        needed = set()
        for node in sorted(self.waiting, key=lambda each: (-each.priority, each.sequence)):
            if node in goals or any(edge is not None and edge[0] in needed for edge in node.edges):
                needed.add(node)
        self.running = {node for node in self.waiting if any(edge is not None and edge[0] in needed for edge in node.edges)}

    def reaches(self, node):
        """Whether `node` is among those that this pass visits."""
        return node in self.waiting and (self.targets is None or node in self.running or any(node is each for each, _ in self.targets))

    def _arrive(self, node, index, gradient):
        gradients = self.arrived.get(node)
        if gradients is None:
            gradients = self.arrived[node] = [None] * len(node.outs)
        before = gradients[index]
        if before is None:
            gradients[index] = gradient
        elif self.create:
            gradients[index] = before + gradient
        else:
            gradients[index] = record(ADD, (), [before, gradient])[0][0]

    def run(self):
        """Run every node that is reached."""
        ready, waiting, arrived = self.ready, self.waiting, self.arrived
        plain = self.targets is None and not self.create and not modes.anomaly
        while ready:
            node = heapq.heappop(ready)[3]
            gradients = arrived.pop(node, None)
            if gradients is None:
                results = None
            elif plain and node.hooks is None:
                if node.__class__ is AccumulateGrad:
                    accumulate(node.variable, gradients[0], False)
                    continue
                results = node.apply(gradients)
                if not self.retain:
                    node.release()
            else:
                results = self._visit(node, gradients)
            place = 0
            for edge in node.edges:
                if edge is not None:
                    following = edge[0]
                    if results is not None and results[place] is not None:
                        self._arrive(following, edge[1], results[place])
                    left = waiting[following] = waiting[following] - 1
                    if not left:
                        heapq.heappush(ready, _ranked(following))
                place += 1

    def _visit(self, node, gradients):
        """Run one node's hooks and its derivative; the gradients for its edges, or None."""
        hooks = node.hooks
        if hooks is not None:
            gradients = self._arriving(node, hooks, gradients)
        if self.targets is not None:
            for index, gradient in enumerate(gradients):
                if (node, index) in self.targets:
                    self.captured[node, index] = gradient
            if self.only is not None and node in self.only:
                accumulate(node.variable, gradients[0], self.create)
            if node not in self.running:
                return None
        if hooks is not None and hooks.before:
            gradients = self._call_before(hooks, gradients)
            if isinstance(node, KernelNode) and all(each is None for each in gradients):
                return None
        if node.__class__ is AccumulateGrad:
            return self._accumulate(node, gradients)
        results = _watched(node, self._run_node, gradients) if modes.anomaly else self._run_node(node, gradients)
        if not self.retain:
            node.release()
        return results

    def _accumulate(self, node, gradients):
        if self.targets is None:
            accumulate(node.variable, gradients[0], self.create)
            if node.hooks is not None and node.hooks.after:
                self._call_after(node.hooks, (), gradients)

    def _run_node(self, node, gradients):
        """The derivative and the hooks behind it."""
        results = node.apply_tracked(gradients) if self.create else node.apply(gradients)
        if node.hooks is not None and node.hooks.after:
            results = from_entries(node, self._call_after(node.hooks, entries(node, results), gradients))
        return results

    # -------------------------------------------------------- hooks see tensors
    def _shown(self, gradient):
        return Tensor._of(gradient) if gradient.__class__ is Value else gradient

    def _taken(self, gradient):
        return gradient.value if not self.create and isinstance(gradient, Tensor) else gradient

    def _arriving(self, node, hooks, gradients):
        """The gradients after the hooks on each of them; those that tensors retain are kept."""
        gradients = list(gradients)
        for index, called in hooks.arriving.items():
            if gradients[index] is None:
                continue
            for hook in list(called.values()):
                shown = self._shown(gradients[index])
                answer = hook(shown)
                if answer is not None:
                    _check_answer(hook, answer, shown)
                    gradients[index] = self._taken(answer)
                elif not self.create:
                    gradients[index] = shown.value
        for index, reference in hooks.retained.items():
            tensor, gradient = reference(), gradients[index]
            if tensor is not None and gradient is not None:
                _retain(tensor, gradient)
        return gradients

    def _show_all(self, gradients):
        return tuple(None if each is None else self._shown(each) for each in gradients)

    def _take_all(self, hook, answer, shown, before):
        """The gradients after a hook that was shown these: its answer, if it gave one."""
        if answer is None:
            return before
        if not isinstance(answer, tuple):
            raise TypeError(f"expected tuple, but hook returned '{type(answer).__name__}'")
        if len(answer) != len(shown):
            raise RuntimeError(f"hook '{_name(hook)}' has returned an incorrect number of values (got {len(answer)}, but expected {len(shown)})")
        for each, gradient in zip(answer, shown):
            if each is not None and gradient is not None:
                _check_answer(hook, each, gradient)
            elif each is not None and not hasattr(hook, "fills"):
                raise RuntimeError("can't replace a None gradient with a non-None value")
        return [None if each is None else self._taken(each) for each in answer]

    def _call_before(self, hooks, gradients):
        for hook in list(hooks.before.values()):
            shown = self._show_all(gradients)
            gradients = self._take_all(hook, hook(shown), shown, gradients)
        return gradients

    def _call_after(self, hooks, results, gradients):
        for hook in list(hooks.after.values()):
            shown = self._show_all(results)
            results = self._take_all(hook, hook(shown, self._show_all(gradients)), shown, results)
        return results


def _ranked(node):
    """What the heap sorts nodes by: the latest made comes first, leaves before all."""
    return -node.priority, -node.sequence, id(node), node


def _count_edges(nodes):
    """How many edges lead to each node from the nodes that will run."""
    waiting = dict.fromkeys(nodes, 0)
    stack = list(waiting)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None:
                node = edge[0]
                if node in waiting:
                    waiting[node] += 1
                else:
                    waiting[node] = 1
                    stack.append(node)
    return waiting


def _name(hook):
    return getattr(hook, "__name__", type(hook).__name__)


def _check_answer(hook, answer, gradient):
    """A hook's answer must be a tensor like the gradient."""
    name = _name(hook)
    if not isinstance(answer, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(answer).__name__}'")
    if answer._value.spec.dtype != gradient._value.spec.dtype:
        raise RuntimeError(f"hook '{name}' has changed the type of value (was {typename(gradient)} got {typename(answer)})")
    if answer._value.spec.shape != gradient._value.spec.shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")


def _watched(node, run, gradients):
    """Run a node under anomaly detection: where it fails, or gives nan, a warning shows what it is the derivative of."""
    modes.running = node
    try:
        results = run(node, gradients)
        if modes.check_nan:
            _check_nan(node, results)
    except Exception:
        explain(node)
        raise
    return results


def _check_nan(node, results):
    for index, result in enumerate(results):
        if result is not None:
            value = result.value if isinstance(result, Tensor) else result
            array = engine.read(value)
            if (array != array).any():
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {index}th output.")


def take(leaf, value):
    """Give a leaf its new gradient, the old one added in: the same tensor is written to."""
    if leaf._grad is None:
        leaf._grad = Tensor._of(value)
    else:
        write(leaf._grad, value)


def _as_dtype(gradient, dtype):
    """A gradient in the dtype that its leaf asks for, if it asks for one."""
    if dtype is None:
        return gradient
    return cast_value(gradient, dtype) if gradient.__class__ is Value else gradient.to(dtype)


def accumulate(leaf, gradient, create_graph):
    """Add a gradient to `leaf.grad`: the same tensor is written to, or a new one made as torch does."""
    existing = leaf._grad
    if leaf._grad_dtype is not Ellipsis:
        gradient = _as_dtype(gradient, leaf._grad_dtype or (None if existing is None else existing.dtype))
    if existing is None:
        leaf._grad = Tensor._of(gradient) if gradient.__class__ is Value else track(COPY, (), [gradient], COPY_NODE)[0]
    elif create_graph and modes.grad:
        leaf._grad = existing + (Tensor._of(gradient) if gradient.__class__ is Value else gradient)
    else:
        value = gradient if gradient.__class__ is Value else gradient.value
        write(existing, record(ADD, (), [existing.value, value])[0][0])
    if leaf._post_accumulate:
        for hook in list(leaf._post_accumulate.values()):
            answer = hook(leaf)
            if answer is not None and not isinstance(answer, Tensor):
                raise TypeError(f"expected Variable, but hook returned '{type(answer).__name__}'")
            if answer is not None and answer is not leaf:       # which `lambda p: p.add_(...)` returns
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")


def _retain(tensor, gradient):
    """Keep a gradient in the `.grad` of a tensor that is no leaf: a copy, and from the second time on a new sum."""
    if gradient.__class__ is not Value:
        tensor._grad = track(COPY, (), [gradient], CLONE_NODE)[0] if tensor._grad is None else tensor._grad + gradient
    else:
        tensor._grad = Tensor._of(gradient if tensor._grad is None else record(ADD, (), [tensor._grad.value, gradient])[0][0])


# ---------------------------------------------------------------- entry points
def first_gradients(tensors, gradients, batched=False):
    """The gradients that start the walk, ones where a scalar was given none; torch's errors for bad ones."""
    made = []
    for tensor, gradient in zip(tensors, gradients):
        spec = tensor._value.spec
        if gradient is None:
            if not tensor.requires_grad:
                made.append(None)
                continue
            if spec.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if dtypes.BY_NUMPY[spec.dtype].category != dtypes.FLOAT:
                raise RuntimeError("grad can be implicitly created only for real scalar outputs but got "
                                   f"{dtypes.BY_NUMPY[spec.dtype]!r}")
            made.append(ones_like(tensor))
            continue
        if not isinstance(gradient, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        given = gradient._value.spec
        if given.shape != spec.shape and not batched:
            raise RuntimeError(f"Mismatch in shape: grad_output[{len(made)}] has a shape of {gradient.shape} and "
                               f"output[{len(made)}] has a shape of {tensor.shape}.")
        if (given.dtype.kind == "c") != (spec.dtype.kind == "c"):
            raise RuntimeError(f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
                               f"grad_output[{len(made)}] has a dtype of {gradient.dtype} and output[{len(made)}] has a dtype of {tensor.dtype}.")
        made.append(gradient)
    return made


class _Ones:
    """The operator that makes ones like its input, where the input is."""

    def specialize(self, specs, statics):
        return jnp.ones_like


ONES = _Ones()


def ones_like(tensor):
    """A tensor of ones of the shape and dtype of `tensor`, on its device."""
    return Tensor._of(record(ONES, (), [tensor.value])[0][0])


def roots_of(tensors, gradients, create_graph):
    """(node, index, gradient) where the walk starts; RuntimeError for a tensor without history."""
    roots = []
    for place, (tensor, gradient) in enumerate(zip(tensors, gradients)):
        edge = edge_of(tensor)
        if edge is None:
            raise RuntimeError(f"element {place} of tensors does not require grad and does not have a grad_fn")
        if gradient._value.spec.dtype != tensor._value.spec.dtype:
            gradient = gradient.to(tensor.dtype)
        roots.append((*edge, gradient if create_graph else gradient.value))
    return roots


def walk(roots, retain_graph, create_graph, targets=None, only=None):
    """Walk from the roots; the gradients captured at the targets."""
    run = Walk(roots, retain_graph, create_graph, targets, only)
    before = modes.grad, modes.walk, modes.running
    modes.grad, modes.walk = create_graph, run
    try:
        run.run()
    finally:
        modes.grad, modes.walk, modes.running = before
    return run.captured


