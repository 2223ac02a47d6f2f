"""Why is this `None`? What autograd knows of a tensor, and what was compiled, in words.

    >>> print(facade.explain(w, loss))
    w requires grad and is a leaf, but the loss does not lead to it ...

What was recorded within `facade.explaining()` is remembered: the source line of each operation that is tracked, which costs a look at the
stack, and the last evaluations with their values, so that a way can be followed after `backward()` or a read has ended the tape.
"""

import contextlib
import html
import sys
from collections import defaultdict, deque

from facade.core import engine
from facade.core.engine import tapes
from facade.core.engine.stats import compiles, operator_name
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor, is_floating
from facade.nn.modules.module import Module
from facade.optim.optimizer import Optimizer
from facade.workbench.recording import Segment, pending_entries

_FRAMES = 6         # how many dictionaries of variables are looked through for names: two for each function
_EVALUATIONS = 16   # how many are remembered: a training step is two or three
_evaluated = deque(maxlen=_EVALUATIONS)


@contextlib.contextmanager
def explaining():
    """Remember, in this block, the source line of each operation that is tracked, and the last evaluations, for `explain`, `find_nan` and errors to
    name. The evaluations are kept until the next such block.
    """
    _evaluated.clear()
    before = modes.anomaly, modes.check_nan, tapes.watch
    modes.anomaly, modes.check_nan, tapes.watch = True, False, _remembering(tapes.watch)
    try:
        yield
    finally:
        modes.anomaly, modes.check_nan, tapes.watch = before
        _evaluated.append(Segment(tapes.epoch))     # what is pending still, and will be gone with the next evaluation


def _remembering(watch):
    """A watcher that keeps each evaluation, and calls the one that was there."""
    def remember(epoch):
        _evaluated.append(Segment(epoch))
        if watch is not None:
            watch(epoch)
    return remember


def _known_entries():
    """The operations of the evaluations that are remembered, and those that are pending."""
    return [entry for segment in _evaluated for entry in segment.entries()] + pending_entries()


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


def _named_tensors(frame):
    """(name, tensor, module that holds it or None) for all tensors that the variables lead to."""
    for name, thing in _variables(frame):
        if isinstance(thing, Tensor) and not name.startswith("_"):
            yield name, thing, None
        elif isinstance(thing, Module):
            for path, module in thing.named_modules(prefix=name):
                held = module._parameters | module._buffers | {key: each for key, each in vars(module).items() if isinstance(each, Tensor)}
                yield from ((f"{path}.{key}", each, module) for key, each in held.items() if each is not None)


def _names(frame):
    """id of a tensor -> the name of a variable, or of a module's attribute, that holds it."""
    return {id(tensor): name for name, tensor, _ in _named_tensors(frame)}


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
            return Explanation(text + _without_optimizer(tensor, frame))
    raise AssertionError("a tensor is a leaf or not")


def _with_grad(tensor, name, names, frame, loss):
    if tensor._grad is not None and loss is None:
        return f"{name}.grad is there, a {tensor._grad.dtype!r} of shape {list(tensor._grad.shape)}. Gradients add up until zero_grad()."
    return None


def _of_other_dtype(tensor, name, names, frame, loss):
    if is_floating(tensor):
        return None
    start, path = _path_to(tensor, frame)
    made = f" It was made by {_operators(path[-1:])} from '{start}'." if path else " Data to be differentiated must be float: call .float() first."
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
    if leaves and not known and node.name().startswith("Sub") and any(leaf._grad is not None for leaf in leaves):
        text += (f" The leaf behind it, which has a .grad, has lost its name: {name} was assigned anew, as in w = w - lr * w.grad. Change the leaf in "
                 "place instead: with torch.no_grad(): w -= lr * w.grad.")
    elif leaves and not known:
        text += (" The leaf behind it has no name: requires_grad=True stands on a temporary, and an operation (*, .to(), .float()) came after. "
                 "Make the tensor first, and call requires_grad_() on the result.")
    return text + (f" The leaves behind it: {', '.join(known)}." if known else "")


def _untracked(tensor, name, names, frame, loss):
    if tensor._leaf:
        return None
    if tensor._untracked_view:
        return f"{name} is a view that was made while tracking was off (no_grad); make it outside."
    return _shared(tensor, name, names, frame) or _held(tensor, name, frame) or _computed(tensor, name, frame) or (
        f"{name} does not require grad and nothing tracked made it, as far as is known: it is data, came from NumPy or a number (item()), was made under "
        "no_grad() or by detach(), or of tensors that do not require grad. For a leaf that is to be trained, call requires_grad_() before it is used." + _advice())


