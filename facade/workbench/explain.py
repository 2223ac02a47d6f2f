"""Why is this `None`? What autograd knows of a tensor, and what was compiled, in words.

    >>> print(facade.explain(w, loss))
    w requires grad and is a leaf, but the loss does not lead to it ...

The source line of an operation is known where it was recorded within `facade.explaining()`, which costs a look at the stack for each.
"""

import contextlib
import html
import sys
from collections import defaultdict

from facade.core import engine
from facade.core.engine.stats import compiles
from facade.core.tensor.history import AccumulateGrad
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor, is_floating
from facade.workbench.recording import operator_name, pending_entries


_FRAMES = 6         # how many dictionaries of variables are looked through for names: two for each function


@contextlib.contextmanager
def explaining():
    """Remember, in this block, the source line of each operation that is tracked, for `explain`, `find_nan` and errors to name."""
    before, modes.anomaly, modes.check_nan = (modes.anomaly, modes.check_nan), True, False
    try:
        yield
    finally:
        modes.anomaly, modes.check_nan = before


class Explanation:
    """An answer in words; `str()` and `repr()` give them."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        return f"<p>{html.escape(self.text)}</p>"


# ---------------------------------------------------------------- the graph
def line_of(node):
    """' at file:line', where the node knows it."""
    made = node.metadata.get("traceback_")
    if not made:
        return " (record it within facade.explaining() to see the line)"
    first, *rest = made[-1].strip().splitlines()
    name, _, place = first.removeprefix('File "').partition('", line ')
    return f" at {name}:{place.split(',')[0]}{': `' + rest[0].strip() + '`' if rest else ''}"


def behind(node):
    """All nodes behind this one, itself included."""
    found, stack = {node}, [node]
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge[0] not in found:
                found.add(edge[0])
                stack.append(edge[0])
    return found


def _variables(frame):
    """(name, thing) for the variables of the function that asks, and of those that called it; the nearest last."""
    found = []
    while frame is not None and len(found) < _FRAMES:
        found.insert(0, list(frame.f_locals.items()))
        found.insert(0, list(frame.f_globals.items()))
        frame = frame.f_back
    return [pair for variables in found for pair in variables]


def _names(frame):
    """id of a tensor -> the name of a variable that holds it."""
    found = {}
    for name, thing in _variables(frame):
        if isinstance(thing, Tensor) and not name.startswith("_"):
            found[id(thing)] = name
        elif hasattr(thing, "named_parameters") and not isinstance(thing, type):
            found.update((id(param), f"{name}.{path}") for path, param in thing.named_parameters())
    return found


def explain(tensor, loss=None):
    """Why `tensor.grad` is None, or what it is; with `loss`, whether and why the loss does not lead to the tensor. The answer prints as text."""
    frame = sys._getframe(1)
    names = _names(frame)
    name = names.get(id(tensor), "this tensor")
    if not isinstance(tensor, Tensor):
        raise TypeError(f"explain() takes a tensor, not {type(tensor).__name__}")
    for case in (_with_grad, _of_other_dtype, _inference, _non_leaf, _untracked, _leaf):
        text = case(tensor, name, names, frame, loss)
        if text:
            return Explanation(text)
    raise AssertionError("a tensor is a leaf or not")


def _with_grad(tensor, name, names, frame, loss):
    if tensor._grad is not None and loss is None:
        return f"{name}.grad is there, a {tensor._grad.dtype!r} of shape {list(tensor._grad.shape)}. Gradients add up until zero_grad()."
    return None


def _of_other_dtype(tensor, name, names, frame, loss):
    if is_floating(tensor):
        return None
    path = _path_to(tensor, frame)
    made = f" It was made by {_quoted(path[-1:])} from '{path[0]}'." if len(path) > 1 else ""
    return (f"{name} is of dtype {tensor.dtype!r}: only floating point and complex tensors have gradients, and none flows through "
            f"an operation whose result is {tensor.dtype!r}.{made}")


def _inference(tensor, name, names, frame, loss):
    return f"{name} was made in inference_mode(), where nothing is tracked; clone() it outside." if tensor._inference else None


def _non_leaf(tensor, name, names, frame, loss):
    node = tensor.grad_fn
    if node is None:
        return None
    leaves = [each.variable for each in behind(node) if isinstance(each, AccumulateGrad)]
    known = sorted({names[id(leaf)] for leaf in leaves if id(leaf) in names})
    text = f"{name} is not a leaf: it was made by {node.name()}{line_of(node)}. "
    if tensor._retains_grad:
        return text + "retain_grad() was called, so .grad comes with a backward() that reaches it: none has since."
    text += "backward() keeps .grad for leaves only; call retain_grad() on it before backward()."
    if leaves and not known:
        text += (" The leaf behind it has no name: requires_grad=True stands on a temporary, and an operation (*, .to(), .float()) came after. "
                 "Make the tensor first, and call requires_grad_() on the result.")
    return text + (f" The leaves behind it: {', '.join(known)}." if known else "")


def _untracked(tensor, name, names, frame, loss):
    if tensor._leaf:
        return None
    sharing = [each for each in _tensors(frame) if each is not tensor and each._storage is not None and each._storage is tensor._storage
               and each.requires_grad]
    if tensor._untracked_view:
        return f"{name} is a view that was made while tracking was off (no_grad); make it outside."
    if sharing:
        return (f"{name} does not require grad, but shares its memory with {names.get(id(sharing[0]), 'a tensor')}, which does: "
                "it was cut off by detach() or .data. Use the tensor itself.")
    path = _path_to(tensor, frame)
    if len(path) > 1:
        cut = _integer_cut(tensor.value)
        why = f"{cut}, through which no gradient flows" if cut else "under no_grad(), or behind detach()"
        return (f"{name} does not require grad although it was computed from '{path[0]}', which does. On the way: {_quoted(path[1:])}; the way is cut "
                f"{'at ' if cut else ''}{why}.")
    return (f"{name} does not require grad and nothing tracked made it: it is data, was made under no_grad() or by detach(), or of tensors that do not "
            "require grad. For a leaf that is to be trained, call requires_grad_() before it is used.")


def _leaf(tensor, name, names, frame, loss):
    if loss is not None:
        return f"{name} requires grad and is a leaf{_from_loss(tensor, loss, frame)}"
    text = f"{name} requires grad and is a leaf, but "
    if tensor._accumulate is None:
        return text + ("no tracked operation has used it: what was computed from it was computed under no_grad(), from a copy, or with another tensor "
                       "of that name (a leaf that is made anew inside the loop is not the one that the optimizer holds).")
    if tensor._accumulate() is not None:
        return text + ("its graph has not been walked since .grad was None: call backward() on what was computed from it; zero_grad() after backward() "
                       "also sets None. explain(tensor, loss) says whether a loss leads to it.")
    return text + "the graph that used it is gone: backward() was not called on it, or zero_grad() has set .grad to None since."


def _from_loss(tensor, loss, frame):
    """The rest of the sentence for a leaf and a loss."""
    if loss.grad_fn is None:
        return f", but the loss does not require grad itself: {explain_in(loss, frame)}"
    nodes = behind(loss.grad_fn)
    if tensor._accumulate is not None and tensor._accumulate() in nodes:
        freed = any(getattr(node, "inputs", ()) is None for node in nodes)
        if not freed:
            return ", and the loss leads to it: backward() has not been called on the loss yet."
        return ", and backward() has been called on the loss, which leads to it" + (
            "; .grad was set to None since (zero_grad)." if tensor._grad is None else ": .grad is there.")
    path = _path(pending_entries(), tensor.value, loss.value)
    if path is None:
        return (", but the loss was not computed from it, as far as its history is still recorded: another tensor was used (a copy, or one made anew inside "
                "the loop), or the values were read in between.")
    cut = _integer_cut(loss.value, tensor.value)
    text = f", but autograd's way from the loss to it is cut. The loss is computed from it by {_quoted(operator_name(entry.kernel) for entry in path)}; "
    return text + (f"{cut}, through which no gradient flows." if cut else _where_cut(path, nodes))


def _where_cut(path, nodes):
    """Between which two operations of a path autograd's graph ends."""
    known = {(getattr(node, "epoch", None), getattr(node, "slot", None)): node for node in nodes}
    tracked = [(entry.epoch, entry.slot) in known for entry in path]
    last = max((place for place, is_tracked in enumerate(tracked) if not is_tracked), default=None)
    if last is None:
        return f"the first of these took it through detach() or .data{line_of(known[path[0].epoch, path[0].slot])}."
    text = f"'{operator_name(path[last].kernel)}' is not in the loss's graph: it was recorded under no_grad(), or its result went on through detach() or .data"
    if last + 1 == len(path):
        return text + "."
    following = path[last + 1]
    return f"{text} into '{operator_name(following.kernel)}'{line_of(known[following.epoch, following.slot])}."


