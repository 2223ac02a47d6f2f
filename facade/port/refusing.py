"""What PyTorch has and facade leaves out is there by name, and refuses: NotImplementedError, with what to use instead.

Nothing is listed here: PyTorch's names are those of `torch_names.txt`, the sentences those of `differences.txt`.  A refused name is a
class, so that a program may ask `isinstance(x, torch.SymInt)` or `x.dtype == torch.qint8` and gets the truth, which is no; to call it, to
derive from it or to take it for a dtype is what raises.  What PyTorch has not either, or what no sentence speaks of, is an AttributeError
as ever.
"""

import functools
import sys
import types

from facade.port.alias import ALIAS, TARGET, finder
from facade.port.names import is_torchs, torch_names, what_instead

# What a refused module answers truly: nothing of it is there.
ANSWERS = {"is_available": False, "is_initialized": False, "device_count": 0}


class Refusal(type):
    """The class of the names that are left out. full_name: in PyTorch; instead: what to use."""

    def __new__(cls, name, bases, body):
        for base in bases:
            base.refuse()
        return super().__new__(cls, name, bases, body)

    def refuse(cls):
        """Raise, saying what to use."""
        raise NotImplementedError(f"facade does not support {cls.full_name}: {cls.instead}")

    def __call__(cls, *args, **kwargs):
        cls.refuse()

    def __getattr__(cls, name):
        if name in ANSWERS:
            return lambda *args: ANSWERS[name]
        found = None if name.startswith("_") else refusal(f"{cls.full_name}.{name}")
        if found is None:
            raise AttributeError(f"facade does not support {cls.full_name}: {cls.instead}")
        return found

    def __repr__(cls):
        return f"<{cls.full_name}, which facade does not support>"


@functools.cache
def refusal(name):
    """What stands for a name of PyTorch's that facade leaves out; None where PyTorch has none such, or no sentence speaks of it."""
    instead = what_instead(name)
    return Refusal(name.rpartition(".")[2], (), {"full_name": name, "instead": instead}) if instead and is_torchs(name) else None


def refused_module(name):
    """What `import torch.distributed` gives, so that a program which never calls it runs; None where PyTorch has no such module."""
    parent, _, last = name.rpartition(".")
    found = None if last in torch_names().get(parent, ()) else refusal(name)
    if found is None:
        return None
    module = types.ModuleType(name, f"Left out: {found.instead}.")
    module.instead, module.__getattr__ = found.instead, lambda each: getattr(found, each)
    return module


def _look_up(module):
    """A module's `__getattr__`: refusals of what the module lacks."""
    def __getattr__(name):
        found = None if name.startswith("_") else refusal(f"{ALIAS}{module.removeprefix(TARGET)}.{name}")
        if found is None:
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        return found
    return __getattr__


def _method(name):
    """A method that refuses."""
    found = refusal(f"{ALIAS}.Tensor.{name}")

    def method(self, *args, **kwargs):
        found.refuse()
    method.__name__ = method.__qualname__ = name
    method.instead = found.instead
    method.__doc__ = f"NotImplementedError: {found.instead}."
    return method


def refuse_the_rest(tensor_class):
    """Have facade's modules, as far as they are imported, and the class of tensors refuse what they lack."""
    finder.refused = refused_module
    for name, module in list(sys.modules.items()):
        if (name == TARGET or name.startswith(TARGET + ".")) and not hasattr(module, "__getattr__"):
            module.__getattr__ = _look_up(name)
    for name in torch_names()[f"{ALIAS}.Tensor"]:
        if not hasattr(tensor_class, name) and refusal(f"{ALIAS}.Tensor.{name}") is not None:
            setattr(tensor_class, name, _method(name))
