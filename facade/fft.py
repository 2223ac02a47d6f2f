"""Discrete Fourier transforms (torch.fft)."""

from facade.core.ops import expose
from facade.core.tensor.tensor import Tensor  # noqa: F401

globals().update(expose.namespace("fft"))