def explain_in(tensor, frame):
    """The explanation of an untracked tensor for somebody else's frame."""
    names = _names(frame)
    return _untracked(tensor, names.get(id(tensor), "it"), names, frame, None)


# ---------------------------------------------------------------- the tape
def _tensors(frame):
    return [thing for _, thing in _variables(frame) if isinstance(thing, Tensor)]


def _path(entries, start, end):
    """The entries of one way from a value to another, in order; None where there is none."""
    reached = {start: None}
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


def _path_to(tensor, frame):
    """[name of a tensor that requires grad, operators on the way] for a tensor that is pending; [] where none leads to it."""
    if tensor._value.array is not None:
        return []
    names, entries = _names(frame), pending_entries()
    for each in _tensors(frame):
        if each.requires_grad and each is not tensor:
            path = _path(entries, each.value, tensor.value)
            if path:
                return [names.get(id(each), "a tensor"), *(operator_name(entry.kernel) for entry in path)]
    return []


def _integer_cut(end, start=None):
    """'argmax' gives int64: the operation on the way whose result cannot have a gradient, or ''."""
    entries = pending_entries()
    needed = {end}
    for entry in reversed(entries):
        if not needed.isdisjoint(entry.results):
            needed.update(each for each in entry.sources if each.__class__ is engine.Value)
            if all(spec.dtype.kind not in "fcV" for spec in entry.kernel.outs) and (start is None or _path(entries, start, entry.results[0])):
                return f"'{operator_name(entry.kernel)}' gives {entry.kernel.outs[0].dtype}"
    return ""