def _shared(tensor, name, names, frame):
    """The sentence for a tensor whose memory is that of one that requires grad."""
    for each in _tensors(frame):
        if each is not tensor and each.requires_grad and each._storage is not None and each._storage is tensor._storage:
            return (f"{name} does not require grad, but shares its memory with {names.get(id(each), 'a tensor')}, which does: "
                    "it was cut off by detach() or .data. Use the tensor itself.")
    return ""


def _held(tensor, name, frame):
    """The sentence for a tensor that a module holds."""
    holder = next((module for _, each, module in _named_tensors(frame) if each is tensor and module is not None), None)
    if tensor._is_param:
        return f"{name} is a parameter that is frozen: its requires_grad was set to False. requires_grad_() makes it trained again."
    if holder is None or any(each is tensor for each in holder._buffers.values()):
        return ""
    return f"{name} is a tensor that a module holds, but no parameter of it: write self.{name.rpartition('.')[2]} = nn.Parameter(...)."


def _computed(tensor, name, frame):
    """The sentence for a tensor that was computed from one that requires grad."""
    start, path = _path_to(tensor, frame)
    if not path:
        return ""
    cut = _integer_cut(path)
    why = f"at {cut}, through which no gradient flows" if cut else "under no_grad(), behind detach() or .data, or before requires_grad was set"
    return (f"{name} does not require grad although it was computed from '{start}', which does. On the way: {_operators(path)}; the way is cut {why}.")


def _advice():
    return "" if _evaluated else " Run it within facade.explaining() to see the way."


def _without_optimizer(tensor, frame):
    """A sentence where there are optimizers and none has a tensor that requires grad."""
    found = {id(thing): (name, thing) for name, thing in _variables(frame) if isinstance(thing, Optimizer) and not name.startswith("_")}
    held = {id(param) for _, optimizer in found.values() for group in optimizer.param_groups for param in group["params"]}
    if not found or id(tensor) in held or not tensor._leaf or not tensor.requires_grad:
        return ""
    names = ", ".join(name for name, _ in found.values())
    return f" No optimizer will change it: {names} was given {len(held)} other tensor{'s' * (len(held) != 1)}."


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
        return _from_untracked(loss, frame)
    nodes = behind(loss.grad_fn)
    if tensor._accumulate is not None and tensor._accumulate() in nodes:
        freed = any(getattr(node, "inputs", ()) is None for node in nodes)
        if not freed:
            return ", and the loss leads to it: backward() has not been called on the loss yet."
        return ", and backward() has been called on the loss, which leads to it" + (
            "; .grad was set to None since (zero_grad)." if tensor._grad is None else ": .grad is there.")
    path = _path(_known_entries(), tensor.value, loss.value)
    if path is None and tensor._accumulate is None:
        return (", but no tracked operation has used it: the module that holds it was not called, or another tensor was used in its place (a copy, one made "
                "anew inside the loop), or what used it ran under no_grad() or went through detach()." + _advice())
    if path is None:
        return (", but the loss was not computed from it, as far as is known: another tensor was used (a copy, or one made anew inside "
                "the loop), or the way to the loss is cut." + _advice())
    cut = _integer_cut(path)
    text = f", but autograd's way from the loss to it is cut. The loss is computed from it by {_operators(path)}; "
    return text + (f"{cut}, through which no gradient flows." if cut else _where_cut(path, nodes))


def _from_untracked(loss, frame):
    """The rest of the sentence for a loss without history."""
    if loss.requires_grad:
        return (", but the loss is a leaf itself: it was made anew of numbers, by torch.tensor(), item() or NumPy, and requires_grad on it does not bring "
                "its history back. Use the tensor that was computed.")
    names = _names(frame)
    return f", but the loss does not require grad itself: {_untracked(loss, names.get(id(loss), 'it'), names, frame, None)}"


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


# ---------------------------------------------------------------- the tape
def _tensors(frame):
    return [tensor for _, tensor, _ in _named_tensors(frame)]


def _path(entries, start, end):
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


def _path_to(tensor, frame):
    """(name of a tensor that requires grad, the way from it) for a tensor that was computed from one; ("", []) where nothing is known of it."""
    entries = _known_entries()
    for name, each, _ in _named_tensors(frame):
        if each.requires_grad and each is not tensor:
            path = _path(entries, each.value, tensor.value)
            if path:
                return name, path
    return "", []


def _integer_cut(path):
    """'argmax' gives int64: the first operation on the way whose result cannot have a gradient, or ''."""
    first = next((entry for entry in path if all(spec.dtype.kind not in "fcV" for spec in entry.kernel.outs)), None)
    return "" if first is None else f"'{operator_name(first.kernel)}' gives {first.kernel.outs[0].dtype}"


def _operators(path):
    return _quoted(operator_name(entry.kernel) for entry in path)


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
