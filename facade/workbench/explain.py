"""Why is this `None`? What autograd knows of a tensor, in words.

    >>> print(facade.explain(w, loss))
    w requires grad and is a leaf, but the loss does not lead to it ...

Each case is a function that gives a sentence, or nothing where it does not hold; the first that does is the answer.
"""

import html
import sys

from facade.core.engine.stats import operator_name
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor, is_floating
from facade.optim.optimizer import Optimizer
from facade.workbench.remembering import has_memories, known_entries
from facade.workbench.variables import named_tensors, names_of, variables
from facade.workbench.watching import graph_of
from facade.workbench.ways import integer_cut, operators_of, way, way_to


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


# ---------------------------------------------------------------- the cases
def explain(tensor, loss=None):
    """Why `tensor.grad` is None, or what it is; with `loss`, whether and why the loss does not lead to the tensor. The answer prints as
    text.
    """
    frame = sys._getframe(1)
    names = names_of(frame)
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
    start, path = way_to(tensor, frame)
    made = f"It was made by {operators_of(path[-1:])} from '{start}'."
    return (f"{name} is of dtype {tensor.dtype!r}: only floating point and complex tensors have gradients, and none flows through "
            f"an operation whose result is {tensor.dtype!r}. "
            + (made if path else "Data to be differentiated must be float: call .float() first."))


def _inference(tensor, name, names, frame, loss):
    return f"{name} was made in inference_mode(), where nothing is tracked; clone() it outside." if tensor._inference else None


def _non_leaf(tensor, name, names, frame, loss):
    node = tensor.grad_fn
    if node is None:
        return None
    leaves = [each.variable for each in graph_of(tensor) if isinstance(each, AccumulateGrad)]
    known = sorted({names[id(leaf)] for leaf in leaves if id(leaf) in names})
    text = f"{name} is not a leaf: it was made by {node.name()}{line_of(node)}. "
    if tensor._retains_grad:
        return text + "retain_grad() was called, so .grad comes with a backward() that reaches it: none has since."
    text += "backward() keeps .grad for leaves only; call retain_grad() on it before backward()."
    if leaves and not known and node.name().startswith("Sub") and any(leaf._grad is not None for leaf in leaves):
        text += (f" The leaf behind it, which has a .grad, has lost its name: {name} was assigned anew, as in w = w - lr * w.grad. Change "
                 "the leaf in place instead: with torch.no_grad(): w -= lr * w.grad.")
    elif leaves and not known:
        text += (" The leaf behind it has no name: requires_grad=True stands on a temporary, and an operation (*, .to(), .float()) came "
                 "after. Make the tensor first, and call requires_grad_() on the result.")
    return text + (f" The leaves behind it: {', '.join(known)}." if known else "")


def _untracked(tensor, name, names, frame, loss):
    if tensor._leaf:
        return None
    if tensor._untracked_view:
        return f"{name} is a view that was made while tracking was off (no_grad); make it outside."
    return _shared(tensor, name, names, frame) or _held(tensor, name, frame) or _computed(tensor, name, frame) or (
        f"{name} does not require grad and nothing tracked made it, as far as is known: it is data, came from NumPy or a number (item()), "
        "was made under no_grad() or by detach(), or of tensors that do not require grad. For a leaf that is to be trained, call "
        "requires_grad_() before it is used." + _advice())


def _shared(tensor, name, names, frame):
    """The sentence for a tensor whose memory is that of one that requires grad."""
    for _, each, _ in named_tensors(frame):
        if each is not tensor and each.requires_grad and each._storage is not None and each._storage is tensor._storage:
            return (f"{name} does not require grad, but shares its memory with {names.get(id(each), 'a tensor')}, which does: "
                    "it was cut off by detach() or .data. Use the tensor itself.")
    return ""


def _held(tensor, name, frame):
    """The sentence for a tensor that a module holds."""
    holder = next((module for _, each, module in named_tensors(frame) if each is tensor and module is not None), None)
    if tensor._is_param:
        return f"{name} is a parameter that is frozen: its requires_grad was set to False. requires_grad_() makes it trained again."
    if holder is None or any(each is tensor for each in holder._buffers.values()):
        return ""
    return f"{name} is a tensor that a module holds, but no parameter of it: write self.{name.rpartition('.')[2]} = nn.Parameter(...)."


