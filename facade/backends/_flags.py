"""Setting some of a library's flags, for good or for a block."""

import contextlib


def setters(library):
    """`set_flags` and `flags` of the library with these globals."""
    def set_flags(**changed):
        """Set these flags, and return what all of those were."""
        before = {name: library[name] for name in changed}
        library.update(changed)
        return before

    @contextlib.contextmanager
    def flags(**changed):
        """Set these flags in the block below, and set them back after it."""
        before = set_flags(**changed)
        try:
            yield
        finally:
            library.update(before)
    return set_flags, flags


def absent():
    """Whether the library is there: XLA does its work."""
    return False