def _quoted(names):
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))


# ---------------------------------------------------------------- compiles
class Compiles:
    """What was compiled, line by line. entries: the engine's, oldest first; seconds: together."""

    def __init__(self, entries):
        self.entries, self.seconds = entries, sum(each.seconds for each in entries)

    def rows(self):
        """(where, programs, operations of the largest, seconds, the reasons) for each line, the most expensive first."""
        lines = defaultdict(list)
        for each in self.entries:
            lines[each.where].append(each)
        rows = [(where, len(found), max(each.operations for each in found), sum(each.seconds for each in found),
                 list(dict.fromkeys(each.reason for each in found if each.reason))) for where, found in lines.items()]
        return sorted(rows, key=lambda row: -row[3])

    def __repr__(self):
        if not self.entries:
            return "nothing was compiled: what ran was small or new, and NumPy served it"
        lines = [f"{len(self.entries)} program{'s' * (len(self.entries) > 1)} compiled in {self.seconds:.2f} s", f"{'seconds':>8} {'programs':>8} {'operations':>10}  where"]
        for where, count, operations, seconds, reasons in self.rows():
            lines.append(f"{seconds:8.2f} {count:8} {operations:10}  {where}")
            lines += [f"{'':30}again: {reason}" for reason in reasons[:3]]
        return "\n".join(lines)

    def _repr_html_(self):
        cells = "".join(f"<tr><td>{html.escape(where)}</td><td>{count}</td><td>{operations}</td><td>{seconds:.2f}</td>"
                        f"<td>{'<br>'.join(map(html.escape, reasons[:3]))}</td></tr>" for where, count, operations, seconds, reasons in self.rows())
        return ("<table><tr><th>where</th><th>programs</th><th>operations</th><th>seconds</th><th>why again</th></tr>"
                f"{cells}</table>" if self.entries else f"<p>{html.escape(repr(self))}</p>")


def explain_compiles():
    """What was compiled so far, where, why and in how long: an object that prints as a table."""
    return Compiles(compiles())
