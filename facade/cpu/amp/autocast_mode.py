"""torch.amp.autocast by its old name (torch.cpu.amp.autocast_mode)."""

from facade.amp.autocast_mode import deprecated_autocast
from facade.core import dtypes

__all__ = ["autocast"]

autocast = deprecated_autocast("cpu", dtypes.bfloat16, __name__)
