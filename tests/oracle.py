"""The oracle: real PyTorch, where it is installed.  No other file imports it, so that the suite runs without."""

try:
    import torch
except ImportError:
    torch = None

HAVE_TORCH = torch is not None

if HAVE_TORCH:
    torch.set_num_threads(1)
