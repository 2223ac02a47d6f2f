"""What a program's expressions give, written down while it runs: one witness, for a kernel with PyTorch and for one with facade.

`attach` changes the syntax tree of each cell, and of each file beside the notebook, before it runs: calls, arithmetic, subscripts and
gradients hand their value to the witness and go on with it, so the place of a record is the user's own line.  Modules inside of modules
are seen by a hook, and where a gradient or a parameter changes without an expression, `backward()` and `step()` are asked afterwards.
What stands under the name `torch` is used by its public interface alone, and nothing of facade is imported: the kernel with PyTorch loads
this file by its path.
"""

import ast
import builtins
import os
import pickle
import sys
from importlib.machinery import FileFinder, SourceFileLoader

import numpy as np

NAME = "__witness__"
ELEMENTS = 1024             # of a larger array as many are kept, evenly spread
ROOM = 10 ** 8              # bytes in all, which facade takes about two minutes to write; what comes later is not written
SYMBOLS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "MatMult": "@",
           "BitAnd": "&", "BitOr": "|", "BitXor": "^", "LShift": "<<", "RShift": ">>", "USub": "-", "UAdd": "+",
           "Invert": "~", "Not": "not",
           "Lt": "<", "LtE": "<=", "Gt": ">",
           "GtE": ">=", "Eq": "==", "NotEq": "!="}
ATTRIBUTES = {"grad", "data", "T", "mT", "H", "mH", "real", "imag"}      # those that are operations, or results of one


# ---------------------------------------------------------------- the syntax tree
class Instrument(ast.NodeTransformer):
    """Makes the expressions of a tree hand their values to the witness. where(): the cell or file that the tree is of."""

    def __init__(self, witness, where):
        self.witness, self.where = witness, where

    def _site(self, node, operation):
        text = " ".join(ast.unparse(node).split())
        self.witness.sites.append((self.where(), node.lineno, node.col_offset, operation, text))
        return ast.Constant(len(self.witness.sites) - 1)

    def _told(self, node, site, method=None):
        """The node as the argument of a call of the witness."""
        called = ast.Name(NAME, ast.Load())
        called = called if method is None else ast.Attribute(called, method, ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Call(called, [node, site], []), node))

    def _glance(self, target, operation):
        """A statement that shows a variable to the witness."""
        site = self._site(target, operation)
        load = ast.parse(ast.unparse(target), mode="eval").body
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(self._told(ast.copy_location(load, target), site, "glance")), target))

    # ------------------------------------------------------------ expressions
    def _operation(self, node, operation):
        site = self._site(node, operation)
        return self._told(self.generic_visit(node), site)

    def visit_BinOp(self, node):
        """`a + b`."""
        return self._operation(node, SYMBOLS[type(node.op).__name__])

    def visit_UnaryOp(self, node):
        """`-a`; a negative number stays one."""
        return node if isinstance(node.operand, ast.Constant) else self._operation(node, SYMBOLS[type(node.op).__name__])

    def visit_Compare(self, node):
        """`a < b`."""
        symbol = SYMBOLS.get(type(node.ops[0]).__name__)
        return self.generic_visit(node) if symbol is None else self._operation(node, symbol)

    def visit_Subscript(self, node):
        """`a[i]`, where it is read."""
        return self._operation(node, "[]") if isinstance(node.ctx, ast.Load) else self.generic_visit(node)

    def visit_Attribute(self, node):
        """`a.grad`, where it is read."""
        is_read = isinstance(node.ctx, ast.Load) and node.attr in ATTRIBUTES
        return self._operation(node, f".{node.attr}") if is_read else self.generic_visit(node)

    def visit_Call(self, node):
        """`f(a)`; of `loss.backward()` and `optimizer.step()` what they change is looked at too."""
        is_method = isinstance(node.func, ast.Attribute)
        operation = node.func.attr if is_method else getattr(node.func, "id", "()")
        site = self._site(node, operation)
        node.args, node.keywords = [self.visit(each) for each in node.args], [self.visit(each) for each in node.keywords]
        if not is_method:
            node.func = self.visit(node.func)
            return self._told(node, site)
        node.func.value = self.visit(node.func.value)
        if operation not in ("backward", "step"):
            return self._told(node, site)
        node.func.value = self._told(node.func.value, site, "hold")
        return self._told(node, site, "after")

    # ------------------------------------------------------------ statements
    def visit_Assign(self, node):
        """`a[i] = b`: afterwards a is looked at."""
        changed = [target.value for target in node.targets if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name)]
        glances = [self._glance(each, "[]=") for each in changed]
        return [self.generic_visit(node), *glances]

    def visit_AugAssign(self, node):
        """`a += b`: afterwards a is looked at."""
        changed = node.target.value if isinstance(node.target, ast.Subscript) else node.target
        glance = self._glance(changed, SYMBOLS[type(node.op).__name__] + "=")
        return [self.generic_visit(node), glance]

    def visit_For(self, node):
        """`for a in b`: each a is looked at."""
        names = [each for each in ast.walk(node.target) if isinstance(each, ast.Name)]
        seen = [self._glance(each, "for") for each in names]
        self.generic_visit(node)
        node.body[:0] = seen
        return node

    def visit_AnnAssign(self, node):
        """An annotation is no operation."""
        node.value = node.value and self.visit(node.value)
        return node

    def visit_FunctionDef(self, node):
        """The body; what is evaluated around it stays."""
        node.body = [new for each in node.body for new in self._list(self.visit(each))]
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def visit_match_case(self, node):
        """The body, for a pattern is no expression."""
        return self.visit_FunctionDef(node)

    def visit_Delete(self, node):
        """Nothing is read."""
        return node

    @staticmethod
    def _list(node):
        return node if isinstance(node, list) else [node]


