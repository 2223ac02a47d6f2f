"""Dimensions joined and divided (torch.nn.modules.flatten)."""

from facade.core.tensor.tensor import Tensor
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module

__all__ = ["Flatten", "Unflatten"]


@layer(Tensor.flatten, "start_dim=1, end_dim=-1", shows="start_dim={0.start_dim}, end_dim={0.end_dim}")
class Flatten(Module):
    """The dimensions from start_dim to end_dim joined into one."""


class Unflatten(Module):
    """One dimension divided into several."""

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}")
        for place, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(f"unflattened_size must be tuple of ints, but found element of type {type(size).__name__} at pos {place}")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input):
        """input: of any shape that has the dimension."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
