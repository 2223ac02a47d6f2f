"""The name `torch`, lent to facade for as long as this process wants it.

Python finds a module by asking each entry of `sys.meta_path` in turn.  While the alias is installed, the
first entry answers for `torch` and everything below it, with the module *object* that facade's own path
gives: `import torch.nn` imports `facade.nn` and files the same object under a second name.  No module is
executed twice, so a class met under either name is one class.  Its `__module__` is then below `torch` as well,
and `print(type(x))` says what it says with PyTorch.
"""

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec

TARGET = __name__.partition(".")[0]
ALIAS = "torch"
_KEPT = {"core", "port", "workbench", "interop"}        # of which torch has no counterpart


def _is_below_alias(name):
    return name == ALIAS or name.startswith(ALIAS + ".")


def _target_of(name):
    """`torch.nn.functional` becomes `facade.nn.functional`."""
    return TARGET + name.removeprefix(ALIAS)


def _exists(name):
    # A module made at run time has no spec, for which `find_spec` would raise.
    return name in sys.modules or importlib.util.find_spec(name) is not None


class _AliasFinder:
    """Finds every `torch...` module in facade, or says that facade has no such module; advise(name): what to use instead, see
    refusing.py.
    """

    advise = staticmethod(lambda name: "")

    def find_spec(self, fullname, path=None, target=None):
        if not _is_below_alias(fullname):
            return None
        if not _exists(_target_of(fullname)):
            advice = self.advise(fullname)
            raise ModuleNotFoundError(
                f"No module named '{fullname}': {TARGET}, which stands in for {ALIAS} in this process, has no such module"
                + (advice and f"; {advice}"),
                name=fullname,
            )
        return ModuleSpec(fullname, _AliasLoader())


class _AliasLoader:
    """Hands out facade's module as it is, where another loader would make and execute a new one."""

    def create_module(self, spec):
        module = importlib.import_module(_target_of(spec.name))
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module):
        # The import system has just labelled the module with the alias's spec: relative imports need its own.
        module.__spec__ = self.own_spec
        _rename_classes([module], TARGET, ALIAS)


def _rename_classes(modules, old, new):
    """Let the classes that these modules hold, and that say they come from below `old`, say that they come from below `new`."""
    for value in [value for module in modules for value in list(vars(module).values()) if isinstance(value, type)]:
        package, _, rest = getattr(value, "__module__", "").partition(".")
        if package == old and rest.partition(".")[0] not in _KEPT:
            value.__module__ = f"{new}.{rest}" if rest else new


finder = _AliasFinder()


class Installation:
    """What `install()` returns: leaving its `with` block takes back what that call put in place."""

    def __init__(self, is_new):
        self._is_new = is_new

    def __enter__(self):
        return sys.modules[TARGET]

    def __exit__(self, *error):
        if self._is_new:
            uninstall()


def install():
    """Let `torch` and all its submodules mean facade in this process, until `uninstall()`.

    Calling it again changes nothing.  As a context manager it lasts for the block::

        with facade.install():
            import a_program_written_for_torch

    Raises RuntimeError where the real torch is already imported.
    """
    _refuse_beside_real_torch()
    is_new = finder not in sys.meta_path
    if is_new:
        sys.meta_path.insert(0, finder)
        importlib.import_module(ALIAS)
        _rename_classes(_own_modules(), TARGET, ALIAS)
    return Installation(is_new)


def uninstall():
    """Give the name `torch` back.  Modules already imported keep what they hold; calling it again changes nothing."""
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
        for name in _aliased_names():
            del sys.modules[name]
        _rename_classes(_own_modules(), ALIAS, TARGET)


def _own_modules():
    return [module for name, module in list(sys.modules.items()) if name == TARGET or name.startswith(TARGET + ".")]


def _aliased_names():
    """The names below `torch` under which a facade module is filed."""
    return [
        name
        for name, module in list(sys.modules.items())
        if _is_below_alias(name) and module is sys.modules.get(_target_of(name))
    ]


def _refuse_beside_real_torch():
    aliased = set(_aliased_names())
    if any(_is_below_alias(name) and name not in aliased for name in list(sys.modules)):
        raise RuntimeError(
            f"{TARGET}.install() cannot take the name '{ALIAS}': PyTorch itself is already imported in this process. "
            f"Call {TARGET}.install() before anything imports {ALIAS}, or start the program with `{TARGET} run FILE`."
        )
