"""What was compiled: at which line of the user's, and how it differs from what was compiled there before.

A loop whose shapes or numbers of dimensions change makes one program after another, and each costs its second. When a line
has made more than a few, a warning says once what it was that changed, and what to do about it. Nothing here is looked at
unless something compiles.
"""

import time
from collections import Counter

from facade.core.engine.graph import Spec
from facade.core.engine.policy import settings
from facade.core.engine.stats import compiled
from facade.core.warn import users_frame, warn


class Compiled:
    """One program that was compiled.

    where: 'file:line' of the user's code that asked for its results; operations: how many it has; reason: how it differs from the
    one compiled there before ('' for the first); seconds: what its compilation and first run took together.
    """

    __slots__ = ("where", "operations", "reason", "seconds", "state")

    def __init__(self, where, state, operations):
        self.where, self.state, self.operations = where, state, operations
        self.reason, self.seconds = "", 0.0

    def __repr__(self):
        return f"<{self.operations} operations at {self.where}, {self.seconds:.2f} s{': ' + self.reason if self.reason else ''}>"


_counts = Counter()


def users_line():
    """'file:line' of the innermost frame that is neither facade's nor JAX's."""
    frame = users_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


class timing:
    """Note the compilation that this block makes, and warn when its line has made many."""

    def __init__(self, state, operations):
        self.entry = Compiled(users_line(), state, operations)

    def __enter__(self):
        self.began = time.perf_counter()

    def __exit__(self, *exc):
        entry = self.entry
        entry.seconds = time.perf_counter() - self.began
        before = next((each for each in reversed(compiled) if each.where == entry.where), None)
        if before is not None:
            entry.reason = difference(before, entry)
        compiled.append(entry)
        del compiled[:-settings.compiles_kept]
        _counts[entry.where] += 1
        if _counts[entry.where] == settings.storm:
            _warn(entry)


def _warn(entry):
    warn(f"facade has compiled {settings.storm} programs for the line {entry.where}, the last of {entry.operations} operations in "
         f"{entry.seconds:.1f} s. The last two differ: {entry.reason}. facade.core.engine.stats.compiles() lists them all.")


# ---------------------------------------------------------------- how two programs differ
def difference(before, after):
    """In words, the first thing in which two compiled programs differ, and what to do about it."""
    for old, new in zip(before.state.path(), after.state.path()):
        if old is not new:
            found = _of_leaves(old, new) if old.kernel is None and new.kernel is None else _of_operations(old, new)
            if found:
                return found
    if before.state is after.state:
        return "other results of the same operations were still in use, for instance a tensor kept in a list in some of the steps"
    return f"{before.state.length} operations were pending and now {after.state.length}, for instance because not every step reads a value"


def _of_leaves(old, new):
    one, other = old.inputs, new.inputs
    if one.dtype != other.dtype:
        return f"an input was {one.dtype} and is {other.dtype} now; convert it before the loop"
    if one.shape != other.shape:
        return (f"an input had the shape {list(one.shape)} and has {list(other.shape)} now; every new shape is a program of its own, so keep "
                "batches of one size (drop_last=True in a DataLoader) or pad to a few sizes")
    return None


def _of_operations(old, new):
    if old.kernel is None or new.kernel is None or old.kernel.operator is not new.kernel.operator:
        return f"{_called(old)} was recorded and now {_called(new)}; Python's control flow took another way"
    if old.kernel.statics != new.kernel.statics:
        return (f"{_called(new)} had the argument {_changed(old.kernel.statics, new.kernel.statics)}; sizes, dims and exponents are compiled in, "
                "where tensors and learning rates are not")
    specs = [(one, other) for one, other in zip(old.kernel.specs, new.kernel.specs) if one is not other]
    if specs and all(type(each) is Spec for each in specs[0]):
        return f"an operand of {_called(new)} was {specs[0][0]} and is {specs[0][1]} now"
    return None


def _called(state):
    if state.kernel is None:
        return f"an input of shape {list(state.inputs.shape)}"
    operator = state.kernel.operator
    inner = getattr(operator, "kernel", None)       # of a derivative
    name = getattr(operator if inner is None else inner.operator, "name", None) or type(operator).__name__.strip("_").lower()
    return f"'{name}'" if inner is None else f"the derivative of '{name}'"


def _changed(old, new):
    pairs = [(one, other) for one, other in zip(old, new) if one != other]
    return f"{pairs[0][0]!r} and has {pairs[0][1]!r} now" if pairs else f"{old!r} and has {new!r} now"
