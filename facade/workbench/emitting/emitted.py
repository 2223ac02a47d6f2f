"""A whole emitted program: its imports, JAX's switch for 64-bit numbers, and how it is run here."""

import html
import re

import jax

from facade.workbench.emitting.lines import wrapped

WIDE = 'jax.config.update("jax_enable_x64", True)       # PyTorch has numbers of 64 bits; JAX has them with this\n'
# What a program may need beside JAX, by what its text has.
_PERHAPS = {"np": "import numpy as np", "optax": "import optax", "lax": "from jax import lax"}


class Source(str):
    """The text of a JAX program; it shows itself as a program, not as a quoted string."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        return f"<pre>{html.escape(self)}</pre>"


def assembled(wide, parts, standard=()):
    """A whole program from its functions, each a list of lines. wide: whether JAX has 64-bit numbers; standard: imports of Python's own."""
    body = "\n\n\n".join("\n".join(piece for line in part for piece in wrapped(line)) for part in parts) + "\n"
    imports = ["import jax", "import jax.numpy as jnp", *(line for name, line in _PERHAPS.items() if re.search(rf"(?<![\w.]){name}\.", body))]
    head = "\n".join([*standard, *[""] * bool(standard), *imports])
    return Source(f"{head}\n\n{WIDE}\n\n{body}" if wide else f"{head}\n\n\n{body}")


def as_written(text):
    """A context in which JAX has 64-bit numbers as far as a program switches them on; JAX's own switch is not touched."""
    return jax.enable_x64(WIDE in text)


def executed(text):
    """The names that a program defines, run in a namespace of its own."""
    names = {"__name__": "emitted"}
    with as_written(text):
        exec(compile(text.replace(WIDE, ""), "<emitted>", "exec"), names)
    return names
