"""The first operation that makes a nan: a step run operation by operation, each result looked at.

Nothing is compiled for it: every operation runs alone, through NumPy, as soon as it is recorded, so the program's stack still says which
line asked.
"""

import contextlib
import linecache
from typing import NamedTuple

import numpy as np

from facade.core import engine
from facade.core.engine.compiles import users_line
from facade.core.engine.stats import operator_name
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.optim.optimizer import Optimizer
from facade.workbench.explain import Explanation, line_of
from facade.workbench.naming import Namer, reachable
from facade.workbench.recording import Number, Recording, pending_entries
from facade.workbench.remembering import explaining
from facade.workbench.trace import tensors_in
from facade.workbench.watching import unchanged

# What usually stands behind a nan or inf that an operation makes of finite numbers.
SOFTMAX = "A row that is all -inf has no softmax: let the mask leave one element of each."
ROOT = "The derivative of the root of 0 is inf, and stays so where the result is masked: add a small number under the root."
ARC = "The derivative is inf at 1 and -1: clamp to just inside."
CAUSES = {
    ("log", "inf"): "log(0) is -inf: clamp from below, or use a loss that takes logits.",
    ("log", "nan"): "A negative number has no logarithm.",
    ("exp", "inf"): "exp leaves float32 above 88.7: subtract the maximum first, or use softmax or logsumexp.",
    ("div", "inf"): "The divisor is 0: add a small number to it.",
    ("div", "nan"): "0 is divided by 0: add a small number to the divisor.",
    ("sqrt", "nan"): "A negative number has no root.",
    ("rsqrt", "inf"): "The root is 0: add a small number under it.",
    ("pow", "nan"): "A negative number has no root.",
    ("pow", "inf"): "0 to a negative power is inf.",
    ("sqrt_backward", "inf"): ROOT,
    ("sqrt_backward", "nan"): ROOT,
    ("acos_backward", "inf"): ARC,
    ("asin_backward", "inf"): ARC,
    ("nll_loss", "nan"): "No target counts, so the mean is over nothing.",
    ("mean", "nan"): "The mean of no element is nan.",
    ("step", "nan"): "The divisor of the update is 0: keep the optimizer's eps above 0.",
}
# Beyond the root of a format's largest number a product overflows.
LARGE = {"float16": 2.0 ** 8, "bfloat16": 1e19, "float32": 1e19, "float64": 1e154}


class Seen(NamedTuple):
    """What made a nan or inf. given: the kinds that were among its inputs already; is_large: whether a finite input was too large to be
    multiplied.
    """

    operator: str
    kind: str
    line: str
    forward: str
    inputs: list
    given: set
    is_large: bool

    @property
    def cause(self):
        """What usually stands behind it, as a sentence; empty where nothing is known."""
        if self.kind in self.given:
            return f"The {self.kind} was among its inputs, so it is in the data or the parameters that it began with."
        if self.is_large:
            return "The numbers have outgrown their format: lower the learning rate, clip the gradients, or scale the data."
        return "" if self.given else CAUSES.get((self.operator, self.kind), "")


class Finding(Explanation):
    """What was found. operator: the name, None where all is finite; kind: 'nan' or 'inf'; line: 'file:line' of the user's; inputs: what
    went in.
    """

    def __init__(self, seen, infinite=None):
        found = (None, "", "", []) if seen is None else (seen.operator, seen.kind, seen.line, seen.inputs)
        self.operator, self.kind, self.line, self.inputs = found
        super().__init__("no operation made a nan, and the results are finite" if seen is None else _said(seen, infinite))


def _said(seen, infinite):
    """A nan or inf in words; infinite: what made the first inf, where that came before."""
    text = f"'{seen.operator}' is the first to make {seen.kind}, {seen.line}{seen.forward}."
    text += f" It was given {'; '.join(seen.inputs) or 'nothing'}."
    cause = SOFTMAX if seen.operator in ("softmax", "log_softmax") and "nan" not in seen.given else seen.cause
    if infinite is not None and "inf" in seen.given:
        text += f" The first inf was made by '{infinite.operator}', {infinite.line}{infinite.forward}, of {'; '.join(infinite.inputs)}."
        cause = cause or infinite.cause
    return f"{text} {cause}".rstrip()


