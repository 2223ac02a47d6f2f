"""Which of PyTorch's names a program uses, and where: its syntax tree, walked with what is known of each variable.

A value is known by a string: `torch.nn` is that module, `torch.Tensor()` some tensor, `numpy.array` another package's function,
None is anything.  Imports, assignments and calls carry it on, a function's body is walked after the code around it.  What is
called on a value of which nothing is known counts as a tensor's method only where its name can hardly mean anything else.
"""

import ast
import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facade.port.names import ABSENT, differences, find, note_on, torch_names

TORCH, TENSOR = "torch", "torch.Tensor"
A_TENSOR = TENSOR + "()"

# What other values have too: on a value of unknown type these names say nothing.
COMMON = {name for kind in (str, bytes, list, dict, set, int, float, complex, np.ndarray, Path) for name in dir(kind)}

# The functions that make a tensor without a row of the table.
MAKERS = set("""tensor as_tensor from_numpy zeros ones empty full eye arange linspace logspace rand randn randint randperm normal bernoulli
    zeros_like ones_like empty_like full_like rand_like randn_like randint_like stack cat""".split())
TENSOR_VIEWS = {"T", "mT", "H", "mH", "data", "grad", "real", "imag"}


class Use(NamedTuple):
    """A name that is used. line, column, end_line: counted from 1, 0 and 1, of the piece; is_sure: whether it is known to be torch's."""

    name: str
    line: int
    column: int
    end_line: int
    is_sure: bool = True


def uses(tree, scope=None):
    """The uses of a module's syntax tree, in the order of its lines; scope: what earlier cells made known, which this one adds to."""
    walker = Walker(tree, {} if scope is None else scope)
    walker.walk()
    return sorted(walker.found, key=lambda use: (use.line, use.column))


def own_names(tree):
    """The functions and classes that a program defines, and the attributes that it sets."""
    found = set()
    for node in ast.walk(tree):
        if node.__class__ is ast.Attribute:
            if node.ctx.__class__ is ast.Store:
                found.add(node.attr)
        elif node.__class__ in (ast.FunctionDef, ast.ClassDef):
            found.add(node.name)
    return found


@functools.cache
def roots():
    """The packages whose use is reported: torch, and those in the list of differences."""
    return {TORCH} | {pattern.partition(".")[0].rstrip("*") for _, pattern, _ in differences()}


def is_torchs(value):
    """Whether a known value is torch, or below it."""
    return value is not None and (value == TORCH or value.startswith(TORCH + "."))


def result(called):
    """What a call gives: an instance of a class, a tensor where the table says so, else None."""
    if not is_torchs(called):
        return None if called is None else called + "()"
    if called.endswith("()"):
        return None
    function = find(called)
    if isinstance(function, type) or function is None:          # None: a class of another package's, TensorBoard's
        is_tensor = called == TENSOR or called.endswith("Tensor") or called == "torch.nn.Parameter"
        return A_TENSOR if is_tensor else called + "()"
    rows = getattr(function, "rows", ())
    makes_tensor = rows and all(row.schema.results == ("",) and not row.schema.returns_list for row in rows)
    return A_TENSOR if makes_tensor or called.rpartition(".")[2] in MAKERS and called.count(".") == 1 else None


