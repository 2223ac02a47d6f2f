"""An exception on its way from one process to another: its type and its traceback as text."""

import sys
import traceback


class KeyErrorMessage(str):
    """A text that is its own repr, for KeyError shows the repr of what it is given."""

    __slots__ = ()

    def __repr__(self):
        return self


class ExceptionWrapper:
    """An exception caught in the background, to be raised again where somebody waits for the result.

    exc_info: of the exception, the one being handled if not given; where: the end of "Caught ValueError ...".
    """

    def __init__(self, exc_info=None, where="in background"):
        self.exc_type, *others = exc_info or sys.exc_info()
        self.exc_msg, self.where = "".join(traceback.format_exception(self.exc_type, *others)), where

    def reraise(self):
        """Raise an exception of the same type that shows the original traceback; RuntimeError where the type wants more than a message."""
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            raise KeyError(KeyErrorMessage(message))
        if getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)
        try:
            failure = self.exc_type(message)
        except Exception:
            raise RuntimeError(message) from None
        raise failure