def _state(array):
    """'nan', 'inf' or '' for a finite array."""
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return ""
    array = array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    return "nan" if np.isnan(array).any() else "" if np.isfinite(array).all() else "inf"


def _is_large(array):
    finite = np.abs(array[np.isfinite(array)]) if array.dtype.kind == "f" else np.zeros(0)
    return finite.size > 0 and float(finite.max()) > LARGE.get(array.dtype.name, np.inf)


def _here():
    """The user's line, with its text."""
    line = users_line()
    name, _, number = line.rpartition(":")
    text = linecache.getline(name, int(number)).strip()
    return f"at {line}{f': `{text}`' if text else ''}"


class _Watch:
    """Sees each operation: found: kind -> the first Seen of that kind. names: of values, by value."""

    def __init__(self, names=None):
        self.found, self.names = {}, names or {}

    def see(self, entry, line, forward=""):
        """Look at the results of one entry."""
        arrays = [np.asarray(result.array) for result in entry.results if result.array is not None]
        for kind in {_state(array) for array in arrays} - {""} - self.found.keys():
            sources = [source for source in entry.sources if source.__class__ is Number or getattr(source, "array", None) is not None]
            given = [np.asarray(source.number if source.__class__ is Number else source.array) for source in sources]
            self.found[kind] = Seen(operator_name(entry.kernel), kind, line, forward, [self._described(source) for source in sources],
                                    {_state(array) for array in given} - {""}, any(map(_is_large, given)))

    def _described(self, source):
        if source.__class__ is Number:
            return repr(source.number)
        array, named = np.asarray(source.array), self.names.get(source)
        name = f"{named.name}: " if named else ""
        if array.dtype.kind not in "fiu" or not array.size:
            return f"{name}{array.dtype}{list(array.shape)}"
        return f"{name}{array.dtype}{list(array.shape)} from {array.min():.4g} to {array.max():.4g}"

    def segment(self, segment):
        """Look at what was just evaluated."""
        for entry in segment.entries():
            running = modes.running
            self.see(entry, _here(), "" if running is None else f", as the derivative of {running.name()}{line_of(running)}")

    def finding(self, results):
        """A nan comes first; an infinity counts where the results are not finite, for a mask of -inf is none of that kind."""
        if "nan" in self.found:
            return Finding(self.found["nan"], self.found.get("inf"))
        if "inf" in self.found and any(_state(array) for array in results):
            return Finding(self.found["inf"])
        return Finding(None)


def find_nan(what, *args, **kwargs):
    """The first operation that makes a nan in `what(*args, **kwargs)`, or on the way to the pending tensor `what`; else the first inf,
    where the results are not finite. What a step changes is put back. The `Finding` prints as a sentence.
    """
    if isinstance(what, Tensor):
        return _in_pending(what)
    namer = Namer()
    namer.add_function(what, args, kwargs)
    optimizers = [thing for _, thing in reachable(what) if isinstance(thing, Optimizer)]
    watch = _Watch(namer.found)
    with contextlib.ExitStack() as stack:
        for optimizer in optimizers[:1] or [None]:
            stack.enter_context(unchanged(namer.every, optimizer))
        for manager in (explaining(), engine.eagerly(), engine.uncompiled(), np.errstate(all="ignore"), Recording(watch.segment)):
            stack.enter_context(manager)
        result = what(*args, **kwargs)
        results = [np.asarray(each.numpy_value()) for each in tensors_in(result)]
        results += [np.asarray(each) for each in [result] if isinstance(each, float)]
        results += [np.asarray(each._grad.numpy_value()) for each in namer.every if each._grad is not None]
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
