"""The history of an operation whose derivative torch computes from the result: of exp, tanh, softmax and others."""

from facade.core import engine
from facade.core.tensor.history import KernelNode, SavedResult, itself, node_class, track
from facade.core.tensor.saved import Packed, unpack_tensor
from facade.core.tensor.tensor import Tensor


class OfResult:
    """The operator (result, its cotangent) -> the gradient of the input. formula: takes these and the row's static arguments."""

    __slots__ = ("formula", "is_static")

    def __init__(self, formula, is_static):
        self.formula, self.is_static = formula, is_static

    def specialize(self, specs, statics):
        rest = [static for static in statics if self.is_static(static)]
        return lambda result, cotangent: self.formula(result, cotangent, *rest)


class ResultNode(KernelNode):
    """The node of such an operation. Its pullback is that of the inputs, which shares what the program has computed, except where it shows:

    a second derivative goes through the result, hooks may have put another in its place, and a write through `.data` has changed it.
    """

    __slots__ = ()
    of_result = None        # OfResult, in the class of a row

    def _result(self):
        """(whether it is another than it was, its value), as it is saved; (False, None) where it cannot be told."""
        if self.inputs.__class__ is Packed and "result" in self.inputs.slots:
            value, other = unpack_tensor(*self.inputs.slots["result"]).value, True
        else:
            kept = self.saved[-1][0]
            if not isinstance(kept, SavedResult) or kept.clock is None:
                return False, None
            value, other = kept.value, kept.memory.clock != kept.clock
        same = isinstance(value, engine.Value) and value.spec == self.outs[0] and self.kernel.specs[0].dtype == value.spec.dtype
        return (other, value) if same else (False, None)

    def apply(self, cotangents, through=itself):
        """The gradients for the edges, as values; through(pullback): the operator to run."""
        if not self.wanted or through is not itself:
            return super().apply(cotangents, through)
        self.check()
        is_other, value = self._result()
        if not is_other:
            return super().apply(cotangents)
        return engine.record(self.of_result, self.kernel.statics, [value, *cotangents])[0]

    def apply_tracked(self, cotangents, through=itself):
        """The gradients for the edges, as tensors with a history of their own."""
        if not self.wanted or through is not itself:
            return super().apply_tracked(cotangents, through)
        self.check()
        _, value = self._result()
        if value is None:
            return super().apply_tracked(cotangents)
        cls = node_class(type(self).__name__.rstrip("0123456789") + "Backward0")
        return track(self.of_result, self.kernel.statics, [Tensor._of(value, self), *cotangents], cls)
