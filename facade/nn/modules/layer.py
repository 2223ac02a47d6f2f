"""Layers that only call a function, made from one line each.

Such a layer keeps its options as attributes and hands them to the function by name; its `__init__` and `forward` are
written out from the list of options, as dataclasses write theirs.
"""

import inspect

_LEGACY = ("size_average", "reduce")        # options that the base class turns into `reduction`


def layer(function=None, options=None, inputs="input", passed=(), shows=None):
    """A decorator that completes a class of modules.

    function: what `forward` calls; options: the parameters of `__init__` as written in a signature, None to inherit it, those
    that the base class takes go to it and the others become attributes; inputs: the parameters of `forward`; passed: further
    attributes that the function gets; shows: the text of `extra_repr`, with fields of the layer {0}.
    """
    def complete(cls):
        names = [] if options is None else list(inspect.signature(eval(f"lambda {options}: None")).parameters)
        if options is not None:
            cls.__init__ = _initializer(cls, options, names)
        if function is not None:
            cls.forward = _forward(cls, function, inputs, [*names, *passed])
        if shows is not None:
            cls.extra_repr = _shower(cls, shows, "inplace" in names and "inplace" not in shows)
        return cls
    return complete


def _written(cls, text, **names):
    """The function that a text defines, as a method of the class."""
    exec(compile(text, f"<facade {cls.__name__}>", "exec"), names)
    method = names[text[4:text.index("(")]]
    method.__module__, method.__qualname__ = cls.__module__, f"{cls.__qualname__}.{method.__name__}"
    return method


def _initializer(cls, options, names):
    base = cls.__mro__[1].__init__
    taken = [name for name in names if name in inspect.signature(base).parameters]
    lines = [f"base(self, {', '.join(f'{name}={name}' for name in taken)})", *(f"self.{name} = {name}" for name in names if name not in taken)]
    return _written(cls, f"def __init__(self, {options}):\n    " + "\n    ".join(lines), base=base)


def _forward(cls, function, inputs, names):
    given = [each.partition("=")[0] for each in inputs.split(", ")] + [f"{name}=self.{name}" for name in names if name not in _LEGACY]
    return _written(cls, f"def forward(self, {inputs}):\n    return function({', '.join(given)})", function=function)


def _shower(cls, template, has_inplace):
    """`extra_repr`, which mentions `inplace` only where it is set."""
    def extra_repr(self):
        parts = [template.format(self)] if template else []
        return ", ".join(parts + ["inplace=True"] * (has_inplace and self.inplace))
    extra_repr.__qualname__ = f"{cls.__qualname__}.extra_repr"
    return extra_repr


def sizes(value, count):
    """One number for each dimension, from a number or from one for each."""
    return tuple(value) if hasattr(value, "__iter__") else (value,) * count
