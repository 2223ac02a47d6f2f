"""Types that take over what is done with them: `__torch_function__(func, types, args, kwargs)` (torch.overrides).

A type's method is asked before a function runs, for every argument of such a type, or in a list: for subclasses first. What
costs nothing where no such type is in sight: functions look for them only when they see a combination of types for the first
time, and do not remember one with such a type.
"""

from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor

_PLAIN = {Tensor, bool, int, float, complex, str, type(None)}


class DisableTorchFunctionSubclass:
    """A context in which subclasses of Tensor are tensors like any other."""

    def __enter__(self):
        self.before, modes.asks_subclasses = modes.asks_subclasses, False

    def __exit__(self, *exc):
        modes.asks_subclasses = self.before


def no_torch_function(func, types, args=(), kwargs=None):
    """As a class's `__torch_function__`: results of what is done with its instances are plain tensors, and nothing is asked."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


@classmethod
def _torch_function(cls, func, types, args=(), kwargs=None):
    """What a subclass inherits: `func`, whose results are of the class."""
    if not all(issubclass(cls, each) for each in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        return _converted(func(*args, **(kwargs or {})), cls)


Tensor.__torch_function__ = _torch_function


def _converted(result, cls):
    if isinstance(result, (tuple, list)):
        converted = [_converted(each, cls) for each in result]
        return type(result)(*converted) if hasattr(result, "_fields") else type(result)(converted)
    return result.as_subclass(cls) if isinstance(result, Tensor) and not isinstance(result, cls) and cls._spreads else result


def takes_over(cls):
    """Whether the class defines `__torch_function__` itself, or inherits one that is not Tensor's."""
    method = getattr(cls, "__torch_function__", None)
    return method is not None and getattr(method, "__func__", method) not in (_torch_function.__func__, no_torch_function)


NEVER_ASK = {"is_tensor"}
in_lists = []           # the subclasses of Tensor that take over: where there are any, lists are looked through in every call
forgetting = []         # what to call when there is another: functions forget the types that they know


def overloaded(args, names):
    """(whether any argument is of a type that takes over, one argument of each of those types that are to be asked, in order)."""
    found, is_any = [], False
    for each in (*args, *names.values()):
        for item in each if isinstance(each, (list, tuple)) else (each,):
            if item.__class__ not in _PLAIN and takes_over(item.__class__):
                is_any = True
                if (modes.asks_subclasses or not isinstance(item, Tensor)) and all(item.__class__ is not type(other) for other in found):
                    place = next((place for place, other in enumerate(found) if issubclass(item.__class__, type(other))), len(found))
                    found.insert(place, item)
    return is_any, found


def hand_over(func, title, asked, args, names):
    """The answer of the first of these arguments' types that has one; title: what errors call the function."""
    types = tuple(map(type, asked))
    for each in asked:
        answer = each.__torch_function__(func, types, args, names)
        if answer is not NotImplemented:
            return answer
    listed = "".join(f"\n  - tensor subclass {each}" for each in types)
    raise TypeError(f"Multiple dispatch failed for 'torch.{title}'; all __torch_function__ handlers returned NotImplemented:\n{listed}\n\n"
                    "For more information, try re-running with TORCH_LOGS=not_implemented")


def answer_of(operand, name, args):
    """What an operand that is no tensor makes of Python's operator `name`; NotImplemented where it has no answer."""
    if not takes_over(type(operand)):
        return NotImplemented
    method = _OPERATORS.get(name, (name, None))[0]
    try:
        return hand_over(getattr(Tensor, method), f"Tensor.{method}", [operand], args, {})
    except TypeError:
        return NotImplemented


# ---------------------------------------------------------------- operators and other methods of such a class
_ASKING = ("backward", "dim", "item", "numel", "numpy", "register_hook", "requires_grad_", "retain_grad", "size", "stride", "tolist")
# Python's operator, or one of the methods that no table has -> (the method that is done, by the name torch gives it; the one for a tensor
# on the left).
_OPERATORS = {f"__{name}__": (method, None) for name, method in (
    ("add", "add"), ("iadd", "add_"), ("sub", "sub"), ("isub", "sub_"), ("mul", "mul"), ("imul", "mul_"), ("truediv", "div"), ("itruediv", "div_"),
    ("mod", "remainder"), ("imod", "remainder_"), ("pow", "pow"), ("ipow", "pow_"), ("matmul", "matmul"), ("neg", "neg"), ("abs", "abs"),
    ("gt", "gt"),
    ("lt", "lt"), ("ge", "ge"), ("le", "le"), *((name, f"__{name}__") for name in (
        "invert", "eq", "ne", "floordiv", "and", "or", "xor", "lshift", "rshift", "getitem", "setitem", "len", "repr", "bool", "float", "int",
        "index",
        "contains")))}
_OPERATORS |= {f"__r{name}__": (method, plain) for name, method, plain in (
    ("add", "add", "add"), ("sub", "__rsub__", "sub"), ("mul", "mul", "mul"), ("truediv", "__rdiv__", "div"), ("mod", "__rmod__", "remainder"),
    ("pow", "__rpow__", "pow"), ("matmul", "__rmatmul__", "matmul"))} | {name: (name, None) for name in _ASKING}


def take_operators(cls):
    """Have Python's operators ask a subclass of Tensor that takes over, where it has none of its own."""
    if takes_over(cls):
        in_lists.append(cls)
        for forget in forgetting:
            forget()
        own = {name for each in cls.__mro__[:cls.__mro__.index(Tensor)] for name in vars(each)}
        for name, (method, swapped) in _OPERATORS.items():
            if name not in own:
                setattr(cls, name, _asking(name, method, swapped))


def _asking(name, method, swapped):
    original = getattr(Tensor, name)

    def operator(self, *args, **names):
        _, asked = overloaded((self, *args), names)
        if not asked:
            return original(self, *args, **names)
        if swapped and isinstance(args[0], Tensor):
            return hand_over(getattr(Tensor, swapped), f"Tensor.{swapped}", asked, (args[0], self), names)
        return hand_over(getattr(Tensor, method), f"Tensor.{method}", asked, (self, *args), names)
    operator.__name__ = name
    return operator
