"""The history of tensors: the nodes of recorded operations, and how tensors get them.

A node is one recorded operation seen from behind: it keeps what the pullback of its kernel needs and no more, and gives it
up when the graph is freed. A view takes its history anew when its base was written to.
"""

import contextlib
import re
import weakref
from typing import NamedTuple

from facade.core import dtypes, engine
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad, Node, sequence
from facade.core.tensor.saved import Packed, place_of_making
from facade.core.tensor.storage import Counter
from facade.core.tensor.tensor import Tensor, close, method, type_text

_FIRST = (0,)

FREED = ("Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
         "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True "
         "if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.")

INFERENCE = ("Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked by "
             "autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
             "instead of `torch.inference_mode()`.")

AMBIGUOUS = ("Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the "
             "inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want the "
             "inplace to be tracked).")


MULTIPLE = ("This view is the output of a function that returns multiple views. Such functions do not allow the output views to be modified "
            "inplace. You should replace the inplace operation by an out-of-place one.")


class Saves(NamedTuple):
    """What torch's node keeps: the names of the inputs, and of the results with their places."""

    inputs: frozenset
    results: tuple


class SavedResult:
    """A result that its node saves. It knows the memory, not the tensor, which would make the graph cyclic.

    node: of a write through a view, the view's own node, which torch's error names while it lives; clock: of the memory, when it was
    saved, None where the memory does not hold the result alone.
    """

    __slots__ = ("memory", "index", "node", "clock")

    def __init__(self, tensor, index):
        self.memory, self.index = tensor.version_counter, index
        self.clock = None if tensor._chain or getattr(self.memory, "mirror", None) is not None else getattr(self.memory, "clock", None)
        self.node = weakref.ref(tensor.grad_fn) if tensor._base is not None and tensor.grad_fn is not None else None

    @property
    def version(self):
        """How often the memory has been written to."""
        return self.memory.version

    @property
    def value(self):
        """What the memory holds."""
        return self.memory.value


def itself(pullback):
    """The pullback as it is: what `apply` runs unless it is told to run another operator."""
    return pullback


