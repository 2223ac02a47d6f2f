"""A tensor that a custom function saved for its backward: as it was then, or an error when it was written to since."""

import weakref

from facade.core.tensor.history import INFERENCE, edge_of, modified
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.saved import SavedHooks, pack_tensor, unpack_tensor
from facade.core.tensor.tensor import Tensor, typename


class SavedTensor:
    """One saved tensor. An output of the node is kept without its history, which would hold the node itself."""

    __slots__ = ("kept", "index", "edge", "counter", "version", "hooks")

    def __init__(self, tensor, node):
        if tensor._inference and not modes.inference:
            raise RuntimeError(INFERENCE)
        self.index = tensor._index if tensor._node is node else None
        self.counter, self.version, self.hooks = tensor.version_counter, tensor._writes, None
        self.kept, self.edge = (tensor, edge_of(tensor)) if self.index is None else (tensor.value, None)
        if modes.saved_hooks:
            self._hang(modes.saved_hooks[-1], node)

    def _hang(self, hooks, node):
        self.kept, self.hooks = pack_tensor(hooks, self._tensor(node)), hooks

    def _tensor(self, node):
        return self.kept if self.index is None else Tensor._of(self.kept, node, self.index)

    def _placed(self, tensor, node):
        """What hooks gave back, at the place in the graph of what they were given."""
        edge = (node, self.index) if self.index is not None else self.edge
        if edge is None or isinstance(edge[0], AccumulateGrad):
            placed = Tensor._of(tensor.value)
            placed._leaf, placed._accumulate = edge is not None, edge and weakref.ref(edge[0])
            return placed
        return Tensor._of(tensor.value, *edge)

    def register_hooks(self, pack_hook, unpack_hook, node):
        """Keep what `pack_hook(tensor)` returns in place of the tensor."""
        if self.hooks is not None:
            raise RuntimeError(SET_ALREADY)
        self._hang(SavedHooks(pack_hook, unpack_hook), node)

    def unpack(self, node):
        """The tensor; RuntimeError when it was written to."""
        if self.hooks is not None:
            return self._placed(unpack_tensor(self.hooks, self.kept), node)
        tensor = self._tensor(node)
        if self.counter.version != self.version:
            raise RuntimeError(modified(f"{typename(tensor)} {list(tensor.shape)}", tensor.grad_fn, tensor._index,
                                        self.counter.version, self.version))
        return tensor


SET_ALREADY = ("Calling register_hooks on a saved tensor whose hooks have already been set. "
               "Hint: only one pair of hooks is allowed at a time.")
