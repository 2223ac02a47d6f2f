"""The package that orders the products of an einsum (torch.backends.opt_einsum). Here JAX orders them."""

from facade.backends._flags import absent as is_available
from facade.backends._flags import setters

__all__ = ["enabled", "flags", "get_opt_einsum", "is_available", "set_flags", "strategy"]

enabled, strategy = False, None
set_flags, flags = setters(globals())


def get_opt_einsum():
    """The package: None."""
    return None
