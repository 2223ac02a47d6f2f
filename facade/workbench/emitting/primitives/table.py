"""The table of primitives: a function from an equation's view to its text, by the primitive's name."""

from facade.workbench.emitting.expressions import call, filled, typed, uniform
from facade.workbench.emitting.primitives import arithmetic, indexing, products, reductions, shapes

ELEMENTWISE = arithmetic.ELEMENTWISE
_SAME_ELEMENTS = ("broadcast_in_dim", "expand_dims", "transpose", "reshape", "squeeze", "rev", "slice", "dynamic_slice")


def _of_any(row):
    """A row for what may be nothing but one number, and then is that number in any shape."""
    def made(eqn):
        number = uniform(eqn.operands[0])
        return row(eqn) if number is None else filled(tuple(eqn.out.shape), number, eqn.out.dtype, eqn.wide)
    return made


TABLE = arithmetic.ROWS | shapes.ROWS | reductions.ROWS | products.ROWS | indexing.ROWS
TABLE |= {name: _of_any(TABLE[name]) for name in _SAME_ELEMENTS}


def primitive_itself(eqn):
    """The primitive bound by hand, where its parameters are plain data; else NotImplementedError with its name."""
    params = {key: repr(value) for key, value in eqn.params.items()}
    if eqn.primitive_home is None or any("<" in text or "np." in text or "object at" in text for text in params.values()):
        raise NotImplementedError(f"the primitive '{eqn.name}' has no text here; show the program by its jaxpr instead (`.jaxpr`)")
    return call(f"{eqn.primitive_home}.bind", *(typed(each, dtype) for each, dtype in zip(eqn.operands, eqn.dtypes)), **params)
