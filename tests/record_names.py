"""`python -m tests.record_names`: write down PyTorch's public names, which `facade coverage` and `facade check` read.

Public is what a module lists in `__all__` or what is defined in its package, as far as it is no module, not private and not the
machinery of the JIT compiler (pybind11's types) or of a backend (built-in functions without a docstring).
"""

import importlib
import pkgutil
import textwrap
import types
import warnings

from facade.port.names import RECORD
from tests.oracle import torch

# Families of which the head alone is recorded: facade runs one process, without graph export or quantization.
HEADS = {f"torch.{name}" for name in """ao contrib distributed export fx jit mtia mps nativert onnx package quantization testing xpu masked
         utils.benchmark utils.data.datapipes utils.hipify utils.tensorboard utils.jit utils.viz nn.quantized nn.intrinsic nn.qat nn.quantizable
         backends.xeon""".split()}
HEADER = "# The public names of PyTorch {}, written by `python -m tests.record_names`: a module, and its names below it.\n"


def module_names():
    """torch and its public modules, by name."""
    names = ["torch"]
    packages = [(torch.__path__, "torch.")]
    while packages:
        for found in pkgutil.iter_modules(*packages.pop()):
            if found.name.rpartition(".")[2].startswith("_") or found.name.endswith(".__main__"):
                continue
            module = load(found.name)
            if module is not None:
                names.append(found.name)
                if found.ispkg and found.name not in HEADS:
                    packages.append((getattr(module, "__path__", ()), found.name + "."))
    return sorted(names)


def load(name):
    """The module of this name; None where something is not installed that it needs."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def public_names(module):
    """The public names of a module or class, sorted."""
    if isinstance(module, type):
        return sorted(name for name in dir(module) if not name.startswith("_"))
    listed = set(getattr(module, "__all__", ()))
    whole = not listed or module is torch
    return sorted(name for name in listed | (vars(module).keys() if whole else set())
                  if not name.startswith("_") and is_public(module, getattr(module, name, None), name in listed))


def is_public(module, value, is_listed):
    """Whether this value of a module is for users."""
    kind = value if isinstance(value, type) else type(value)
    if isinstance(value, types.ModuleType) or type(kind).__name__ == "pybind11_type":
        return False
    if isinstance(value, types.BuiltinFunctionType):
        return bool(value.__doc__)
    home = getattr(value, "__module__", None) or type(value).__module__
    return is_listed or home == module.__name__ or home.startswith(module.__name__ + ".")


def recorded():
    """The text of the record."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sections = {name: public_names(importlib.import_module(name)) for name in module_names()}
        sections["torch.Tensor"] = public_names(torch.Tensor)
    wrap = textwrap.TextWrapper(width=150, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    lines = [line for name in sorted(sections) for line in [name, *wrap.wrap(" ".join(sections[name]))]]
    return HEADER.format(torch.__version__.partition("+")[0]) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    RECORD.write_text(recorded())
