"""Several views at once: a tensor cut into pieces."""

from facade.core.errors import dim_range
from facade.core.ops.binding import as_ints
from facade.core.ops.composites import composite
from facade.core.ops.composites.views import select, slice_view
from facade.core.tensor.history import node_class
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor


def _several(views, name):
    """Mark views that came out together: they may not be written to while history is recorded. Those made under no_grad are that first."""
    for place, each in enumerate(views):
        each._multi_view = (name, place) if modes.grad else None
        if each._node is not None:
            each._node.__class__ = node_class(name + "Backward0")
    return tuple(views)


@composite()
def unbind(input, dim=0):
    """The slices along `dim`, as a tuple"""
    dim = dim_range(dim, input.ndim)
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return _several([select(input, dim, index) for index in range(input.shape[dim])], "Unbind")


@composite()
def split(tensor, split_size_or_sections, dim=0):
    """Pieces of this size along `dim` (the last may be smaller), or pieces of these sizes"""
    if not tensor.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = dim_range(dim, tensor.ndim)
    extent = tensor.shape[dim]
    if isinstance(split_size_or_sections, (list, tuple)):
        sizes = as_ints(tuple(split_size_or_sections))
        if any(size < 0 for size in sizes):
            raise RuntimeError(f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(sizes)}")
        if sum(sizes) != extent:
            raise RuntimeError(f"split_with_sizes expects split_sizes to sum exactly to {extent} (input tensor's size at dimension {dim}), "
                               f"but got split_sizes={list(sizes)}")
        return _pieces(tensor, dim, sizes, "SplitWithSizes")
    size = int(split_size_or_sections)
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and extent:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {extent}")
    count = max(1, -(-extent // size)) if size else 1
    return _pieces(tensor, dim, [min(size, extent - place * size) if size else 0 for place in range(count)], "Split")


def _pieces(tensor, dim, sizes, name):
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return _several([slice_view(tensor, dim, start, start + size, 1) for start, size in zip(starts, sizes)], name)


@composite(at="torch Tensor", name="split_with_sizes")
def split_with_sizes(input, split_sizes, dim=0):
    """Pieces of these sizes along `dim`"""
    return split(input, list(split_sizes), dim)


@composite()
def chunk(input, chunks, dim=0):
    """At most `chunks` pieces of equal size along `dim` (the last may be smaller)"""
    if not input.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = dim_range(dim, input.ndim)
    extent = input.shape[dim]
    size = -(-extent // chunks)
    return _pieces(input, dim, [0] * chunks, "SplitWithSizes") if not size else split(input, size, dim)


@composite()
def tensor_split(input, indices_or_sections, dim=0):
    """Pieces along `dim`: this many, as even as can be, or cut before these indices"""
    if not input.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = dim_range(dim, input.ndim)
    extent = input.shape[dim]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        sections = indices_or_sections
        if sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
        sizes = [extent // sections + (place < extent % sections) for place in range(sections)]
        cuts = [sum(sizes[:place]) for place in range(1, sections)]
    else:
        cuts = list(indices_or_sections)
    bounds = [slice(start, stop).indices(extent)[:2] for start, stop in zip([0, *cuts], [*cuts, extent])]
    return tuple(slice_view(input, dim, start, max(start, stop), 1) for start, stop in bounds)


for _name, _dim, _least in (("hsplit", 1, 1), ("vsplit", 0, 2), ("dsplit", 2, 3)):
    def _splitter(name=_name, dim=_dim, least=_least):
        def split_along(input, indices_or_sections):
            """Pieces along one dimension, as tensor_split makes them"""
            if input.ndim < least:
                raise RuntimeError(f"torch.{name} requires a tensor with at least {least} dimension, "
                                   f"but got a tensor with {input.ndim} dimensions!")
            along = 0 if input.ndim == 1 else dim
            if isinstance(indices_or_sections, int) and (indices_or_sections <= 0 or input.shape[along] % indices_or_sections):
                raise RuntimeError(f"torch.{name} attempted to split along dimension {along}, but the size of the dimension "
                                   f"{input.shape[along]} is not divisible by the split_size {indices_or_sections}!")
            return tensor_split(input, indices_or_sections, along)
        return split_along
    composite(name=_name)(_splitter())
