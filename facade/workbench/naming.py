"""What the user calls the values that go into a program: arguments, parameters of modules, variables."""

import inspect
from typing import NamedTuple

from facade.core.tensor.tensor import Tensor
from facade.nn.modules.loss import _Loss
from facade.nn.modules.module import Module
from facade.optim.optimizer import Optimizer
from facade.workbench.emitting.expressions import Expression
from facade.workbench.emitting.names import Names


LIST = 4        # how many tensors make a list an argument


class Input(NamedTuple):
    """One input of a program. group: 'params', 'buffers', 'constants', a list's name, or '' for one that is an argument by itself;
    name: within the group, a number in a list.
    """

    group: str
    name: str

    @property
    def expression(self):
        """How the source says it."""
        return Expression(f"{self.group}[{self.name!r}]".replace("'", '"') if self.group else self.name, cheap=True)


def is_long_list(thing):
    """Whether this is a list of so many tensors that it is an argument by itself."""
    return isinstance(thing, (list, tuple)) and len(thing) >= LIST and all(isinstance(each, Tensor) for each in thing)


class Namer:
    """Names for values, the first one that is found for each. before: tensor -> its value when the program began; several: modules stand
    in the names of their parameters, for there are several; lists: long lists of tensors are one argument.
    """

    def __init__(self, before=None, several=False, lists=False):
        self.lists = lists
        self.found, self.tensors, self.modules, self.before, self.several = {}, {}, [], {} if before is None else before, several

    def add(self, name, thing, depth=0):
        """Name the tensors in `thing`: a tensor, module, optimizer, or a list, tuple or dict of such."""
        if isinstance(thing, Tensor):
            self._tensor("params" if thing.requires_grad and thing.is_leaf and thing._is_param else "", name, thing)
        elif isinstance(thing, Module):
            self._module(name, thing)
        elif depth == 0 and self.lists and is_long_list(thing):
            self._list(name, thing)
        elif isinstance(thing, (list, tuple)) and depth < 4:
            for place, each in enumerate(thing[:1000]):
                self.add(f"{name}_{place}", each, depth + 1)
        elif isinstance(thing, dict) and depth < 4:
            for key, each in list(thing.items())[:1000]:
                self.add(f"{name}_{key}", each, depth + 1)

    def _list(self, name, tensors):
        """A list stays one, unless its elements are the model's, or known by other names."""
        if any(tensor.requires_grad or tensor.value in self.found for tensor in tensors) or any(each.name == name for each in self.tensors):
            return
        for place, tensor in enumerate(tensors):
            self.tensors.setdefault(Input(name, place), tensor)
            self.found.setdefault(self.before.setdefault(tensor, tensor.value), Input(name, place))

    def _module(self, name, module):
        if any(module is each for each in self.modules):
            return
        prefix = f"{name}." if self.modules or self.several else ""
        self.modules.append(module)
        for path, param in module.named_parameters():
            self._tensor("params", prefix + path, param)
        for path, buffer in module.named_buffers():
            self._tensor("buffers", prefix + path, buffer)

    def _tensor(self, group, name, tensor):
        if group == "":
            name = "".join(letter if letter.isalnum() else "_" for letter in name)
        value = self.before.setdefault(tensor, tensor.value)
        if value in self.found:
            return
        wish, count = name, 2
        while Input(group, name) in self.tensors or group == "" and Input(name, 0) in self.tensors:
            name, count = f"{wish}_{count}", count + 1
        self.found[value] = Input(group, name)
        self.tensors[Input(group, name)] = tensor

    def add_function(self, function, args, kwargs):
        """Name what a call of `function` can reach: its arguments, itself, what it closes over, the globals that it names."""
        for name, thing in _bound(function, args, kwargs):
            self.add(name, thing)
        for name, thing in reachable(function):
            if not name.startswith("_"):
                self.add(name, thing)

    @property
    def every(self):
        """The tensors that have names."""
        return list(self.tensors.values())

    def rank(self, each):
        """Where an input stands among all that were named, in the order in which the user would list them."""
        known = list(self.found.values())
        return known.index(each) if each in known else len(known)

    def all(self, values, wishes):
        """An Input for each of these values; one that has no name is among the constants. wishes: value -> what it might be called."""
        made, taken = [], Names()
        for value in values:
            made.append(self.found.get(value) or Input("constants", taken.new(wishes[value])))
        return made


def scopes_of(named):
    """value -> the last name on the path of the module whose parameter it is, of those whose name is no number. named: value -> `Input`."""
    found = {}
    for value, each in named.items():
        if each.group != "params":
            continue
        *_, module, _ = ("", "", *str(each.name).split("."))
        if module.isidentifier():
            found[value] = module
    return found


def _bound(function, args, kwargs):
    """(name, argument) pairs of a call."""
    target = function.forward if isinstance(function, Module) else function
    try:
        bound = inspect.signature(target).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return [(f"x{place}", each) for place, each in enumerate(args)] + list(kwargs.items())
    pairs = []
    for name, value in bound.items():
        kind = inspect.signature(target).parameters[name].kind
        pairs += list(value.items()) if kind is inspect.Parameter.VAR_KEYWORD else [(name, value)]
    return pairs


def reachable(function, seen=()):
    """(name, thing) for the module that a function is, or is a method of, and for what it, and functions beside it, close over or name."""
    function = inspect.unwrap(function) if callable(function) else function
    found = [("model", function)] if isinstance(function, Module) else []
    found += [("self", function.__self__)] if hasattr(function, "__self__") else []
    code = getattr(function, "__code__", None)
    if code is None:
        return found
    for name, cell in zip(code.co_freevars, function.__closure__ or ()):
        try:
            found.append((name, cell.cell_contents))
        except ValueError:          # not assigned yet
            continue
    names = function.__globals__
    found += [(name, names[name]) for name in code.co_names if name in names]
    inner = [thing for _, thing in found if inspect.isfunction(thing) and thing.__globals__ is names and thing not in seen]
    for each in inner:
        found += reachable(each, (*seen, function, *inner))
    return found


def one_of(kind, things):
    """The one thing of a class among (name, thing) pairs, None where there is none; TypeError where there are several."""
    found = list({id(thing): thing for _, thing in things if isinstance(thing, kind)}.values())
    if len(found) > 1:
        raise TypeError(f"the step uses {len(found)} things of the class {kind.__name__}: hand over the one that is meant")
    return found[0] if found else None


def model_and_optimizer(step, model, optimizer):
    """Those that were handed over, or that the step function uses."""
    things = reachable(step)
    modules = [(name, thing) for name, thing in things if not isinstance(thing, _Loss)]
    return one_of(Module, modules) if model is None else model, one_of(Optimizer, things) if optimizer is None else optimizer
