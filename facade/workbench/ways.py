"""The way on the tape from one value to another: which operations lead there, whatever autograd knows of it."""

from facade.core import engine
from facade.core.engine.stats import operator_name
from facade.workbench.remembering import known_entries
from facade.workbench.variables import named_tensors


def way(entries, start, end):
    """The entries of one way from a value, or what it was before an optimizer's step, to another, in order; None where there is none."""
    reached = dict.fromkeys(_before(entries, start))
    for entry in entries:
        source = next((each for each in entry.sources if each.__class__ is engine.Value and each in reached), None)
        if source is not None:
            for result in entry.results:
                reached.setdefault(result, (entry, source))
    if end not in reached:
        return None
    found = []
    while reached[end] is not None:
        entry, end = reached[end]
        found.append(entry)
    return found[::-1]


def _before(entries, value):
    """A value, and those of its shape that it was made of."""
    found = {value}
    for entry in reversed(entries):
        if not found.isdisjoint(entry.results):
            found.update(each for each in entry.sources if each.__class__ is engine.Value and each.spec == value.spec)
    return found


def way_to(tensor, frame):
    """(name of a tensor that requires grad, the way from it) for a tensor that was computed from one; ("", []) where nothing is known of
    it.
    """
    entries = known_entries()
    for name, each, _ in named_tensors(frame):
        if each.requires_grad and each is not tensor:
            path = way(entries, each.value, tensor.value)
            if path:
                return name, path
    return "", []


def integer_cut(path):
    """'argmax' gives int64: the first operation on the way whose result cannot have a gradient, or ''."""
    first = next((entry for entry in path if all(spec.dtype.kind not in "fcV" for spec in entry.kernel.outs)), None)
    return "" if first is None else f"'{operator_name(first.kernel)}' gives {first.kernel.outs[0].dtype}"


def operators_of(path):
    """Their names, each once."""
    return ", ".join(dict.fromkeys(f"'{operator_name(entry.kernel)}'" for entry in path))
