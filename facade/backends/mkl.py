"""Intel's library of linear algebra (torch.backends.mkl)."""

from facade.backends._flags import absent as is_available

__all__ = ["is_available"]
