"""The shape of the house, read from the source alone: who may import whom, and how long things are.

Each rule is a function from parsed modules to violations in words; every rule has a made-up source that breaks it.
"""

import ast
import functools
import pathlib
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).parent.parent

# What may import what: the longest prefix that fits a module counts. Every module may import its own package's parts
# below the prefix; "facade" alone stands for everything.
LEAVES = ("facade.core.dtypes", "facade.core.errors", "facade.core.shapes", "facade.core.warn")
MAY_IMPORT = {
    "facade.core.errors": (),
    "facade.core.singletons": (),
    "facade.core.dtypes": ("facade.core.singletons",),
    "facade.core.shapes": (),
    "facade.core.warn": (),
    "facade.core.devices": LEAVES,
    "facade.core.numeric_limits": LEAVES,
    "facade.core.printing": LEAVES,
    "facade.core.engine": ("facade.core.warn",),
    "facade.core.random": (),
    "facade.core.random.generator": (*LEAVES, "facade.core.devices", "facade.core.engine", "facade.core.tensor", "facade.core.random"),
    "facade.core.tensor": (*LEAVES, "facade.core.engine", "facade.core.printing"),
    "facade.core.ops.kernels": ("facade.core.errors", "facade.core.dtypes"),
    "facade.core.ops.schema": (),
    "facade.core.ops.promotion": (*LEAVES, "facade.core.engine"),
    "facade.core.ops.supported": (*LEAVES, "facade.core.engine", "facade.core.ops.promotion"),
    "facade.core.ops.table": (*LEAVES, "facade.core.engine", "facade.core.ops.promotion", "facade.core.ops.schema", "facade.core.tensor.history",
                              "facade.core.tensor.of_result", "facade.core.tensor.stated"),
    "facade.core.ops.rows": (*LEAVES, "facade.core.ops.table", "facade.core.ops.promotion", "facade.core.ops.supported",
                             "facade.core.ops.kernels", "facade.core.tensor.write"),
    "facade.core": ("facade.core",),
    "facade.autograd": ("facade.core",),
    "facade.nn": ("facade.core", "facade.autograd"),
    "facade.optim": ("facade.core", "facade.autograd"),
    "facade.optim.swa_utils": ("facade.core", "facade.autograd", "facade.nn", "facade.optim"),
    "facade.utils": ("facade.core", "facade.autograd"),
    "facade.linalg": ("facade.core",),
    "facade.distributions": ("facade.core", "facade.autograd", "facade.nn", "facade.linalg", "facade.special"),
    "facade.random": ("facade.core",),
    "facade.return_types": ("facade.core",),
    "facade.port": (),
    "facade.workbench": ("facade.core", "facade.autograd", "facade.nn", "facade.optim", "facade.port"),
    "facade.__main__": ("facade.port", "facade.workbench"),
    "facade": ("facade",),
}

# Imports by a computed name, which are not at the top of their module: why.
LATE_IMPORTS = {
    "facade.__main__": "running a notebook needs packages of the extra `notebooks`, running a script does not",
    "facade.port.alias": "an import hook imports what it is asked for",
}

# Files longer than LINES, and how long they may be until they are divided.
LINES, LONG_FILES = 500, {}
MEAN_FUNCTION = 14

# Decorators that bring the docstring: of the row that is guarded, of the property that is set.
DOCUMENTING = ("guarded", "setter")

# Modules whose functions need no docstring each: why.
UNDOCUMENTED = {
    "facade.core.random.arithmetic": "`elementwise` is NumPy's function of that name, exact in double precision",
    "facade.core.engine.host": "a function for each of JAX's control-flow primitives, named after it",
    "facade.core.engine.host_formulas": "a formula for each of JAX's primitives, named after it",
    "facade.core.engine.host_convolution": "a function for JAX's primitive, named after it",
    "facade.core.engine.host_indexing": "a function for each of JAX's indexing primitives, named after it",
    "facade.core.engine.host_linear_algebra": "a function for each of JAX's primitives of linear algebra, named after it",
    "facade.core.engine.host_primitives": "a function for each of JAX's primitives, named after it",
    "facade.core.engine.host_special": "a function for each of JAX's primitives, named after it",
    "facade.core.engine.host_windows": "a function for each of JAX's primitives of windows, named after it",
}
ORACLE, PROGRAMS = "tests.oracle", "tests.programs"        # the programs are a user's, and torch is what they are run with


