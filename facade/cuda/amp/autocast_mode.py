"""torch.amp.autocast and the decorators of functions by their old names (torch.cuda.amp.autocast_mode)."""

import functools

from facade.amp import autocast_mode
from facade.amp.autocast_mode import deprecated_autocast
from facade.core import dtypes
from facade.core.warn import warn

__all__ = ["autocast", "custom_bwd", "custom_fwd"]

autocast = deprecated_autocast("cuda", dtypes.float16, __name__)


def _deprecated(name):
    made = functools.partial(getattr(autocast_mode, name), device_type="cuda")

    @functools.wraps(getattr(autocast_mode, name))
    def call(*args, **kwargs):
        warn(f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}(args..., device_type='cuda')` instead.",
             FutureWarning)
        return made(*args, **kwargs)
    return call


custom_fwd, custom_bwd = _deprecated("custom_fwd"), _deprecated("custom_bwd")
