"""What views show, as copies: `view_copy`, `permute_copy` and their kin, and pieces that autograd takes for new tensors."""

from facade.core.layouts import contiguous_format
from facade.core.ops.composites import composite, splitting, views
from facade.core.ops.outputs import with_out
from facade.core.tensor.history import node_class
from facade.core.tensor.tensor import Tensor


def _copied(view, name):
    """A copy of a view, whose node is called `name`; torch's is the view's and _copy."""
    made = view.clone(memory_format=contiguous_format)
    if made._node is not None:
        made._node.__class__ = node_class(name or f"{type(view._node).__name__}_copy")
    return made


def _copying(name, function):
    """The function of torch called {name}_copy."""
    def copy(input, *args, **kwargs):
        shown = function(input, *args, **kwargs)
        return _copied(shown, None) if isinstance(shown, Tensor) else tuple(_copied(each, None) for each in shown)
    copy.__name__ = f"{name}_copy"
    copy.__doc__ = f"What {name} shows, as a copy"
    return copy


for _function in (views.transpose, views.t, views.permute, views.view, views.expand, views.unsqueeze, views.squeeze, views.select, views.diagonal,
                  views.unfold, views.as_strided, views.view_as_real, views.view_as_complex, splitting.unbind, splitting.split,
                  splitting.split_with_sizes):
    composite(at="torch", name=f"{_function.__name__}_copy")(with_out(_copying(_function.__name__, _function)))


@composite(at="torch Tensor")
@with_out
def narrow_copy(input, dim, start, length):
    """The part of `length` along `dim` from `start`, as a copy"""
    return _copied(views.narrow(input, dim, start, length), "NarrowCopyBackward0")


@composite(at="torch")
@with_out
def slice_copy(input, dim=0, start=None, end=None, step=1):
    """The elements of the slice from start to end along `dim`, as a copy"""
    return _copied(input[(slice(None),) * (dim % max(input.ndim, 1)) + (slice(start, end, step),)], "SliceBackward0_copy")


@composite()
@with_out
def as_strided_scatter(input, src, size, stride, storage_offset=None):
    """A copy, with the elements at these sizes and strides of its memory replaced"""
    made = input.clone()
    shown = made.as_strided(size, stride, storage_offset)
    if shown.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = {list(shown.shape)}")
    shown.copy_(src)
    return made


@composite(at="torch")
@with_out
def alias_copy(input):
    """A copy"""
    return _copied(input, "AliasBackward0_copy")


@composite(at="torch")
@with_out
def detach_copy(input):
    """A copy without history"""
    return input.detach().clone()


def _unsafe(pieces, name):
    return tuple(_copied(each, name) for each in pieces)


@composite()
def unsafe_split(input, split_size, dim=0):
    """The pieces of split, which may be written to one by one"""
    return _unsafe(splitting.split(input, split_size, dim), "UnsafeSplitBackward0")


@composite()
def unsafe_chunk(input, chunks, dim=0):
    """The pieces of chunk, which may be written to one by one"""
    return _unsafe(splitting.chunk(input, chunks, dim), "UnsafeSplitBackward0")


@composite()
def unsafe_split_with_sizes(input, split_sizes, dim=0):
    """The pieces of split_with_sizes, which may be written to one by one"""
    return _unsafe(splitting.split_with_sizes(input, split_sizes, dim), "UnsafeSplitWithSizesBackward0")