class Module(NamedTuple):
    """A source file by its dotted name; a package is named without `.__init__`."""

    name: str
    source: str
    is_package: bool = False

    @property
    def tree(self):
        return parse(self.source)


parse = functools.lru_cache(maxsize=None)(ast.parse)


@functools.cache
def modules(directory):
    """Every module under a directory of the repository."""
    found = []
    for path in sorted((ROOT / directory).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found.append(Module(".".join(parts[:-1] if is_package else parts), path.read_text(), is_package))
    return found


# ---------------------------------------------------------------- reading a source
def imports(module, known=()):
    """(line, full name) of each import of a module, at any depth; `from a import b` is a.b where that is a known module."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(module, node)
            found += [(node.lineno, full if (full := f"{origin}.{alias.name}") in known else origin) for alias in node.names]
    return found


def absolute(module, node):
    """The full name of what an `import from` names, dots resolved."""
    if not node.level:
        return node.module
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    return ".".join([*package[:len(package) - node.level + 1], *filter(None, [node.module])])


def within(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


def definitions(tree, kinds=(ast.FunctionDef, ast.AsyncFunctionDef)):
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


# ---------------------------------------------------------------- rules: modules -> violations
def headless(found):
    """Modules without a docstring."""
    return [each.name for each in found if not ast.get_docstring(each.tree)]


def nested_imports(found):
    """Imports inside functions and classes, and late imports by name where no reason is known."""
    violations = []
    for module in found:
        for scope in definitions(module.tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            for node in ast.walk(scope):
                late = isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "import_module", "__import__")
                if isinstance(node, (ast.Import, ast.ImportFrom)) or late and module.name not in LATE_IMPORTS:
                    violations.append(f"{module.name}:{node.lineno}")
    return sorted(set(violations))


def torch_imports(found):
    """Imports of the real torch outside the oracle, also by pytest.importorskip."""
    violations = []
    for module in found:
        named = [(line, name) for line, name in imports(module) if within(name or "", "torch")]
        named += [(node.lineno, "torch") for node in definitions(module.tree, ast.Call)
                  if ast.unparse(node.func).endswith(("importorskip", "import_module", "__import__"))
                  and node.args and isinstance(node.args[0], ast.Constant) and within(str(node.args[0].value), "torch")]
        violations += [f"{module.name}:{line}" for line, _ in named if module.name != ORACLE]
    return violations


def allowed(name):
    """(prefix, what modules with it may import) for a module."""
    prefix = max((prefix for prefix in MAY_IMPORT if within(name, prefix)), key=len)
    return prefix, MAY_IMPORT[prefix]


def upward_imports(found):
    """Imports that the table of layers does not allow."""
    known = {module.name for module in found}
    violations = []
    for module in found:
        prefix, below = allowed(module.name)
        violations += [f"{module.name}:{line} imports {name}" for line, name in imports(module, known)
                       if within(name, "facade") and not any(within(name, each) for each in (prefix, *below))]
    return violations


def cycles(found):
    """A cycle of imports, as the names along it; empty where there is none."""
    known = {module.name for module in found}
    graph = {module.name: {name for _, name in imports(module, known) if name in known and name != module.name} for module in found}
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name not in done:
            path.append(name)
            for below in sorted(graph[name]):
                if found_below := visit(below):
                    return found_below
            done.add(path.pop())
        return []
    return next(filter(None, map(visit, sorted(graph))), [])


def long_files(found):
    """Files of more lines than a file may have."""
    return [f"{each.name}: {lines}" for each in found if (lines := each.source.count("\n")) > LONG_FILES.get(each.name, LINES)]


def function_lengths(found):
    """How many lines each function has, its docstring included."""
    return [node.end_lineno - node.lineno + 1 for module in found for node in definitions(module.tree)]


def undocumented(found):
    """Public functions and classes, at the top of a module, without a docstring."""
    kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef

    def brought(node):
        names = [ast.unparse(each.func if isinstance(each, ast.Call) else each).split(".")[-1] for each in node.decorator_list]
        return not set(names).isdisjoint(DOCUMENTING)
    return [f"{module.name}.{node.name}" for module in found if module.name not in UNDOCUMENTED for node in module.tree.body
            if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node) and not brought(node)]


# ---------------------------------------------------------------- the house
@pytest.mark.parametrize("rule", [headless, nested_imports, torch_imports, upward_imports, cycles, long_files, undocumented],
                         ids=lambda rule: rule.__name__)
def test_package(rule):
    assert rule(modules("facade")) == []


def test_only_the_oracle_imports_torch():
    assert torch_imports([module for module in modules("tests") if not within(module.name, PROGRAMS)]) == []


def test_functions_are_short():
    lengths = function_lengths(modules("facade"))
    mean = sum(lengths) / len(lengths)
    print(f"{len(lengths)} functions, {mean:.1f} lines on average, the longest {max(lengths)}")
    assert mean <= MEAN_FUNCTION


def test_lists_of_exceptions_are_needed():
    """An exception that nothing needs any more goes."""
    lines = {module.name: module.source.count("\n") for module in modules("facade")}
    assert all(lines[name] > LINES for name in LONG_FILES)
    assert all(undocumented([module._replace(name="")]) for module in modules("facade") if module.name in UNDOCUMENTED)
    assert LATE_IMPORTS.keys() <= {module.name for module in modules("facade") if "import_module(" in module.source}


# ---------------------------------------------------------------- the rules can fail
BROKEN = {
    headless: [Module("facade.some", "x = 1\n")],
    nested_imports: [Module("facade.some", "def f():\n    import os\n")],
    torch_imports: [Module("facade.some", "from torch.nn import Linear\n")],
    upward_imports: [Module("facade.core.engine.some", "from facade.core.tensor import x\n")],
    cycles: [Module("facade.one", "import facade.two\n"), Module("facade.two", "from facade import one\n")],
    long_files: [Module("facade.some", "x = 1\n" * 501)],
    undocumented: [Module("facade.some", "def f():\n    pass\n")],
}


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_rule_can_fail(rule):
    assert rule(BROKEN[rule])


@pytest.mark.parametrize("rule, source", [
    (nested_imports, "class A:\n    from os import path\n"),
    (nested_imports, "import importlib\ndef f():\n    importlib.import_module('os')\n"),
    (torch_imports, "import torch as t\n"),
    (torch_imports, "import pytest\ntorch = pytest.importorskip('torch')\n"),
    (upward_imports, "from ..nn import functional\n"),
])
def test_ways_around_a_rule_are_seen(rule, source):
    assert rule([Module("facade.core.some", source)])


@pytest.mark.parametrize("module, below, may", [
    ("facade.core.ops.kernels.some", "facade.core.errors", True), ("facade.core.ops.kernels.some", "facade.core.engine", False),
    ("facade.core.ops.rows.some", "facade.core.ops.table", True), ("facade.core.ops.rows.some", "facade.core.tensor.tensor", False),
    ("facade.core.ops.some", "facade.autograd", False), ("facade.optim.some", "facade.nn", False), ("facade.some", "facade.nn", True),
    ("facade.core.random.streams", "facade.core.engine", False), ("facade.core.random.generator", "facade.core.engine", True),
])
def test_layers(module, below, may):
    assert (upward_imports([Module(module, f"import {below}\n")]) == []) is may


def test_sound_modules_break_no_rule():
    sound = [Module("facade.one", '"""One."""\nfrom facade import two\n'), Module("facade.two", '"""Two."""\n\n\ndef f():\n    """F."""\n')]
    assert [rule(sound) for rule in BROKEN] == [[]] * len(BROKEN)
    assert function_lengths(sound) == [2]
