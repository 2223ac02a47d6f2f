"""Second names of operators: each has the rows of the first, and its node's name."""

from facade.core.ops.rows import arithmetic, comparison, pointwise  # noqa: F401  (the rows must be there)
from facade.core.ops.table import TABLE, op

SECOND_NAMES = {
    "mul": ["multiply"], "div": ["divide"], "sub": ["subtract"], "neg": ["negative"], "abs": ["absolute"], "trunc": ["fix"], "clamp": ["clip"],
    "ne": ["not_equal"], "lt": ["less"], "le": ["less_equal"], "gt": ["greater"], "ge": ["greater_equal"],
    "asin": ["arcsin"], "acos": ["arccos"], "atan": ["arctan"], "asinh": ["arcsinh"], "acosh": ["arccosh"],
    "atanh": ["arctanh"], "atan2": ["arctan2"],
}


def _renamed(row, name):
    """A row like this one, under another name."""
    schema = row.schema
    return op(name + schema.line[len(schema.name):], row.function, row.kind, doc=row.doc, at=" ".join(row.at), inplace=row.inplace,
              node=row.node_name, static=row.static, numbers=row.numbers, differentiable=row.differentiable, saves=row.saves,
              check=row.check, out=row.out)


for _row in list(TABLE):
    for _name in SECOND_NAMES.get(_row.name, ()):
        _renamed(_row, _name)
    if _row.schema.line.startswith("div.Tensor("):
        _renamed(_row, "true_divide")
