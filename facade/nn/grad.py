"""Gradients of convolutions by their input and by their weight, as functions (torch.nn.grad)."""

from facade.autograd.functions import grad
from facade.autograd.grad_mode import enable_grad
from facade.nn import functional

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _pair(rank):
    """(gradient by the input, gradient by the weight) of the convolution over this many dims."""
    name = f"conv{rank}d"
    convolved = getattr(functional, name)

    def by(wanted, input, weight, grad_output, *options):
        with enable_grad():
            result = convolved(input, weight, None, *options)
            return grad(result, wanted, grad_output, create_graph=grad_output.requires_grad)[0]

    def by_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
        input = grad_output.new_zeros(tuple(input_size)).requires_grad_()
        return by(input, input, weight, grad_output, stride, padding, dilation, groups)

    def by_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
        weight = grad_output.new_zeros(tuple(weight_size)).requires_grad_()
        return by(weight, input, weight, grad_output, stride, padding, dilation, groups)
    for function, end, what in ((by_input, "input", "input, of input_size"), (by_weight, "weight", "weight, of weight_size")):
        function.__name__ = function.__qualname__ = f"{name}_{end}"
        function.__doc__ = f"The gradient of {name} by its {what}, from the gradient of its result (torch.nn.grad.{name}_{end})."
    return by_input, by_weight


conv1d_input, conv1d_weight = _pair(1)
conv2d_input, conv2d_weight = _pair(2)
conv3d_input, conv3d_weight = _pair(3)
