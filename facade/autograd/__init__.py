"""Automatic differentiation (torch.autograd)."""

from facade.autograd.functions import backward, grad
from facade.autograd.grad_mode import (enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad,
                                       set_grad_enabled)

__all__ = ["backward", "enable_grad", "grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled"]
