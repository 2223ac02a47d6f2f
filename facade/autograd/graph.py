"""Looking at the graph, and at what it saves (torch.autograd.graph).

Hooks on saved tensors see what nodes keep for their derivatives and may keep something else in its place. What a node
has saved can be seen as its attributes: `grad_fn._saved_self`, named after the parameters in the operator's signature.
"""

import contextlib
from typing import NamedTuple, Optional
from weakref import WeakKeyDictionary

import numpy as np

from facade.autograd.saved import SET_ALREADY
from facade.core import engine
from facade.core.tensor.history import KernelNode, Plan, edge_of
from facade.core.tensor.modes import modes
from facade.core.tensor.node import Node
from facade.core.tensor.saved import Packed, SavedHooks, pack_tensor, unpack_tensor
from facade.core.tensor.tensor import Tensor

__all__ = ["GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
           "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks"]


# ---------------------------------------------------------------- edges and versions
class GradientEdge(NamedTuple):
    """A place in the graph that gradients can be taken at: output `output_nr` of `node`."""

    node: Node
    output_nr: int
    ownership_token: Optional[Node] = None


def get_gradient_edge(tensor):
    """The edge that gradients for `tensor` flow to; `autograd.grad` takes it in place of the tensor."""
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*edge)


def increment_version(tensor):
    """Count a write to the tensor, or to each of several, that was made behind autograd's back."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        each.version_counter.version += 1


# ---------------------------------------------------------------- hooks on saved tensors
class saved_tensors_hooks:
    """Within this block, save `pack_hook(tensor)` in place of each tensor that a derivative needs; `unpack_hook` gives it back in backward.

        >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), torch.from_numpy):
        ...     y = x.exp()
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        if modes.hooks_refused is not None:
            raise RuntimeError(modes.hooks_refused)
        self.before = modes.saved_hooks
        modes.saved_hooks = (*self.before, self._hooks())

    def __exit__(self, *exc):
        modes.saved_hooks = self.before

    def _hooks(self):
        return SavedHooks(self.pack_hook, self.unpack_hook)


def _copy(tensor):
    return Tensor._of(tensor.value)


class save_on_cpu(saved_tensors_hooks):
    """Within this block, save a copy on the host of each tensor that a derivative needs. pin_memory, device_type: without effect here."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        saved_tensors_hooks.__init__(self, _copy, lambda copy: copy)


class _Originals:
    """What `allow_mutation_on_saved_tensors` yields."""

    def clear(self):
        """Nothing is kept besides what the graph keeps, so there is nothing to clear."""


@contextlib.contextmanager
def allow_mutation_on_saved_tensors():
    """Within this block, tensors that a derivative needs may be written to: the values that they had are used."""
    with saved_tensors_hooks(_copy, lambda copy: copy):
        yield _Originals()


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message):
    """Within this block, hooks on saved tensors are refused with `error_message`."""
    if modes.saved_hooks:
        raise RuntimeError(error_message)
    before, modes.hooks_refused = modes.hooks_refused, error_message
    try:
        yield
    finally:
        modes.hooks_refused = before


# ---------------------------------------------------------------- one hook on several gradients
class _MultiHandle:
    """Takes the hooks of several tensors out."""

    def __init__(self, handles):
        self.handles = handles

    def remove(self):
        for handle in self.handles:
            handle.remove()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


def register_multi_grad_hook(tensors, fn, *, mode="all"):
    """Call `fn(gradients)` when those of all tensors are known (None where a backward reaches none), or with mode='any' `fn(gradient)`
    for the first. A handle is returned; `remove()` takes the hook out.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    nodes = [edge_of(each) for each in tensors]
    seen = WeakKeyDictionary()          # the backward pass -> the gradients so far, or that one was seen

    def on_any(gradient):
        if modes.walk not in seen:
            seen[modes.walk] = True
            fn(gradient)

    def on_all(place):
        def hook(gradient):
            gradients = seen.setdefault(modes.walk, {})
            gradients[place] = gradient
            if len(gradients) == sum(edge is not None and modes.walk.reaches(edge[0]) for edge in nodes):
                del seen[modes.walk]
                fn([gradients.get(index) for index in range(len(nodes))])
        return hook
    return _MultiHandle([each.register_hook(on_any if mode == "any" else on_all(place)) for place, each in enumerate(tensors)])


