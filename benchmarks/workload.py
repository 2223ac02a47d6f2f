"""A workload: one training program, written once against torch's interface and once by hand in JAX.

Both are functions of the namespace they compute with.  They build their data and parameters and return
`step`, a function that advances the program by one step and returns its loss, an array to be read by `tolist()`.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """One row of the table; `steps` is how many steps make a measured block of some tenth of a second."""

    name: str
    with_torch: Callable
    by_hand: Callable
    steps: int
    is_cold: bool = False

    def build(self, backend, module):
        """The step of this workload on `backend`, whose namespace is `module`."""
        return (self.by_hand if backend == "jax" else self.with_torch)(module)
