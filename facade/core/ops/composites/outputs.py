"""`out=` for composites: the result is written to the tensors given."""

import functools

from facade.core.ops.dispatch import apply_out


def with_out(function):
    """The function with a keyword `out` that takes what it returns."""
    @functools.wraps(function)
    def wrapped(*args, out=None, **kwargs):
        if out is None:
            return function(*args, **kwargs)
        return apply_out(function.__name__, lambda: function(*args, **kwargs), out, args)
    return wrapped
