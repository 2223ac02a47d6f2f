"""Running, judging and changing programs written for PyTorch.

`alias` lets the name `torch` mean facade in this process; `run` and `notebook` execute a script or a notebook under that alias, and
`verification` compares what a notebook shows with what it showed.  `checking` reads programs without running them, `rewriting` makes
them import facade, `coverage` counts: these three look names up and call nothing.
"""

from facade.port.checking import check
from facade.port.rewriting import port

__all__ = ["check", "port"]
