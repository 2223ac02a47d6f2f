"""A workload: one program, written once against torch's interface and once by hand in JAX.

Both are functions of the namespace they compute with, and of sizes by name.  They build their data and parameters
and return `step`, a function that advances the program by one step and returns its loss, or another result, as an
array to be read by `tolist()`.
"""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Workload:
    """One row of the table.

    steps: how many steps make a measured block of some tenth of a second; all of them, for a cold workload, which
    has no steady state.  sizes: what both functions are called with; tiny: the sizes that differ in a quick test.
    depth: for a row that exists in several depths, which one it is.
    """

    name: str
    with_torch: Callable
    by_hand: Callable
    steps: int
    sizes: dict = dataclasses.field(default_factory=dict)
    tiny: dict = dataclasses.field(default_factory=dict)
    is_cold: bool = False
    depth: int | None = None

    def build(self, backend, module):
        """The step of this workload on `backend`, whose namespace is `module`."""
        if backend == "jax":
            return self.by_hand(module, **self.sizes)
        step = self.with_torch(module, **self.sizes)
        return module.compile(step) if backend == "torch.compile" else step

    def runs_on(self, backend):
        """Whether the workload has a meaning on a backend: what runs once is not worth `torch.compile`."""
        return not (self.is_cold and backend == "torch.compile")

    def reduced(self):
        """The same program in its quick sizes."""
        return dataclasses.replace(self, sizes=self.sizes | self.tiny)
