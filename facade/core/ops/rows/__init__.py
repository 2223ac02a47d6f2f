"""The table of operators, a file for each family. Importing a file adds its rows."""

from facade.core.ops.rows import cumulative, decompositions, linear_algebra, ordering  # noqa: F401
from facade.core.ops.rows import (activation, aliases, arithmetic, attention, combining, comparison, convolution, dropout, fourier,  # noqa: F401
                                  indexing, loss, normalization, pointwise, pooling, quantization, recurrent, reduction, shape, special)
