"""Engines of quantized layers (torch.backends.quantized): none."""

__all__ = ["engine", "supported_engines"]

engine, supported_engines = "none", ["none"]
