"""Discrete Fourier transforms (torch.fft)."""

from facade.core.ops import expose

globals().update(expose.namespace("fft"))
