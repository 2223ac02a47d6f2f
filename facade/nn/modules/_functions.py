"""Functions of layers that have a backward of their own (torch.nn.modules._functions)."""

import numpy as np

from facade.autograd.function import Function
from facade.core.ops import creation


class CrossMapLRN2d(Function):
    """What CrossMapLRN2d computes: torch's sums, whose window never lets go of the first channel, and torch's backward."""

    @staticmethod
    def forward(ctx, input, size, alpha, beta, k):
        """input: (batch, channels, height, width)."""
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        reach, place = int((size - 1) / 2 + 1), np.arange(input.size(1))
        apart = place - place[:, None]
        window = (abs(apart) < reach) | (place == 0) & (place[:, None] >= reach)
        scale = _across(input * input, window) * (alpha / size) + k
        output = scale ** -beta * input
        ctx.save_for_backward(input, output, scale)
        ctx.options = size, alpha, beta
        return output

    @staticmethod
    def backward(ctx, gradient):
        """The gradient of the input alone."""
        (input, output, scale), (size, alpha, beta) = ctx.saved_tensors, ctx.options
        before, place = int(size - (size - 1) / 2), np.arange(input.size(1))
        apart = place - place[:, None]
        summed = _across(gradient * output / scale, (-before <= apart) & (apart < size - before))
        return scale ** -beta * gradient - 2 * alpha * beta / size * input * summed, None, None, None, None


def _across(input, window):
    """For each channel the sum over the channels of its window."""
    chosen = creation.FUNCTIONS["tensor"](window, dtype=input.dtype, device=input.device)
    return chosen.matmul(input.flatten(2)).view(input.shape)