class KernelNode(Node):
    """The node of a recorded kernel.

    wanted: which inputs get a gradient, an index for each edge that is not None; inputs: what the pullback needs, by index;
    saved: what torch would have saved, for its error when that was written to since: (tensor, version, value) of an input,
    or (version counter, version, None) of the result; epoch, slot: where the result was recorded.
    """

    __slots__ = ("kernel", "wanted", "inputs", "saved", "epoch", "slot")
    saves = None            # Saves, where torch keeps other things than the inputs that the derivative here is made of
    underivable = None      # the operation's name where torch has no derivative for it
    tensor_inputs = 0       # how many of the first inputs are tensors by torch's signature, also where a number was given

    def __init__(self, kernel, wanted, edges, inputs, saved, result):
        self.edges, self.outs, self.hooks, self.sequence = edges, kernel.outs, None, next(sequence)
        self.kernel, self.wanted, self.inputs, self.saved = kernel, wanted, inputs, saved
        self.epoch, self.slot = result.epoch, result.slot
        if modes.anomaly:
            self.__dict__.update(place_of_making())

    def release(self):
        inputs = self.inputs
        # a number in a tensor's place is saved like a tensor, and freed like one
        if self.saved or inputs.__class__ is list and any(each is not None for each in inputs[:self.tensor_inputs]):
            self.inputs = self.saved = None

    def save_results(self, tensors):
        """Note which of the results torch's derivative is made of; `tensors` are all of them."""
        named = [(name, index, tensors[index]) for name, index in self.saves.results]
        if self.inputs.__class__ is Packed:
            for name, index, tensor in named:
                self.inputs.pack_result(name, Tensor._of(tensor.value, self, index))
        else:
            self.saved = [*self.saved, *((SavedResult(tensor, index), tensor._writes, None) for _, index, tensor in named)] or UNCHECKED

    def check(self):
        """Raise torch's error when what was saved is gone, or was written to since."""
        if self.inputs is None:
            raise RuntimeError(FREED)
        if self.underivable is not None:
            raise RuntimeError(f"derivative for aten::{self.underivable} is not implemented")
        for kept, version, value in self.saved:
            now = kept._writes if value is not None else kept.version
            if now != version:
                raise RuntimeError(self._modified(kept, now, version))
            if value is not None and kept._storage is not None and kept.value is not value:
                # written to through `.data`, which no version counts: torch then computes with what is there now
                self.inputs = [kept._value if each is value else each for each in self.inputs]

    def _modified(self, kept, now, version):
        if isinstance(kept, Tensor):
            return modified(f"{type_text(kept.dtype)} {list(kept.shape)}", kept.grad_fn, kept._index, now, version)
        index = kept.index
        made = (kept.node and kept.node() or self) if self.outs[index].dtype.kind in "fcV" else None
        return modified(f"torch.{dtypes.BY_NUMPY[self.outs[index].dtype].legacy}Tensor {list(self.outs[index].shape)}", made, index, now, version)

    def pull(self, cotangents):
        """(pullback, its primal inputs, the cotangents that are there), for a value or None for each output."""
        self.check()
        if len(cotangents) == 1:
            given = _FIRST
        else:
            given = tuple(index for index, cotangent in enumerate(cotangents) if cotangent is not None)
            cotangents = [cotangents[index] for index in given]
        pullback = engine.pullback_of(self.kernel, self.wanted, given)
        inputs = self.inputs if self.inputs.__class__ is not Packed else self.inputs.opened()
        return pullback, [inputs[index] for index in pullback.needed], cotangents

    def apply(self, cotangents, through=itself):
        """The gradients for the edges, as values; through(pullback): the operator to run."""
        if not self.wanted:
            self.check()
            return [None] * len(self.edges)
        pullback, primals, given = self.pull(cotangents)
        results, _ = engine.record(through(pullback), self.kernel.statics, primals + given)
        if len(results) == len(self.edges):
            return results
        rest = iter(results)
        return [None if edge is None else next(rest) for edge in self.edges]

    def apply_tracked(self, cotangents, through=itself):
        """The gradients for the edges, as tensors with a history of their own."""
        if not self.wanted:
            self.check()
            return [None] * len(self.edges)
        values = [None if each is None else each.value for each in cotangents]
        pullback, primals, _ = self.pull(values)
        edge_of_input = dict(zip(self.wanted, (edge for edge in self.edges if edge is not None)))
        inputs = [_tensor_at(primal, edge_of_input.get(index)) for index, primal in zip(pullback.needed, primals)]
        results = track(through(pullback), self.kernel.statics, inputs + [each for each in cotangents if each is not None],
                        node_class(type(self).__name__.rstrip("0123456789") + "Backward0"))
        rest = iter(results)
        return [None if edge is None else next(rest) for edge in self.edges]


def modified(what, node, index, now, version):
    """torch's sentence for a saved tensor, output `index` of `node`, that was written to since."""
    made = f", which is output {index} of {node.short_name()}," if node is not None else ""
    hint = ("the backtrace further above shows the operation that failed to compute its gradient. The variable in question "
            "was changed in there or anywhere later. Good luck!" if modes.anomaly else
            "enable anomaly detection to find the operation that failed to compute its gradient, "
            "with torch.autograd.set_detect_anomaly(True, check_nan=False).")
    return (f"one of the variables needed for gradient computation has been modified by an inplace operation: [{what}]{made} "
            f"is at version {now}; expected version {version} instead. Hint: {hint}")


def _tensor_at(value, edge):
    """A tensor that stands for a saved input: its value, at its place in the graph."""
    if value.__class__ is not engine.Value:
        return value
    return Tensor._of(value, *edge) if edge is not None else Tensor._of(value)


_classes = {}


def node_class(name, base=KernelNode, **attributes):
    """The class of nodes called `name`, such as MulBackward0."""
    key = name, base, tuple(attributes.items())
    found = _classes.get(key)
    if found is None:
        found = _classes.setdefault(key, type(name, (base,), {"__slots__": (), "__module__": "builtins", **attributes}))
    return found


def track(operator, statics, inputs, cls):
    """Record an operation on tensors, numbers and None, with history; its results as tensors.

    cls: the node's class. Every tensor input whose dtype is differentiable takes part.
    """
    values = [each.value if isinstance(each, Tensor) else each for each in inputs]
    results, kernel = engine.record(operator, statics, values)
    node = make_node(kernel, inputs, values, cls, results[0]) if modes.grad else None
    return [Tensor._of(value, node, index) if node is not None and _differentiable(value) else Tensor._of(value)
            for index, value in enumerate(results)]


def _differentiable(value):
    return value.spec.dtype.kind in "fcV"