# ---------------------------------------------------------------- the records
class Witness:
    """Writes (site, label, cell that runs, dtype, shape, elements) of each array it is shown. A label names what is inside a site."""

    def __init__(self, path, running):
        self.file, self.running, self.process = open(path, "wb"), running, os.getpid()
        self.sites, self.held, self.hook = [], {}, None

    def __call__(self, value, site):
        self.glance(value, site)
        return value

    def glance(self, value, site, label=""):
        """Write down the arrays in a value."""
        if self.hook is None:
            self._watch_modules()
        for array, dtype in () if self.is_full else _arrays(value):
            self._write(None if site is None else self.sites[site], label, array, dtype)

    @property
    def is_full(self):
        """Whether nothing more is written."""
        return self.file.tell() > ROOM

    def hold(self, value, site):
        """Keep what a method is called on, for `after`."""
        self.held[site] = value
        return value

    def after(self, result, site):
        """Look at what a method that has just been called has changed."""
        receiver = self.held.pop(site, None)
        if hasattr(receiver, "param_groups"):
            for index, param in enumerate(param for group in receiver.param_groups for param in group["params"]):
                self.glance(param, site, f"parameter {index}")
        elif self.sites[site][3] == "backward":
            for name, leaf in reversed(_leaves(sys._getframe(1))):      # what is nearest to the loss comes first
                self.glance(leaf.grad, site, f"{name}.grad")
        return self(result, site)

    def _watch_modules(self):
        torch = sys.modules.get("torch")
        if hasattr(torch, "nn"):
            see = torch.nn.modules.module.register_module_forward_hook
            self.hook = see(lambda module, inputs, output: self.glance(output, None, type(module).__name__))

    def _write(self, site, label, array, dtype):
        if self.is_full or os.getpid() != self.process:
            return
        kept = None if array is None else array.reshape(-1)
        if kept is not None and kept.size > ELEMENTS:
            kept = kept[np.linspace(0, kept.size - 1, ELEMENTS).astype(int)]
        pickle.dump((site, label, self.running(), dtype, None if array is None else array.shape, kept), self.file)
        self.file.flush()


def _arrays(value):
    """(array, dtype in words) of each tensor and array in a value; None for an array that cannot be read."""
    torch = sys.modules.get("torch")
    if isinstance(value, np.ndarray):
        return [(value, str(value.dtype))] if value.dtype.kind in "fciub" else []
    if isinstance(value, (tuple, list, dict)):
        parts = value.values() if isinstance(value, dict) else value
        return [pair for part in list(parts)[:16] if not isinstance(part, dict) for pair in _arrays(part)] if len(value) <= 1000 else []
    return [(_read(value), str(value.dtype))] if hasattr(torch, "Tensor") and isinstance(value, torch.Tensor) else []


def _read(tensor):
    try:
        copy = tensor.detach().cpu().clone()        # so that no array shares the program's memory
        return (copy.float() if "bfloat16" in str(copy.dtype) else copy).numpy()
    except Exception:       # inside of a transformation a tensor has no numbers: whatever the program's torch raises then
        return None


def _leaves(frame):
    """(name, leaf with a gradient) for what the variables of a frame lead to."""
    torch, found = sys.modules["torch"], {}
    for name, thing in [*frame.f_globals.items(), *frame.f_locals.items()]:
        if name.startswith("_"):
            continue
        named = [(name, thing)] if isinstance(thing, torch.Tensor) else []
        if isinstance(thing, torch.nn.Module):
            named = [(f"{name}.{path}", param) for path, param in thing.named_parameters()]
        found.update({id(leaf): (path, leaf) for path, leaf in named if leaf.is_leaf and leaf.grad is not None and id(leaf) not in found})
    return list(found.values())


# ---------------------------------------------------------------- taking its place
class _Loader(SourceFileLoader):
    """Loads a file beside the notebook, instrumented; never from a cache of bytecode, nor into one."""

    witness = None

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = Instrument(self.witness, lambda: os.path.basename(path)).visit(ast.parse(self.get_data(path)))
        return compile(tree, path, "exec")


def _beside_the_notebook(folder):
    """A path hook for one folder."""
    def hook(path):
        if os.path.realpath(path or ".") != folder:
            raise ImportError
        return FileFinder(path or ".", (_Loader, [".py"]))
    return hook


def attach(shell, path):
    """Let a witness watch what runs in an IPython shell from now on, and write to `path`."""
    cells = []

    def running():
        return len(cells)
    shell.events.register("pre_run_cell", lambda info: info.store_history and cells.append(info))
    witness = Witness(path, running)
    setattr(builtins, NAME, witness)
    _Loader.witness = witness
    shell.ast_transformers.append(Instrument(witness, running))
    sys.path_hooks.insert(0, _beside_the_notebook(os.path.realpath(".")))
    sys.path_importer_cache.clear()
