"""The history of an operation that states its derivative in terms of what it returned."""

from facade.core import engine
from facade.core.tensor.history import KernelNode, itself


class StatedNode(KernelNode):
    """The node of an operation that states its derivative: it keeps the results too, and runs nothing forward again.

    Where gradients are tracked, or hooks keep what was saved, the pullback is the ordinary one, of the inputs alone.
    """

    __slots__ = ("results",)

    def release(self):
        self.inputs = self.results = None

    def apply(self, cotangents, through=itself):
        """The gradients for the edges, as values; through(pullback): the operator to run."""
        if self.inputs.__class__ is not list:
            return super().apply(cotangents, through)
        self.check()
        given = tuple(index for index, cotangent in enumerate(cotangents) if cotangent is not None)
        pullback = engine.pullback_of(self.kernel, self.wanted, given, engine.StatedPullback)
        primals = [*self.inputs, *self.results]
        arguments = [*(primals[index] for index in pullback.needed), *(cotangents[index] for index in given)]
        found = iter(engine.record(through(pullback), self.kernel.statics, arguments)[0])
        return [None if edge is None else next(found) for edge in self.edges]