def make_node(kernel, inputs, values, cls, result):
    """The node for a recorded kernel, or None when no input requires grad."""
    edges, mask, bit, ends = [], 0, 1, 0        # ends: views of leaves made under no_grad, which require grad though no edge leads on
    for each in inputs:
        if each.__class__ is Tensor or isinstance(each, Tensor):
            if each._base is None and each._node is not None:
                edges.append((each._node, each._index))
                mask |= bit
            else:
                edge = edge_of(each)
                edges.append(edge)
                if edge is not None:
                    mask |= bit
                elif each._base is not None and each.requires_grad:
                    ends |= bit
        elif bit >> cls.tensor_inputs == 0:
            edges.append(None)
        bit += bit
    if not mask and not ends:
        return None
    if not mask and len(edges) > 1:
        return cls(kernel, (), edges, (), (), result)       # of several torch saves nothing without need
    plan = kernel.facts.get(mask or ends)
    if plan is None:
        plan = kernel.facts[mask or ends] = Plan(kernel, mask or ends, cls.saves)
    wanted = plan.wanted if mask else ()
    if plan.vanishing:
        edges = [None if index in plan.vanishing else edge for index, edge in enumerate(edges)]
        if not plan.wanted:
            return None
    needed = plan.needed
    if not needed:
        return cls(kernel, wanted, edges, (), (), result)
    if modes.saved_hooks:
        packed = Packed(modes.saved_hooks[-1], kernel, inputs, values, needed, plan.checked)
        node = cls(kernel, wanted, edges, packed, UNCHECKED, result)
        node.epoch = None       # only a walk calls the hooks
        return node
    saved = []
    for index in plan.checked:
        each = inputs[index]
        if isinstance(each, Tensor):
            saved.append((each, 0 if each._storage is None else each._writes, values[index]))
            if each._inference:
                raise RuntimeError(INFERENCE)
    kept = values if len(needed) == len(values) else [value if index in needed else None for index, value in enumerate(values)]
    return cls(kernel, wanted, edges, kept, saved, result)


UNCHECKED = ((Counter(), 0, None),)       # something is saved, and no write to it is noticed


# Their derivatives are made of operators in torch that have derivatives of their own, zero with respect to the input.
_DERIVED_ONCE_MORE = {"abs", "absolute", "relu", "leaky_relu", "threshold", "hardtanh", "relu6", "hardshrink", "softshrink"}


class Plan:
    """What a node keeps when the inputs in the bits of `mask` require grad.

    wanted: those inputs; needed: the inputs that the pullback depends on, and `checked`, those that torch saves; vanishing: of a pullback's own inputs, those that its
    result depends on only where its derivative is zero (the mask of a maximum, say): torch gives them no edge.
    """

    __slots__ = ("wanted", "needed", "checked", "vanishing")

    def __init__(self, kernel, mask, saves):
        self.wanted = tuple(index for index in range(len(kernel.specs)) if mask >> index & 1)
        self.needed = self.checked = self.vanishing = ()
        given = tuple(index for index, spec in enumerate(kernel.outs) if spec.dtype.kind in "fcV")
        if not given or not mask:
            return
        if isinstance(kernel.operator, engine.Pullback) and all(spec.size for spec in kernel.outs) \
                and getattr(kernel.operator.kernel.operator, "name", None) not in _DERIVED_ONCE_MORE:
            self.vanishing = engine.pullback_of(kernel, self.wanted, given).vanishing()
            self.wanted = tuple(index for index in self.wanted if index not in self.vanishing)
        if getattr(kernel.operator, "derivative", None) is not None:
            self.needed = tuple(index for index, spec in enumerate(kernel.specs) if spec is not None)
        elif self.wanted:
            with contextlib.suppress(NotImplementedError):      # there is no derivative: the backward pass will say so
                self.needed = engine.pullback_of(_with_elements(kernel), self.wanted, given).needed
        names = getattr(kernel.operator, "operand_names", None)
        self.checked = self.needed
        if names is not None:           # torch looks at what it saved in the order of the parameters' names
            names = names(kernel.statics)
            if saves is not None:
                self.checked = tuple(index for index, name in enumerate(names) if name in saves.inputs and index in (*self.wanted, *self.needed))
                self.needed = tuple({*self.needed, *self.checked})
            self.checked, self.needed = (tuple(sorted(each, key=names.__getitem__)) for each in (self.checked, self.needed))


