"""What files call things: a file names functions and classes by their paths in torch, which here are facade's.

Writing, an object of facade gets the path that torch has it under; reading, a path of torch is looked up in facade. Names
are found as pickle itself finds them, among the loaded modules.
"""

import sys

from facade.core.errors import unsupported

_OWN, _THEIRS = __name__.partition(".")[0], "torch"
# Where torch keeps what it compiles; facade has it in the open.
_COMPILED = {"torch._C": "facade", "torch._C._nn": "facade.nn.functional", "torch._C._linalg": "facade.linalg", "torch._C._special": "facade.special",
             "torch._C._fft": "facade.fft", "torch.tensor": "facade._tensor"}
# What a file asks for the functions and methods that torch compiles, by their names: here the namespaces themselves.
_HOLDERS = {("torch._C", "_VariableFunctionsClass"): "", ("torch._C", "TensorBase"): "Tensor"}
# Where an object that stands in facade.core is looked for.
_PUBLIC = ("", ".nn.functional", ".nn", ".linalg", ".special", ".fft", ".storage", ".serialization", ".autograd", ".distributions")
_IN_C = {"Generator"}           # classes that torch names by where they are compiled


def _below(module, package):
    return module == package or module.startswith(package + ".")


def _attribute(module, path):
    """The object at a dotted path in a loaded module, None where there is none."""
    found = sys.modules.get(module)
    for name in filter(None, path.split(".")):
        found = getattr(found, name, None)
    return found


def path_of(thing, name=None):
    """(module, name) that torch knows one of facade's objects by, None for anybody else's."""
    module = getattr(thing, "__module__", None)
    path = name or getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    if not isinstance(module, str) or path is None:
        return None
    if not _below(module, _OWN) and not _below(module, _THEIRS):
        return None
    for home in (_in_facade(module), *(_OWN + each for each in _PUBLIC)):
        if not _below(home, _OWN + ".core") and _attribute(home, path) is thing:
            return f"{_THEIRS}._C" if path in _IN_C and home == _OWN else _THEIRS + home.removeprefix(_OWN), path
    return None


def full_name(thing):
    """The path that a file would have for a function or class, as one text."""
    return ".".join(path_of(thing) or (thing.__module__, thing.__qualname__))


def _in_facade(module):
    """The module of facade that stands for one of torch; others are themselves."""
    if module in _COMPILED:
        return _COMPILED[module]
    return _OWN + module.removeprefix(_THEIRS) if _below(module, _THEIRS) else module


def find(module, name, otherwise):
    """What a file means by a path; otherwise(module, name): how pickle finds it, for what is not torch's.

    A class that facade keeps in another module of the same package is found there. NotImplementedError for what facade has not.
    """
    if not _below(module, _THEIRS):
        return otherwise(module, name)
    if (module, name) in _HOLDERS:
        return _attribute(_OWN, _HOLDERS[module, name])
    home = _in_facade(module)
    while home:
        found = _attribute(home, name)
        if found is not None:
            return found
        home = home.rpartition(".")[0]
    raise unsupported(f"{module}.{name}", "the file holds one; save and load a state_dict, which holds tensors alone")
