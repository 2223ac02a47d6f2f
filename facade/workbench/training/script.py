"""`facade port --style jax`: a training script, run for a few steps and written as JAX that stands alone."""

import contextlib
import io
import runpy
import sys
from pathlib import Path

from facade.port.alias import install
from facade.port.sources import NOTEBOOK_SUFFIX
from facade.workbench.training.script_training import trace_training


def trace_script(path, steps=5):
    """The `Training` of a script that imports torch; what it prints is not shown. Its own exceptions pass through."""
    before = sys.argv, sys.path[:]
    sys.argv, sys.path[:0] = [str(path)], [str(Path(path).resolve().parent)]
    try:
        with install(), contextlib.redirect_stdout(io.StringIO()):
            return trace_training(lambda: runpy.run_path(str(path), run_name="__main__"), steps)
    finally:
        sys.argv, sys.path[:] = before


def lines_of(text):
    """How many lines of a program are not empty."""
    return sum(bool(line.strip()) for line in text.splitlines())


def main(options):
    """Write the program and its data, and say what they are; the exit code is 1 where the script has no training to show."""
    if options.file.endswith(NOTEBOOK_SUFFIX):
        return _refused("--style jax is for scripts: `jupyter nbconvert --to script` makes one of a notebook")
    try:
        training = trace_script(options.file, options.steps)
        apart = training.check()
    except (NotImplementedError, AssertionError, ValueError, OSError) as error:
        return _refused(error)
    training.write(options.output)
    lengths = [lines_of(Path(path).read_text()) for path in (options.file, options.output)]
    print(f"{options.output}: {len(training.losses)} steps of {len(training.kinds)} kind{'s' * (len(training.kinds) > 1)}, "
          f"losses within {apart:.1g} of the script's; {lengths[1]} lines for its {lengths[0]}; "
          f"the data is in {Path(options.output).with_suffix('.npz')}")
    return 0


def _refused(reason):
    print(f"facade: {reason}", file=sys.stderr)
    return 1
