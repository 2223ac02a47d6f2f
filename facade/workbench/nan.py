"""The first operation that makes a nan: a step run operation by operation, each result looked at.

Nothing is compiled for it: every operation runs alone, through NumPy, as soon as it is recorded, so the program's stack still says which line asked.
"""

import contextlib
import linecache

import numpy as np

from facade.core import engine
from facade.core.engine.compiles import users_line
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.optim.optimizer import Optimizer
from facade.workbench.explain import Explanation, explaining, line_of
from facade.workbench.naming import Namer, reachable
from facade.workbench.recording import Number, Recording, operator_name, pending_entries
from facade.workbench.watching import unchanged


class Finding(Explanation):
    """What was found. operator: the name, None where all is finite; kind: 'nan' or 'inf'; line: 'file:line' of the user's; inputs: what went in."""

    def __init__(self, operator, kind, line, inputs, forward=""):
        self.operator, self.kind, self.line, self.inputs = operator, kind, line, inputs
        if operator is None:
            super().__init__("no operation made a nan, and the results are finite")
        else:
            shown = "; ".join(inputs) or "nothing"
            super().__init__(f"'{operator}' is the first to make {kind}, {line}{forward}. It was given {shown}.")


def _state(array):
    """'nan', 'inf' or '' for a finite array."""
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return ""
    array = array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    return "nan" if np.isnan(array).any() else "" if np.isfinite(array).all() else "inf"


def _described(source):
    if source.__class__ is Number:
        return repr(source.number)
    array = np.asarray(source.array)
    if array.dtype.kind not in "fiu" or not array.size:
        return f"{array.dtype}{list(array.shape)}"
    return f"{array.dtype}{list(array.shape)} from {array.min():.4g} to {array.max():.4g}"


def _here():
    """The user's line, with its text."""
    line = users_line()
    name, _, number = line.rpartition(":")
    text = linecache.getline(name, int(number)).strip()
    return f"at {line}{f': `{text}`' if text else ''}"


class _Watch:
    """Sees each operation: found: kind -> (entry, line, where the forward was) of the first that makes it out of what had none."""

    def __init__(self):
        self.found = {}

    def see(self, entry, line, forward=""):
        """Look at the results of one entry."""
        arrays = [np.asarray(result.array) for result in entry.results if result.array is not None]
        for kind in {_state(array) for array in arrays} - {""}:
            if kind not in self.found:
                inputs = [_described(source) for source in entry.sources if source is not None and (source.__class__ is Number or source.array is not None)]
                self.found[kind] = operator_name(entry.kernel), kind, line, inputs, forward

    def segment(self, segment):
        """Look at what was just evaluated."""
        for entry in segment.entries():
            running = modes.running
            self.see(entry, _here(), "" if running is None else f", as the derivative of {running.name()}{line_of(running)}")

    def finding(self, results):
        """A nan comes first; an infinity counts where the results are not finite, for a mask of -inf is none of that kind."""
        if "nan" in self.found:
            return Finding(*self.found["nan"])
        if "inf" in self.found and any(_state(array) for array in results):
            return Finding(*self.found["inf"])
        return Finding(None, "", "", [])


def find_nan(what, *args, **kwargs):
    """The first operation that makes a nan in `what(*args, **kwargs)`, or on the way to the pending tensor `what`; else the first inf, where the
    results are not finite. What a step changes is put back. The `Finding` prints as a sentence.
    """
    if isinstance(what, Tensor):
        return _in_pending(what)
    namer = Namer()
    namer.add_function(what, args, kwargs)
    optimizers = [thing for _, thing in reachable(what) if isinstance(thing, Optimizer)]
    watch = _Watch()
    with contextlib.ExitStack() as stack:
        for optimizer in optimizers[:1] or [None]:
            stack.enter_context(unchanged(namer.every, optimizer))
        for manager in (explaining(), engine.eagerly(), engine.uncompiled(), np.errstate(all="ignore"), Recording(watch.segment)):
            stack.enter_context(manager)
        result = what(*args, **kwargs)
        results = [np.asarray(each.numpy_value()) for each in (result if isinstance(result, (list, tuple)) else [result]) if isinstance(each, Tensor)]
        results += [np.asarray(each) for each in [result] if isinstance(each, float)]
    return watch.finding(results)


def _in_pending(tensor):
    """Run what is pending for a tensor aside, operation by operation."""
    watch, known = _Watch(), {}
    if tensor._value.array is not None:
        raise ValueError("this tensor is computed already: hand over the function that computes it, facade.find_nan(function, *args)")

    def held(source):
        return source if source.__class__ is Number else known.get(source, source)
    for entry in pending_entries():
        sources = [held(each) for each in entry.sources if each is not None]
        arrays = [np.asarray(each.number) if each.__class__ is Number else np.asarray(engine.computed(each).array) for each in sources]
        with np.errstate(all="ignore"):
            results = [engine.constant(np.asarray(array)) for array in entry.kernel.host(arrays)]
        known.update(zip(entry.results, results))
        watch.see(entry._replace(sources=tuple(sources), results=tuple(results)), "at a line that a function's run would tell")
    return watch.finding([np.asarray(known[tensor.value].array)])
