"""Linear algebra (torch.linalg): norms, solvers, decompositions and spectra of matrices."""

from facade.core.errors import LinAlgError  # noqa: F401
from facade.core.ops import expose

globals().update(expose.namespace("linalg"))