def _with_elements(kernel):
    """The kernel itself, or that for one element where there are none: JAX's derivative of a maximum of nothing depends on nothing."""
    specs = kernel.specs
    if all(getattr(spec, "size", 1) for spec in specs):
        return kernel
    grown = tuple(spec if spec is None or spec.__class__ is type else engine.spec_of(tuple(extent or 1 for extent in spec.shape), spec.dtype)
                  for spec in specs)
    try:
        return engine.kernel_of(kernel.operator, kernel.statics, grown)
    except Exception:                       # a static size that fits no other: what the kernel says of itself stands
        return kernel


def edge_of(tensor):
    """(node, index) that a gradient for this tensor goes to, or None when it requires none."""
    if tensor._base is not None:
        sync_history(tensor)
    if tensor._node is not None:
        return tensor._node, tensor._index
    if not tensor._leaf:
        return None
    node = tensor._accumulate and tensor._accumulate()
    if node is None:
        node = AccumulateGrad(tensor)
        tensor._accumulate = weakref.ref(node)
    return node, 0


def sync_history(view):
    """Let a view follow its base, to which something was written since the view's history was taken."""
    base = view._base
    if view._node is None and not base._leaf and base._node is None or view._base_version == view._writes:
        return
    if view._multi_view is not None:
        raise RuntimeError(several_views(view, "its base or another view of its base has been modified"))
    if view._untracked_view:
        raise RuntimeError(f"{untracked(view)} and its base or another view of its base has been modified inplace with grad mode enabled. {AMBIGUOUS}")
    view._base_version = view._writes
    stepped = base
    before, modes.grad = modes.grad, True
    try:
        for row, statics, numbers in view._chain[len(base._chain):]:
            stepped, = track(row, statics, [stepped, *numbers], node_class("AsStridedBackward0"))
    finally:
        modes.grad = before
    retain_at(view, stepped._node, stepped._index)


def retain_at(tensor, node, index):
    """Give a tensor its new place in the graph, where its gradient is kept from now on if it was before."""
    if tensor._retains_grad and tensor._node is not None:
        tensor._node.let_go(tensor)
    tensor._node, tensor._index = node, index
    if tensor._retains_grad and node is not None:
        node.retain(tensor)


def untracked(view):
    """The beginning of torch's sentences about a view that was made under no_grad, or of one that was."""
    if view._node is None:
        return "A view was created in no_grad mode"
    return f"Output {view._index} of {re.sub('Backward0?$', '', view._node.name())} is a view of a view which was created in no_grad mode"


def several_views(view, what):
    """torch's sentence for a write to one of several views that were made at once."""
    name, place, *reason = view._multi_view
    if view._node is None:
        return f"A view was created in no_grad mode and {what} inplace with grad mode enabled. {reason[0] if reason else MULTIPLE}"
    return f"Output {place} of {name} is a view and {what} inplace. {reason[0] if reason else MULTIPLE}"


@method
@property
def requires_grad(self):
    """Whether gradients are computed for this tensor."""
    if self._base is not None:
        return self._leaf or self._node is not None or self._base.requires_grad
    return self._leaf or self._node is not None


@requires_grad.setter
def requires_grad(self, flag):
    if flag is True and not self.is_leaf:
        raise RuntimeError(NOT_A_LEAF)
    set_requires_grad(self, flag)


NOT_A_LEAF = "you can only change requires_grad flags of leaf variables."


def set_requires_grad(tensor, flag):
    """Start or stop tracking a leaf; RuntimeError in torch's words where that cannot be."""
    if not isinstance(flag, bool):
        raise RuntimeError("requires_grad must be a bool")
    if flag and tensor._inference and not modes.inference:
        raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
    if flag and not _differentiable(tensor._value):
        raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
    if tensor._node is not None and not flag:
        raise RuntimeError(f"{NOT_A_LEAF} If you want to use a computed variable in a subgraph that doesn't require differentiation use "
                           "var_no_grad = var.detach().")
    if tensor._node is None:
        tensor._leaf = flag


Tensor.requires_grad = requires_grad


@method
@property
def is_leaf(self):
    """Whether no recorded operation made this tensor."""
    if self._base is not None:
        sync_history(self)
    return self._node is None


@method
@property
def grad_fn(self):
    """The node of the operation that made this tensor; None for a leaf."""
    if self._base is not None:
        sync_history(self)
    return self._node


@method
@property
def output_nr(self):
    """Which output of `grad_fn` this tensor is."""
    return self._index


close("is_leaf", "grad_fn", "output_nr", "shape", "dtype", "ndim", "_version")
