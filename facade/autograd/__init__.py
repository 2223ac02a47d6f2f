"""Automatic differentiation (torch.autograd)."""

from facade.autograd import anomaly_mode, forward_ad, function, functional, grad_mode, graph, profiler, profiler_util, variable
from facade.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from facade.autograd.function import Function
from facade.autograd.functions import backward, grad
from facade.autograd.grad_mode import (enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad,
                                       set_grad_enabled, set_multithreading_enabled)
from facade.autograd.gradcheck import gradcheck, gradgradcheck
from facade.autograd.variable import Variable

__all__ = ["Function", "Variable", "anomaly_mode", "backward", "detect_anomaly", "enable_grad", "forward_ad", "function", "functional", "grad",
           "grad_mode", "gradcheck", "gradgradcheck", "graph", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad",
           "profiler", "profiler_util", "set_detect_anomaly", "set_grad_enabled", "set_multithreading_enabled", "variable"]
