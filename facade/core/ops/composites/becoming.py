"""In-place views: `transpose_`, `squeeze_` and the like make a tensor the view that their namesakes return."""

from facade.core.ops.composites import composite, views
from facade.core.tensor.history import node_class
from facade.core.tensor.write import check_history


def _become(tensor, view, node):
    """Make `tensor` the handle that `view`, a view of it, is; the history of its memory goes on."""
    check_history(tensor)
    for name in ("_chain", "_geometry"):
        if name in view.__dict__:
            setattr(tensor, name, view.__dict__[name])
    tensor._value, tensor._clock, tensor._storage = view._value, view._clock, view._storage
    if view._node is not None:
        view._node.__class__ = node_class(node)
        tensor._node, tensor._index = view._node, view._index
    tensor.version_counter.version += 1
    tensor._base_version = tensor._writes
    return tensor


def _in_place(name, view, node):
    def become(self, *args, **names):
        return _become(self, view(self, *args, **names), node(*args, **names) if callable(node) else node)
    become.__doc__ = f"Make the tensor what `{name}` returns"
    composite(at="torch Tensor" if name == "as_strided" else "Tensor", name=f"{name}_")(become)


def _squeezed(dim=None):
    return f"SqueezeBackward{3 if dim is None else 4 if isinstance(dim, int) else 5}"


for _name, _view, _node in (("transpose", views.transpose, "TransposeBackward1"), ("swapaxes", views.transpose, "TransposeBackward1"),
                            ("swapdims", views.transpose, "TransposeBackward1"), ("t", views.t, "TBackward1"),
                            ("squeeze", views.squeeze, _squeezed), ("unsqueeze", views.unsqueeze, "UnsqueezeBackward1"),
                            ("as_strided", views.as_strided, "AsStridedBackward1")):
    _in_place(_name, _view, _node)
