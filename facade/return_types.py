"""The types of results that have several named parts, one for each operation (torch.return_types).

    >>> isinstance(torch.ones(2).sort(), torch.return_types.sort)
    True
"""

from facade.core.ops import expose as _expose  # noqa: F401  (fills the table)
from facade.core.ops.return_types import result_kind
from facade.core.ops.table import TABLE

_COMPOSITES = {"histogram": ("hist", "bin_edges"), "histogramdd": ("hist", "bin_edges"), "linalg_ldl_factor": ("LD", "pivots"),
               "linalg_ldl_factor_ex": ("LD", "pivots", "info"), "linalg_lstsq": ("solution", "residuals", "rank", "singular_values"),
               "linalg_lu": ("P", "L", "U"), "linalg_lu_factor": ("LU", "pivots")}
_NAMED = {"linalg_" * (row.at == ("linalg",)) + row.name: row.schema.results for row in TABLE if row.schema.results and row.schema.results[0]}

__all__, all_return_types = ["all_return_types"], []
for _name, _names in sorted({**_NAMED, **_COMPOSITES}.items()):
    for _kind in (result_kind(_name, tuple(_names)), result_kind(f"{_name}_out", tuple(_names))):
        globals()[_kind.__name__] = _kind
        all_return_types.append(_kind)
        __all__.append(_kind.__name__)
