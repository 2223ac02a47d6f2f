"""Apple's GPUs (torch.backends.mps)."""

from facade.backends._flags import absent as is_available
from facade.backends._flags import absent as is_built

__all__ = ["is_available", "is_built"]
