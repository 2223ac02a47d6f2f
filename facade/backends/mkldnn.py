"""Intel's library of layers (torch.backends.mkldnn)."""

from facade.backends._flags import absent as is_available
from facade.backends._flags import setters

__all__ = ["allow_tf32", "deterministic", "enabled", "flags", "is_available", "set_flags"]

enabled, deterministic, allow_tf32 = False, False, True
set_flags, flags = setters(globals())
