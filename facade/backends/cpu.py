"""The processor (torch.backends.cpu)."""

__all__ = ["get_cpu_capability"]


def get_cpu_capability():
    """The widest vectors that torch's kernels would use: XLA finds that out for itself."""
    return "DEFAULT"
