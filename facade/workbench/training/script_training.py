"""A training script as JAX source: `facade port --style jax`.

The script is run as it is, and watched: each change of parameters after backward passes is a training step. Steps of the same shape are
one pure function; what goes into it and is another in each step (batches, random numbers, a scheduled learning rate) is an argument. The
script's own lines around the loop, which load data and print, stay what they are: of them the recorded data is left.
"""

from pathlib import Path

import numpy as np

from facade.workbench.emitting.arguments import arrays_of
from facade.workbench.emitting.emitted import as_written, assembled, executed
from facade.workbench.training.kinds import kinds_of
from facade.workbench.training.script_watch import Watch
from facade.workbench.training.step_source import StepSource
from facade.workbench.training.script_source import TrainingSource


class Training:
    """The training of a script, as pure functions and the data that they were called with.

    kinds: of its steps; losses: as the script had them; data: name -> array, what the emitted `train` takes; constant: the names of what
    is the same in all steps of a kind; order: (step, kind, which of that kind).
    """

    def __init__(self, watch):
        if not watch.seen:
            raise ValueError("the script changes no parameters after backward(), so there is no training step to show")
        self.kinds = kinds_of(watch)
        self.losses = [float(sum(arrays_of(seen.losses))) for seen in watch.seen]
        self.order = sorted((place, kind.number, which) for kind in self.kinds for which, place in enumerate(kind.places))
        self.data, self.constant = {}, set()
        for kind in self.kinds:
            self._keep_model(kind)
            self._keep_data(kind)

    def _keep_model(self, kind):
        """Keep a kind's first parameters and buffers."""
        carried = {"params": kind.step.params, "buffers": kind.step.buffers}
        for group, arrays in carried.items():
            for name, array in arrays.items():
                if len(self.kinds) == 1 or not any(f"{other}/{name}" in self.data for other in carried):
                    self.data[f"{group}/{name}"] = array

    def _keep_data(self, kind):
        """Keep what goes into each step of a kind; what is the same for all, once."""
        every = [_flat(kind.given(which)) for which in range(len(kind.places))]
        for name in every[0]:
            arrays = [each[name] for each in every]
            if not _is_in_list(name) and all(_are_equal(each, arrays[0]) for each in arrays):
                self.constant.add(f"{name}{kind.suffix}")
                self.data[f"{name}{kind.suffix}"] = arrays[0]
            else:
                self.data[f"{name}{kind.suffix}"] = np.stack(arrays)

    # ------------------------------------------------------------ text
    def to_source(self):
        """The whole program: for each kind of step its functions, and `train`, which repeats what was recorded."""
        wide = any(StepSource(kind.step).wide for kind in self.kinds)
        parts = [part for kind in self.kinds for part in StepSource(kind.step, wide).parts()]
        once = {"\n".join(part): part for part in parts}.values()
        return assembled(wide, [*once, *TrainingSource(self).parts()], ["from pathlib import Path"])

    # ------------------------------------------------------------ checking, writing
    def run(self):
        """The losses that the emitted program computes."""
        source = self.to_source()
        with as_written(source):
            return executed(source)["train"](self.data)

    def check(self, tolerance=1e-5):
        """The largest relative difference between the emitted program's losses and the script's; AssertionError where it is above
        `tolerance`.
        """
        apart = max(abs(one - other) / (abs(other) or 1) for one, other in zip(self.run(), self.losses, strict=True))
        if not apart <= tolerance:
            raise AssertionError(f"the emitted program's losses are {apart:.2g} apart from the script's: what happens between its steps "
                                 "is not all recorded")
        return apart

    def write(self, path):
        """Write the program to `path`, and beside it the data, as .npz."""
        path = Path(path)
        path.write_text(self.to_source())
        np.savez_compressed(path.with_suffix(".npz"), **self.data)


def _flat(arguments):
    """name -> array, of a dict with dicts inside."""
    return {key: array for name, kept in arguments.items()
            for key, array in ({f"{name}/{each}": kept[each] for each in kept} if isinstance(kept, dict) else {name: kept}).items()}


def _is_in_list(name):
    return name.partition("/")[2].isdigit()


def _are_equal(one, other):
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def trace_training(script, steps=5):
    """The `Training` that `script()` does, a function without arguments: it is run until it has made `steps` steps of one loop."""
    return Training(Watch(steps).run(script))
