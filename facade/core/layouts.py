"""How elements lie in memory, by torch's names: layouts (`torch.strided`) and memory formats (`torch.channels_last`)."""

from facade.core.shapes import contiguous_strides
from facade.core.singletons import Singleton


class _Named(Singleton):
    """A constant of the namespace `torch`, of which there is one for each name."""

    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return by_name, (self.name,)


class layout(_Named):
    """How a tensor is stored (torch.layout); here always `torch.strided`."""

    __slots__ = ()
    __module__ = "torch"

    def __reduce__(self):
        return _get_layout, (repr(self),)


class memory_format(_Named):
    """In which order the dimensions of a tensor lie in memory (torch.memory_format)."""

    __slots__ = ()
    __module__ = "torch"


ALL = {name: kind(name) for kind, names in (
    (layout, ("strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged")),
    (memory_format, ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d"))) for name in names}
strided, preserve_format, contiguous_format = ALL["strided"], ALL["preserve_format"], ALL["contiguous_format"]
_RANKS = {ALL["channels_last"]: 4, ALL["channels_last_3d"]: 5}


def by_name(name):
    """The layout or memory format called `name`."""
    return ALL[name]


def _get_layout(name):
    """The layout that a file names, such as torch.strided."""
    return by_name(name.removeprefix("torch."))


_get_layout.__module__ = "facade.serialization"      # where torch has it, and files name it


def checked_format(name, value):
    """`value` as a memory format; torch's TypeError where it is none."""
    if not isinstance(value, memory_format):
        raise TypeError(f"{name}(): argument 'memory_format' must be torch.memory_format, not {type(value).__name__}")
    return value


def format_geometry(shape, wanted):
    """(strides, offset) of a new tensor of this shape in a memory format; None for the usual one."""
    rank = _RANKS.get(wanted)
    if rank is None:
        return None
    if len(shape) != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {wanted.name} format")
    batch, channels, *places = shape
    steps = contiguous_strides((batch, *places, channels))
    strides = (steps[0], steps[-1], *steps[1:-1])
    return strides, 0


def has_format(shape, strides, wanted):
    """Whether elements at these strides lie in a channels-last format."""
    if len(shape) != _RANKS[wanted]:
        return False
    expected = 1
    for place in (1, *range(len(shape) - 1, 1, -1), 0):
        if shape[place] != 1:
            if strides[place] != expected:
                return False
            expected *= shape[place]
    return True
