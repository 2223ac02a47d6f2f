"""Whether attention in evaluation may take the fast path (torch.backends.mha)."""

from facade.core.ops.composites.attention import fast_path

__all__ = ["get_fastpath_enabled", "set_fastpath_enabled"]


def get_fastpath_enabled():
    """Whether the fast path is used where it can be."""
    return fast_path.enabled


def set_fastpath_enabled(value):
    """Use the fast path where it can be used, or never."""
    fast_path.enabled = value