def _computed(tensor, name, frame):
    """The sentence for a tensor that was computed from one that requires grad."""
    start, path = way_to(tensor, frame)
    if not path:
        return ""
    cut = integer_cut(path)
    why = f"at {cut}, through which no gradient flows"
    if not cut:
        why = "under no_grad(), behind detach() or .data, or before requires_grad was set"
    return (f"{name} does not require grad although it was computed from '{start}', which does. On the way: {operators_of(path)}; "
            f"the way is cut {why}.")


def _advice():
    return "" if has_memories() else " Run it within facade.explaining() to see the way."


def _without_optimizer(tensor, frame):
    """A sentence where there are optimizers and none has a tensor that requires grad."""
    found = {id(thing): (name, thing) for name, thing in variables(frame) if isinstance(thing, Optimizer) and not name.startswith("_")}
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
        return text + ("no tracked operation has used it: what was computed from it was computed under no_grad(), from a copy, or with "
                       "another tensor of that name (a leaf that is made anew inside the loop is not the one that the optimizer holds).")
    if tensor._accumulate() is not None:
        return text + ("its graph has not been walked since .grad was None: call backward() on what was computed from it; zero_grad() "
                       "after backward() also sets None. explain(tensor, loss) says whether a loss leads to it.")
    return text + "the graph that used it is gone: backward() was not called on it, or zero_grad() has set .grad to None since."


def _from_loss(tensor, loss, frame):
    """The rest of the sentence for a leaf and a loss."""
    if loss.grad_fn is None:
        return _from_untracked(loss, frame)
    nodes = graph_of(loss)
    if tensor._accumulate is not None and tensor._accumulate() in nodes:
        freed = any(getattr(node, "inputs", ()) is None for node in nodes)
        if not freed:
            return ", and the loss leads to it: backward() has not been called on the loss yet."
        return ", and backward() has been called on the loss, which leads to it" + (
            "; .grad was set to None since (zero_grad)." if tensor._grad is None else ": .grad is there.")
    path = way(known_entries(), tensor.value, loss.value)
    if path is None and tensor._accumulate is None:
        return (", but no tracked operation has used it: the module that holds it was not called, or another tensor was used in its place "
                "(a copy, one made anew inside the loop), or what used it ran under no_grad() or went through detach()." + _advice())
    if path is None:
        return (", but the loss was not computed from it, as far as is known: another tensor was used (a copy, or one made anew inside "
                "the loop), or the way to the loss is cut." + _advice())
    cut = integer_cut(path)
    text = f", but autograd's way from the loss to it is cut. The loss is computed from it by {operators_of(path)}; "
    return text + (f"{cut}, through which no gradient flows." if cut else _where_cut(path, nodes))


def _from_untracked(loss, frame):
    """The rest of the sentence for a loss without history."""
    if loss.requires_grad:
        return (", but the loss is a leaf itself: it was made anew of numbers, by torch.tensor(), item() or NumPy, and requires_grad on it "
                "does not bring its history back. Use the tensor that was computed.")
    names = names_of(frame)
    return f", but the loss does not require grad itself: {_untracked(loss, names.get(id(loss), 'it'), names, frame, None)}"


def _where_cut(path, nodes):
    """Between which two operations of a path autograd's graph ends."""
    known = {(getattr(node, "epoch", None), getattr(node, "slot", None)): node for node in nodes}
    tracked = [(entry.epoch, entry.slot) in known for entry in path]
    last = max((place for place, is_tracked in enumerate(tracked) if not is_tracked), default=None)
    if last is None:
        return f"the first of these took it through detach() or .data{line_of(known[path[0].epoch, path[0].slot])}."
    text = (f"'{operator_name(path[last].kernel)}' is not in the loss's graph: it was recorded under no_grad(), or its result went on "
            "through detach() or .data")
    if last + 1 == len(path):
        return text + "."
    following = path[last + 1]
    return f"{text} into '{operator_name(following.kernel)}'{line_of(known[following.epoch, following.slot])}."
