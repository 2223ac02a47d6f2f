"""Convolutions as layers (torch.nn.modules.conv): weights drawn by their fan-in, padding by a mode or by numbers."""

from itertools import chain

from facade.nn import functional as F
from facade.nn.modules.layer import sizes
from facade.nn.modules.lazy import LazyModuleMixin, leave_open
from facade.nn.modules.linear import add_weight_and_bias, draw_by_fan_in
from facade.nn.modules.module import Module

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
           "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"]

_PADDINGS, _MODES = {"same", "valid"}, {"zeros", "reflect", "replicate", "circular"}


class _ConvNd(Module):
    """What all convolutions have in common; the sizes are tuples with one number for each spatial dimension."""

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding, dilation, transposed, output_padding, groups, bias, padding_mode,
                 device=None, dtype=None):
        super().__init__()
        _check(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels, self.out_channels, self.kernel_size, self.stride = in_channels, out_channels, kernel_size, stride
        self.padding, self.dilation, self.transposed, self.output_padding = padding, dilation, transposed, output_padding
        self.groups, self.padding_mode = groups, padding_mode
        self._reversed_padding_repeated_twice = _both_sides(padding, kernel_size, dilation)
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        add_weight_and_bias(self, (first, second // groups, *kernel_size), out_channels if bias else None, device, dtype)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw weight and bias evenly from -1/sqrt(fan_in) to 1/sqrt(fan_in)."""
        draw_by_fan_in(self.weight, self.bias)

    def extra_repr(self):
        rank = len(self.kernel_size)
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        usual = {"padding": (0,) * rank, "dilation": (1,) * rank, "output_padding": (0,) * rank, "groups": 1}
        text += "".join(f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value)
        text += "" if self.bias is not None else ", bias=False"
        return text + ("" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}")

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")


def _check(in_channels, out_channels, stride, padding, groups, padding_mode):
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups != 0:
            raise ValueError(f"{name} must be divisible by groups")
    if isinstance(padding, str) and padding not in _PADDINGS:
        raise ValueError(f"Invalid padding string {padding!r}, should be one of {_PADDINGS}")
    if padding == "same" and any(step != 1 for step in stride):
        raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in _MODES:
        raise ValueError(f"padding_mode must be one of {_MODES}, but got padding_mode='{padding_mode}'")


def _both_sides(padding, kernel_size, dilation):
    """What to add before and after each dimension, from the last dimension to the first, as F.pad takes it."""
    if padding == "valid":
        return [0, 0] * len(kernel_size)
    if padding == "same":
        totals = [step * (size - 1) for step, size in zip(dilation, kernel_size)]
        return list(chain.from_iterable((total // 2, total - total // 2) for total in reversed(totals)))
    return tuple(each for each in reversed(padding) for _ in range(2))


def _convolution(rank):
    """The convolution over `rank` spatial dimensions."""
    function = getattr(F, f"conv{rank}d")

    class Convolution(_ConvNd):
        def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode="zeros",
                     device=None, dtype=None):
            super().__init__(in_channels, out_channels, sizes(kernel_size, rank), sizes(stride, rank),
                             padding if isinstance(padding, str) else sizes(padding, rank), sizes(dilation, rank), False, (0,) * rank, groups, bias,
                             padding_mode, device, dtype)

        def _conv_forward(self, input, weight, bias):
            padding = self.padding
            if self.padding_mode != "zeros":
                input, padding = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode), 0
            return function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

        def forward(self, input):
            """input: (batch, in_channels, spatial...), or without the batch."""
            return self._conv_forward(input, self.weight, self.bias)

    Convolution.__doc__ = (f"The sum over channels of cross-correlations with {rank}-dimensional kernels; "
                           "weight: (out_channels, in_channels / groups, kernel...).")
    return _named(Convolution, f"Conv{rank}d")


def _named(cls, name):
    """The class under its public name, its methods with it."""
    for each in vars(cls).values():
        if hasattr(each, "__qualname__"):
            each.__qualname__ = each.__qualname__.replace(cls.__qualname__, name)
    cls.__name__ = cls.__qualname__ = name
    return cls


Conv1d, Conv2d, Conv3d = map(_convolution, (1, 2, 3))


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolutions have in common."""

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding, dilation, transposed, output_padding, groups, bias, padding_mode,
                 device=None, dtype=None):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, transposed, output_padding, groups, bias, padding_mode,
                         device, dtype)

    def _output_padding(self, input, output_size):
        """What to add to the smallest output to get one of `output_size`."""
        if output_size is None:
            return self.output_padding
        rank = len(self.kernel_size)
        wanted = self._spatial(input, output_size)
        smallest = [(size - 1) * step - 2 * pad + wide * (kernel - 1) + 1 for size, step, pad, wide, kernel in
                    zip(input.shape[-rank:], self.stride, self.padding, self.dilation, self.kernel_size)]
        largest = [size + step - 1 for size, step in zip(smallest, self.stride)]
        if not all(low <= size <= high for low, size, high in zip(smallest, wanted, largest)):
            raise ValueError(f"requested an output size of {wanted}, but valid sizes range from {smallest} to {largest} "
                             f"(for an input of {input.size()[2:]})")
        return [size - low for size, low in zip(wanted, smallest)]

    def _spatial(self, input, output_size):
        """The spatial part of a size that may have batch and channels before it."""
        rank = len(self.kernel_size)
        if len(output_size) == input.dim():
            output_size = output_size[-rank:]
        if len(output_size) != rank:
            raise ValueError(f"ConvTranspose{rank}D: for {input.dim()}D input, output_size must have {rank} or {input.dim()} elements "
                             f"(got {len(output_size)})")
        return output_size


def _transposed(rank):
    """The transposed convolution over `rank` spatial dimensions."""
    function = getattr(F, f"conv_transpose{rank}d")

    class Transposed(_ConvTransposeNd):
        def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1,
                     padding_mode="zeros", device=None, dtype=None):
            super().__init__(in_channels, out_channels, sizes(kernel_size, rank), sizes(stride, rank), sizes(padding, rank), sizes(dilation, rank),
                             True, sizes(output_padding, rank), groups, bias, padding_mode, device, dtype)

        def forward(self, input, output_size=None):
            """input: (batch, in_channels, spatial...), or without the batch; output_size: one of those that the stride allows."""
            extra = self._output_padding(input, output_size)
            return function(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    Transposed.__doc__ = f"The derivative of Conv{rank}d in its input, as a layer; weight: (in_channels, out_channels / groups, kernel...)."
    return _named(Transposed, f"ConvTranspose{rank}d")


ConvTranspose1d, ConvTranspose2d, ConvTranspose3d = map(_transposed, (1, 2, 3))


# ---------------------------------------------------------------- lazy
class _LazyConvXdMixin(LazyModuleMixin):
    """What the convolutions have in common that find in_channels from their first input."""

    def reset_parameters(self):
        """Draw weight and bias as the convolution does, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input, *args, **kwargs):
        """input: (batch, in_channels, spatial...), or without the batch."""
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._get_in_channels(input)
        if self.in_channels % self.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        first, second = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        self.weight.materialize((first, second // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _get_in_channels(self, input):
        least = len(self.kernel_size) + 1
        if input.dim() not in (least, least + 1):
            raise RuntimeError(f"Expected {least}D (unbatched) or {least + 1}D (batched) input to {type(self).__name__}, but got input of size: "
                               f"{input.shape}")
        return input.shape[-least]


def _lazy_convolution(known):
    """The lazy kind of a convolution."""
    class Lazy(_LazyConvXdMixin, known):
        cls_to_become = known

        def __init__(self, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode="zeros", device=None,
                     dtype=None):
            super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype)
            leave_open(self, bias, device, dtype)
            self.out_channels = out_channels
    return _described(Lazy, known)


def _lazy_transposed(known):
    """The lazy kind of a transposed convolution."""
    class Lazy(_LazyConvXdMixin, known):
        cls_to_become = known

        def __init__(self, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode="zeros",
                     device=None, dtype=None):
            super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode, device, dtype)
            leave_open(self, bias, device, dtype)
            self.out_channels = out_channels
    return _described(Lazy, known)


def _described(lazy, known):
    lazy.__doc__ = f"A {known.__name__} that finds in_channels from its first input."
    return _named(lazy, f"Lazy{known.__name__}")


LazyConv1d, LazyConv2d, LazyConv3d = map(_lazy_convolution, (Conv1d, Conv2d, Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = map(_lazy_transposed, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d))