class Walker(ast.NodeVisitor):
    """Walks one piece. names: what is known of the variables, the innermost scope first."""

    def __init__(self, tree, scope):
        self.tree, self.found, self.names, self.bodies = tree, [], [scope], []
        self.roots, self.own = roots(), own_names(tree)

    def walk(self):
        """The module, then the bodies of its functions, theirs, and so on."""
        for node in self.tree.body:
            self.visit(node)
        while self.bodies:
            node, names = self.bodies.pop(0)
            self.names = [{}, *names]
            self._bind_parameters(node.args)
            for each in node.body if isinstance(node.body, list) else [node.body]:
                self.visit(each)

    # ------------------------------------------------------------ variables
    def know(self, name):
        """What is known of a variable."""
        return next((scope[name] for scope in self.names if name in scope), None)

    def bind(self, target, value=None):
        """What is assigned to a name is known, what is assigned to the names of a tuple is not."""
        if isinstance(target, ast.Name):
            self.names[0][target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            for each in target.elts:
                self.bind(each)
        elif isinstance(target, ast.Starred):
            self.bind(target.value)
        else:
            self.value(target)

    def _bind_parameters(self, arguments):
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for parameter in filter(None, every):
            kind = self.known_name(parameter.annotation)
            self.names[0][parameter.arg] = A_TENSOR if kind == TENSOR else None

    def known_name(self, node):
        """The dotted name of an expression that is one, without counting a use."""
        if isinstance(node, ast.Name):
            return self.know(node.id)
        if isinstance(node, ast.Attribute):
            value = self.known_name(node.value)
            return None if value is None else f"{value}.{node.attr}"
        return None

    # ------------------------------------------------------------ expressions
    def use(self, name, node, is_sure=True):
        """Count a use of a name."""
        self.found.append(Use(name, node.lineno, node.col_offset, node.end_lineno, is_sure))

    def visit(self, node):
        """Walk a statement or an expression; the value of an expression is what is known of it."""
        if isinstance(node, ast.expr):
            return self.value(node)
        return super().visit(node)

    def value(self, node):
        """Walk an expression and return what is known of its value."""
        if node is None:
            return None
        method = getattr(self, "value_" + type(node).__name__, None)
        return self.generic_visit(node) if method is None else method(node)

    def value_Name(self, node):
        """A variable; one that is a whole name of torch's was counted where it was imported."""
        return self.know(node.id) if isinstance(node.ctx, ast.Load) else None

    def value_Attribute(self, node):
        """The longest chain of attributes is one use."""
        value = self.value_Attribute_inner(node.value)
        if value is None:
            return self._maybe_method(node)
        if value.startswith(TENSOR + "."):
            return None         # of what a tensor's attribute holds
        name = f"{value.removesuffix('()')}.{node.attr}"
        if value == A_TENSOR:
            if node.attr not in self.own or find(name) is not ABSENT:
                self.use(name, node)
            return A_TENSOR if node.attr in TENSOR_VIEWS else name
        if value.endswith("()") and is_torchs(value) and note_on(name):
            self.use(name, node)
        if value.endswith("()") or "()." in value:
            return f"{value}.{node.attr}" if not is_torchs(value) else None
        if value.partition(".")[0] in self.roots:
            self.use(name, node)
        return name

    def value_Attribute_inner(self, node):
        """The value below an attribute: a chain of names counts once, as a whole."""
        if isinstance(node, ast.Attribute):
            name = self.known_name(node)
            if name is not None and "()" not in name:
                return name
        return self.value(node)

    def _maybe_method(self, node):
        listed = node.attr in torch_names()[TENSOR] and "_" in node.attr.strip("_")
        if listed and node.attr not in COMMON and node.attr not in self.own:
            self.use(f"{TENSOR}.{node.attr}", node, is_sure=False)
        return None

    def value_Call(self, node):
        """What a call gives."""
        called = self.value(node.func)
        self._device(called, node)
        for each in (*node.args, *node.keywords):
            self.value(each.value if isinstance(each, ast.keyword) else each)
        return result(called)

    def _device(self, called, node):
        """A device without data is named by a string."""
        places = node.args[:1] if called == "torch.device" or getattr(node.func, "attr", "") == "to" else []
        for each in (*places, *(keyword.value for keyword in node.keywords if keyword.arg == "device")):
            if isinstance(each, ast.Constant) and each.value == "meta":
                self.use("torch.device('meta')", each)

    def value_BinOp(self, node):
        """Arithmetic with a tensor gives a tensor."""
        return A_TENSOR if A_TENSOR in (self.value(node.left), self.value(node.right)) else None

    def value_UnaryOp(self, node):
        """As what it is applied to, but for `not`."""
        value = self.value(node.operand)
        return value if value == A_TENSOR and not isinstance(node.op, ast.Not) else None

    def value_Subscript(self, node):
        """A part of a tensor is a tensor."""
        value = self.value(node.value)
        self.value(node.slice)
        return value if value == A_TENSOR else None

    def value_Lambda(self, node):
        """Its body comes later, as a function's."""
        self._later(node)

    def value_ListComp(self, node):
        """In a scope of its own."""
        self.names.insert(0, {})
        for each in node.generators:
            self.value(each.iter)
            self.bind(each.target)
            for test in each.ifs:
                self.value(test)
        for part in ("key", "value", "elt"):
            self.value(getattr(node, part, None))
        del self.names[0]

    value_SetComp = value_GeneratorExp = value_DictComp = value_ListComp

    def value_NamedExpr(self, node):
        """The value, which the name is known by too."""
        value = self.value(node.value)
        self.bind(node.target, value)
        return value

    # ------------------------------------------------------------ statements that bind
    def visit_Import(self, node):
        """`import torch.nn as nn` knows nn, `import torch.nn` knows torch."""
        for alias in node.names:
            self.names[0][alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
            if alias.name.partition(".")[0] in self.roots and alias.name != TORCH:
                self.use(alias.name, alias)

    def visit_ImportFrom(self, node):
        """Each name is a use; of a relative import nothing is known."""
        for alias in node.names:
            name = None if node.level else f"{node.module}.{alias.name}"
            if name is not None and node.module.partition(".")[0] in self.roots:
                self.use(node.module if alias.name == "*" else name, alias if alias.name != "*" else node)
            if alias.name != "*":
                self.names[0][alias.asname or alias.name] = name

    def visit_Assign(self, node):
        """`a = b = value`."""
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def visit_AnnAssign(self, node):
        """`a: torch.Tensor = value`."""
        kind, value = self.value(node.annotation), self.value(node.value)
        self.bind(node.target, A_TENSOR if kind == TENSOR else value)

    def visit_For(self, node):
        """Elements of a tensor are tensors."""
        value = self.value(node.iter)
        self._branches(node, lambda: self.bind(node.target, value if value == A_TENSOR else None), [node.body, node.orelse])

    visit_AsyncFor = visit_For

    def visit_While(self, node):
        """The body may run, or not."""
        self.value(node.test)
        self._branches(node, None, [node.body, node.orelse])

    def visit_If(self, node):
        """One branch runs."""
        self.value(node.test)
        self._branches(node, None, [node.body, node.orelse])

    def visit_Try(self, node):
        """The body runs in part, then perhaps a handler."""
        handlers = [handler.body for handler in node.handlers]
        for handler in node.handlers:
            self.value(handler.type)
        self._branches(node, None, [node.body + node.orelse, *handlers])
        for each in node.finalbody:
            self.visit(each)

    def _branches(self, node, first, branches):
        """Walk branches from the same start; a variable keeps what is known of it where all branches that bind it agree."""
        scope = self.names[0]       # stays the same object: functions that come later look into it
        merged = dict(scope)
        if first is not None:
            first()
        start = dict(scope)
        for branch in branches:
            scope.clear()
            scope.update(start)
            for each in branch:
                self.visit(each)
            for name, value in scope.items():
                merged[name] = value if merged.get(name, value) == value else self._preferred(merged[name], value)
        scope.clear()
        scope.update(merged)

    @staticmethod
    def _preferred(one, other):
        """A module that is imported in one branch and None in another is that module."""
        return one if other is None and one is not None and "()" not in one else other if one is None and "()" not in other else None

    def visit_With(self, node):
        """`with ... as name`."""
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, None if is_torchs(value) else value)
        for each in node.body:
            self.visit(each)

    visit_AsyncWith = visit_With

    def visit_FunctionDef(self, node):
        """Its name is the program's own, its body comes later."""
        for each in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.value(each)
        for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            self.value(each.annotation)
        self.value(node.returns)
        self.names[0][node.name] = None
        self._later(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        """Its body has a scope that its functions do not see."""
        for each in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.value(each)
        self.names[0][node.name] = None
        self.names.insert(0, {})
        for each in node.body:
            self.visit(each)
        del self.names[0]

    def _later(self, node):
        self.bodies.append((node, list(self.names)))
