"""The user's line: of all callers the nearest one outside of this package and of JAX. Warnings point at it, however deep they arise."""

import pathlib
import sys
import warnings

import jax

# Where the frames between an operation and the user's line come from; functions that facade writes as text are called <facade ...>.
_FILES = (str(pathlib.Path(__file__).parents[1]), str(pathlib.Path(jax.__file__).parent), "<facade")
_MADE = (__name__.partition(".")[0] + ".", "namedtuple_")       # the modules of functions that the standard library writes as text


def users_frame():
    """The innermost frame that is neither facade's nor JAX's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (frame.f_code.co_filename.startswith(_FILES) or frame.f_globals.get("__name__", "").startswith(_MADE)):
        frame = frame.f_back
    return frame


_said = set()       # what `warn_once` has said


def warn_once(message, category=UserWarning):
    """`warn`, the first time in this process."""
    if message not in _said:
        _said.add(message)
        warn(message, category)


def warn(message, category=UserWarning):
    """warnings.warn at the user's line."""
    frame = users_frame()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__", "<string>"), registry)