# ---------------------------------------------------------------- what a node saved, as attributes
class SavedTensor:
    """What a node keeps of one tensor, still packed."""

    def __init__(self, node, slot):
        self.node, self.slot = node, slot

    @property
    def data(self):
        """The tensor."""
        return _tensor_of(self.node, self.slot)

    def register_hooks(self, pack_hook, unpack_hook):
        """Keep what `pack_hook(tensor)` returns in place of the tensor."""
        node, hooks = self.node, SavedHooks(pack_hook, unpack_hook)
        if node.inputs.__class__ is Packed and self.slot in node.inputs.slots:
            raise RuntimeError(SET_ALREADY)
        packed = pack_tensor(hooks, self.data.detach())
        if node.inputs.__class__ is not Packed:
            node.inputs, node.epoch = Packed.of_values(node.kernel, node.inputs), None
        node.inputs.slots[self.slot] = hooks, packed
        node.inputs.hidden.pop(self.slot, None)


def _tensor_of(node, slot):
    """The saved input at index `slot`, or the result of that name, as a tensor; None where it was not needed."""
    node.check()
    if node.inputs.__class__ is Packed and slot in node.inputs.slots:
        return unpack_tensor(*node.inputs.slots[slot])
    if isinstance(slot, str):
        index = dict(node.saves.results)[slot]
        return Tensor._of(next(kept.value for kept, _, value in node.saved if value is None and kept.index == index), node, index)
    kept = node.inputs.hidden if node.inputs.__class__ is Packed else dict(enumerate(node.inputs))
    return _shown(node, slot, kept.get(slot))


def _shown(node, index, value):
    """A kept value as a tensor: the very one that was saved where it is still known."""
    if value is None:
        return None
    if value.__class__ is not engine.Value:
        return Tensor._of(engine.constant(np.asarray(value)))
    known = [tensor for tensor, _, saved in node.saved if saved is value]
    if known:
        return known[0]
    edges = dict(zip(node.wanted, (edge for edge in node.edges if edge is not None)))
    return Tensor._of(value, *edges.get(index, ()))


def _slot(node, name):
    """The index of the input that torch's node would have saved under this name, or a result's name; None where it saves no such thing."""
    row = getattr(node.kernel.operator, "row", node.kernel.operator)
    if node.saves is not None and name in dict(node.saves.results):
        return name
    names = row.operand_names(node.kernel.statics)
    if name not in names:
        return None
    index, specs = names.index(name), node.kernel.specs
    varied = sum(1 << place for place, spec in enumerate(specs) if isinstance(spec, engine.Spec) and spec.dtype.kind in "fcV")
    return index if index in Plan(node.kernel, varied, node.saves).checked else None


def _saved_attribute(self, name):
    """`_saved_x` and `_raw_saved_x`: what the node saved of parameter x."""
    prefix = next((each for each in ("_saved_", "_raw_saved_") if name.startswith(each)), None)
    if prefix is not None and hasattr(self.kernel.operator, "operand_names"):
        slot = _slot(self, name.removeprefix(prefix))
        if slot is not None:
            return _tensor_of(self, slot) if prefix == "_saved_" else SavedTensor(self, slot)
        static = _statics(self.kernel)
        if prefix == "_saved_" and name.removeprefix(prefix) in static:
            return static[name.removeprefix(prefix)]
    raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


def _statics(kernel):
    """The arguments that are part of the kernel, by name."""
    row = getattr(kernel.operator, "row", kernel.operator)
    names = row.operand_names(kernel.statics)
    return {param.name: static for param, static in row.arguments(kernel.statics) if param.name not in names}


KernelNode.__getattr__ = _saved_attribute
