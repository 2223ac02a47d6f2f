"""`python -m facade.core.ops.stubs`: the stubs, written from what is there, so that editors and type checkers see what is made at run time.

A row's line gives exact types; a function written in Python gives its parameters, of any type.  A name that is a class or a
submodule is imported from where it is defined.
"""

import inspect
import keyword
import sys
import types
from pathlib import Path

from facade.core import dtypes
from facade.core.ops import adopting, creation
from facade.core.ops.documenting import names_of
from facade.core.tensor.tensor import Tensor

PACKAGE = dtypes.__name__.partition(".")[0]
ROOT = Path(__file__).parents[2]
TENSOR_HOME = Tensor._of.__func__.__globals__["__name__"]       # what Tensor.__module__ says is for users
FILES = {PACKAGE: "__init__.pyi"}
FILES |= {f"{PACKAGE}.{name}": name.replace(".", "/") + ".pyi" for name in ("nn.functional", "linalg", "fft", "special")}
FILES |= {f"{PACKAGE}.{name}": name.replace(".", "/") + "/__init__.pyi" for name in ("nn.modules", "distributions")}
TENSOR_FILE = TENSOR_HOME.partition(".")[2].replace(".", "/") + ".pyi"

HEADER = ('"""Written by `python -m facade.core.ops.stubs`."""\n# mypy: disable-error-code="overload-cannot-match, overload-overlap, no-redef"\n\n'
          "from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str\n"
          "from collections.abc import Iterator, Sequence\nfrom typing import Any, NamedTuple, overload\n\n"
          f"from {PACKAGE}.core.dtypes import dtype as _dtype\n")

# Python's names for its types are torch's names for dtypes, and `dtype` is an attribute: in the stubs they begin with _.
SCALARS = {"Scalar": "_complex", "int": "_int", "SymInt": "_int", "float": "_float", "bool": "_bool", "str": "_str", "ScalarType": "_dtype"}

# Methods and attributes whose type does not follow from a row.
OF_TENSOR = {"shape": "Size", "dtype": "_dtype", "device": "_device", "requires_grad": "_bool", "ndim": "_int", "is_leaf": "_bool",
             **dict.fromkeys(("T", "mT", "H", "mH", "data", "real", "imag"), "Tensor")}
RESULTS = {"__iter__": "Iterator[Tensor]", "__float__": "_float", "__complex__": "_complex",
           **dict.fromkeys(("__len__", "__int__", "__index__", "__hash__", "numel", "dim", "data_ptr", "element_size"), "_int"),
           **dict.fromkeys(("__bool__", "__contains__"), "_bool"), **dict.fromkeys(("__repr__", "__format__"), "_str"),
           **dict.fromkeys(("__setitem__", "__delitem__", "backward"), "None"),
           **dict.fromkeys(("__getitem__", "__reversed__", "requires_grad_", "detach", "clone", "to"), "Tensor")}
MAKERS = {*creation.FUNCTIONS, *adopting.FUNCTIONS, *(each.__name__ for each in creation.METHODS),
          "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "normal"}
UNARY = {"__neg__", "__pos__", "__abs__", "__invert__"}
BINARY = {f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")}
BINARY |= {f"__{prefix}{name}__" for prefix in ("", "r", "i")
           for name in "add sub mul truediv floordiv mod and or xor lshift rshift pow matmul".split()}
SKIPPED = set("""__module__ __doc__ __slots__ __dict__ __weakref__ __new__ __init_subclass__ __reduce_ex__ __class__ __copy__ __deepcopy__ __str__
    __array_priority__ __dir__""".split())


# ---------------------------------------------------------------- rows
class Results(dict):
    """The classes of named results, by their names: `max` gives values and indices."""

    def name(self, fields):
        """The class for these fields."""
        return self.setdefault(fields, "_" + "_".join(fields))

    def text(self):
        """The classes."""
        return "\n".join(f"class {name}(NamedTuple):\n" + "".join(f"    {field}: Tensor\n" for field in fields)
                         for fields, name in sorted(self.items()))


def type_of(param, row):
    """The type of a parameter."""
    if param.type == "Tensor":
        kind = "Tensor | _complex" if row.numbers and not param.is_list and param.name != "self" else "Tensor"
    else:
        kind = SCALARS[param.type] if not (param.type == "Scalar" and param in row.array_params) else "Tensor | _complex"
    if param.is_list:
        kind = f"Sequence[{kind}]" + (f" | {kind}" if param.type != "Tensor" else "")
    return kind + (" | None" if param.optional or param.default is None and not param.required else "")


def result_of(row, results):
    """The type of what a row gives."""
    schema = row.schema
    if schema.returns_list:
        return "tuple[Tensor, ...]"
    if len(schema.results) == 1:
        return "Tensor"
    if all(schema.results):
        return results.name(schema.results)
    return f"tuple[{', '.join(['Tensor'] * len(schema.results))}]"


def ways(row, method, inplace):
    """The parameter lists of a row: a size may be given as one sequence or number by number."""
    head = ["self"] if method else []
    parts, keyword_only = [], False
    for param, name in names_of(row, method):
        if param.keyword and not keyword_only:
            keyword_only = True
            parts.append("*")
        parts.append(f"{name}: {type_of(param, row)}" + ("" if param.required else " = ..."))
    if row.out and not method and not inplace:
        parts += [] if keyword_only else ["*"]
        parts.append("out: Any = ...")
    yield head + parts
    positional = [param for param in row.schema.params if not param.keyword]
    packs = method and len(positional) > 1 and positional[1].is_list and positional[1].type in ("int", "SymInt") and not positional[1].length
    if packs and len(positional) == 2:
        yield [*head, f"*{positional[1].name}: _int", *(part for part in parts[1:] if part != "*")]


def of_rows(name, rows, results, method=False):
    """The stub of a row's function."""
    inplace = name.endswith("_") and not name.endswith("__") and not rows[0].name.endswith("_")
    found = [f"def {name}({', '.join(parts)}) -> {result_of(row, results)}: ..." for row in rows for parts in ways(row, method, inplace)]
    return [f"@overload\n{each}" for each in found] if len(found) > 1 else found


# ---------------------------------------------------------------- what is written in Python
def of_function(name, function, method=False):
    """The stub of a function written in Python: parameters of any type."""
    result = RESULTS.get(name, "Any") if method else "Any"
    if name in MAKERS:
        result = "Tensor"
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        found = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL), inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)]
    empty = inspect.Parameter.empty
    plain = [each.replace(annotation=empty, default=empty if each.default is empty else ...) for each in found]
    return [f"def {name}{inspect.Signature(plain)} -> {result}: ...".replace("Ellipsis", "...")]


