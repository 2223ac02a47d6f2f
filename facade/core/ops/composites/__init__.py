"""Functions made of other operators, with Python's logic between them: `@composite(at="torch Tensor")`.

What returns several views, reads data to know a shape, or has a flag that changes what is called stands here; it gets
its history from the operators that it calls. Importing a file adds its functions; the files are imported in expose.py.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Composite:
    """A function and the namespaces it is exposed in."""

    name: str
    function: object
    at: tuple


COMPOSITES = []


def composite(at="torch Tensor", name=None):
    """Expose the function below in these namespaces, under its own name unless another is given."""
    def add(function):
        if "<locals>" in function.__qualname__:      # made for this name, which its repr says
            function.__name__ = function.__qualname__ = name or function.__name__
        COMPOSITES.append(Composite(name or function.__name__, function, tuple(at.split())))
        return function
    return add
