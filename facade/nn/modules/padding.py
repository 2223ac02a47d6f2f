"""Padding as layers (torch.nn.modules.padding): one number for all sides, or two for each dimension, the last one first."""

from facade.nn import functional as F
from facade.nn.modules.layer import sizes
from facade.nn.modules.module import Module

_KINDS = {"Circular": "what is at the other end", "Reflection": "its mirror image", "Replication": "its outermost elements"}
__all__ = [f"{kind}Pad{rank}d" for kind in (*_KINDS, "Constant", "Zero") for rank in (1, 2, 3)]


class _Pad(Module):
    """Padding in one mode; what is padded with stands in `mode` and `value`."""

    mode, value = "constant", 0

    def forward(self, input):
        """input: (batch, channels, spatial...), or without the batch."""
        self._check_input_dim(input)
        return F.pad(input, self.padding, self.mode, self.value)

    def _check_input_dim(self, input):
        """Raise where the rank is wrong; most modes leave that to the function."""

    def extra_repr(self):
        return f"{self.padding}"


class _CircularPadNd(_Pad):
    mode, value = "circular", None

    def _check_input_dim(self, input):
        rank = len(self.padding) // 2
        if input.dim() not in (rank + 1, rank + 2):
            raise ValueError(f"expected {rank + 1}D or {rank + 2}D input (got {input.dim()}D input)")


class _ReflectionPadNd(_Pad):
    mode, value = "reflect", None


class _ReplicationPadNd(_Pad):
    mode, value = "replicate", None


class _ConstantPadNd(_Pad):
    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


def _make(name, base, rank, doc, init):
    """The class of that name, whose `__init__` is `init(rank)`."""
    made = type(name, (base,), {"__init__": init(rank), "__doc__": doc, "__module__": __name__})
    made.__init__.__qualname__ = f"{name}.__init__"
    return made


def _by_padding(rank):
    def __init__(self, padding):
        Module.__init__(self)
        self.padding = sizes(padding, 2 * rank)
    return __init__


def _by_padding_and_value(rank):
    def __init__(self, padding, value):
        Module.__init__(self)
        self.value, self.padding = value, sizes(padding, 2 * rank)
    return __init__


def _by_padding_with_zeros(rank):
    def __init__(self, padding):
        Module.__init__(self)
        self.value, self.padding = 0.0, sizes(padding, 2 * rank)
    return __init__


for _rank in (1, 2, 3):
    for _kind, _text in _KINDS.items():
        _name = f"{_kind}Pad{_rank}d"
        globals()[_name] = _make(_name, globals()[f"_{_kind}PadNd"], _rank, f"The input continued by {_text} in {_rank} dimension(s).", _by_padding)
    _name = f"ConstantPad{_rank}d"
    globals()[_name] = _make(_name, _ConstantPadNd, _rank, f"The input with a value around it in {_rank} dimension(s).", _by_padding_and_value)
    globals()[f"ZeroPad{_rank}d"] = _make(f"ZeroPad{_rank}d", globals()[_name], _rank, f"The input with zeros around it in {_rank} dimension(s).",
                                          _by_padding_with_zeros)
    globals()[f"ZeroPad{_rank}d"].extra_repr = _Pad.extra_repr