def of_operator(name):
    """The stub of one of Python's operators; comparisons give tensors, which object's do not."""
    note = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    return [f"def {name}(self, other: Any) -> Tensor: ...{note}"]


def of_attribute(name, value):
    """The stub of an attribute of Tensor, by what it is."""
    if name in BINARY:
        return of_operator(name)
    if name in UNARY:
        return [f"def {name}(self) -> Tensor: ..."]
    if isinstance(value, property) or not callable(value):
        return [f"{name}: {OF_TENSOR.get(name, 'Any')}"]
    if hasattr(value, "rows"):
        return of_rows(name, value.rows, RESULT_CLASSES, method=True)
    if isinstance(inspect.getattr_static(Tensor, name), (classmethod, staticmethod)):
        return [f"{name}: Any"]
    return of_function(name, value, method=True)


RESULT_CLASSES = Results()


def tensor_stub():
    """The stub of the module that defines Tensor."""
    RESULT_CLASSES.clear()
    names = sorted(name for name in vars(Tensor) if name not in SKIPPED and (not name.startswith("_") or name.startswith("__")))
    lines = [line for name in names for line in of_attribute(name, getattr(Tensor, name))]
    body = "\n".join(f"    {part}" for line in lines for part in line.split("\n"))
    head = f"from {PACKAGE}.core.devices import device as _device\nfrom {PACKAGE}.core.shapes import Size\n\n"
    init = "    def __init__(self, *args: Any, **kwargs: Any) -> None: ...\n"
    return HEADER + head + RESULT_CLASSES.text() + f"\nclass Tensor:\n{init}{body}\n    def __getattr__(self, name: str) -> Any: ...\n" \
        "\ndef __getattr__(name: str) -> Any: ...\n"


# ---------------------------------------------------------------- modules
def home_of(name, value):
    """The module of the package that defines a class; None where none is found."""
    found = [module for module, each in sys.modules.items()
             if module.startswith(PACKAGE + ".") and vars(each).get(name) is value and module not in FILES]
    source = getattr(value, "__module__", None)
    return source if source in found else min(found, key=lambda module: (module.count("."), module), default=None)


def module_stub(module):
    """The stub of a module."""
    results, lines = Results(), []
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") and name != "__version__" or keyword.iskeyword(name):
            continue
        lines += of_name(module, name, value, results)
    imports = [line for line in lines if line.startswith(("from", "import"))]
    others = [line for line in lines if line not in imports]
    own = "" if any(line.endswith(" as Tensor") for line in imports) else f"from {TENSOR_HOME} import Tensor\n"
    return HEADER + own + "\n".join(imports) + "\n\n" + results.text() + "\n" + "\n".join(others) + "\n"


def of_name(module, name, value, results):
    """The stub of one name of a module."""
    if isinstance(value, types.ModuleType):
        is_own = value.__name__ == f"{module.__name__}.{name}"
        return [f"from {module.__name__} import {name} as {name}"] if is_own and name not in ("core", "port") else []
    if isinstance(value, type):
        return of_class(name, value)
    if isinstance(value, dtypes.dtype):
        return [f"{name}: _dtype"]
    if getattr(value, "rows", None):
        return of_rows(name, value.rows, results)
    if callable(value):
        return of_function(name, value)
    return [f"{name}: {'_float' if isinstance(value, float) else '_str' if isinstance(value, str) else 'Any'}"]


def of_class(name, value):
    """The stub of a class: imported, its initialiser said again where that is made at run time, as the class itself may be."""
    home = TENSOR_HOME if value is Tensor else home_of(name, value)
    if home is None or value is not Tensor and f"class {name}" not in inspect.getsource(sys.modules[home]):
        return [f"{name}: Any"]
    code = getattr(vars(value).get("__init__"), "__code__", None)
    if code is None or not code.co_filename.startswith("<facade"):
        return [f"from {home} import {name} as {name}"]
    init = of_function("__init__", value.__init__)[0].replace("-> Any", "-> None")
    return [f"from {home} import {name} as _{name}", f"class {name}(_{name}):\n    {init}"]


def stubs():
    """file -> its text, of all stubs."""
    found = {ROOT / path: module_stub(sys.modules[name]) for name, path in FILES.items()}
    return found | {ROOT / TENSOR_FILE: tensor_stub(), ROOT / "py.typed": ""}


if __name__ == "__main__":
    for _path, _text in stubs().items():
        _path.write_text(_text, encoding="utf-8")
