"""OpenMP (torch.backends.openmp)."""

from facade.backends._flags import absent as is_available

__all__ = ["is_available"]
