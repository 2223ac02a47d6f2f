"""TorchScript's decorators (torch.jit). Python runs as it is, and what it records is compiled: they change nothing.

What only exists as a TorchScript file or graph raises NotImplementedError, and says what to use instead.
"""

import contextlib
import functools
from collections import namedtuple
from typing import Final

from facade.nn.modules.module import Module

__all__ = ["Attribute", "Error", "Final", "Future", "ScriptFunction", "ScriptModule", "annotate", "enable_onednn_fusion", "export", "fork", "freeze",
           "fuser", "ignore", "interface", "is_scripting", "is_tracing", "isinstance", "load", "onednn_fusion_enabled", "optimize_for_inference",
           "optimized_execution", "save", "script", "script_if_tracing", "script_method", "set_fusion_strategy", "strict_fusion", "trace",
           "trace_module", "unused", "wait"]

Attribute = namedtuple("Attribute", ["value", "type"])
ScriptModule = Module
_is_instance = isinstance


class Error(RuntimeError):
    """What a scripted program raises in TorchScript; here its own exceptions arrive."""


class TracerWarning(Warning):
    """That a trace fixes what Python decided; here nothing is fixed."""


def save(m, f, _extra_files=None):
    """NotImplementedError: there are no TorchScript files."""
    raise NotImplementedError("torch.jit.save writes TorchScript, which facade has not; save model.state_dict() with torch.save, or export the "
                              "function of facade.interop.pure with jax.export")


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    """NotImplementedError: there are no TorchScript files."""
    raise NotImplementedError("torch.jit.load reads TorchScript, which facade cannot run; build the model in Python and load its state_dict with torch.load")


class ScriptFunction:
    """A function behind the looks of a scripted one: called, it is the function."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, *args, **kwargs):
        return self._function(*args, **kwargs)

    def save(self, f, **kwargs):
        """NotImplementedError: see torch.jit.save."""
        save(self, f)

    @property
    def graph(self):
        """NotImplementedError: the program of a result is facade.interop.jaxpr(result)."""
        raise NotImplementedError("torch.jit.ScriptFunction.graph: facade has no TorchScript graph; see facade.interop.jaxpr")

    code = graph


class _Save:
    """The `save` of a scripted module."""

    def __call__(self, f, **kwargs):
        save(None, f)


def _scripted(obj):
    if _is_instance(obj, Module):
        obj.__dict__["save"] = _Save()
        return obj
    return obj if _is_instance(obj, (type, ScriptFunction)) or not callable(obj) else ScriptFunction(obj)


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """A function, module or class, as it is; also a decorator."""
    return _scripted(obj)


def trace(func=None, example_inputs=None, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True,
          _force_outplace=False, _module_class=None, _compilation_unit=None, example_kwarg_inputs=None, _store_inputs=True):
    """A function or module, as it is: what depends on values goes on depending on them."""
    return _scripted(func)


def trace_module(mod, inputs, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True, **options):
    """The module, as it is."""
    return _scripted(mod)


# ---------------------------------------------------------------- decorators and questions
def _unchanged(name):
    def same(fn):
        return fn
    same.__name__ = same.__qualname__ = name
    same.__doc__ = "The argument as it is."
    return same


export, unused, script_method, script_if_tracing, interface = map(_unchanged, ("export", "unused", "script_method", "script_if_tracing", "interface"))


def ignore(drop=False, **kwargs):
    """The function as it is; also a decorator with arguments."""
    return drop if callable(drop) else lambda fn: fn


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """The module, which must be in eval mode."""
    if mod.training:
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before freezing.")
    return mod


def optimize_for_inference(mod, other_methods=None):
    """The module in eval mode."""
    return mod.eval()


def annotate(the_type, the_value):
    """The value."""
    return the_value


def isinstance(obj, target_type):
    """Python's, for classes."""
    return _is_instance(obj, target_type)


def is_scripting():
    """False."""
    return False


is_tracing = onednn_fusion_enabled = is_scripting


def enable_onednn_fusion(enabled):
    """Nothing: XLA fuses."""


def set_fusion_strategy(strategy):
    """Nothing: XLA fuses."""


@contextlib.contextmanager
def fuser(name):
    """The block as it is: XLA fuses."""
    yield


@contextlib.contextmanager
def optimized_execution(should_optimize):
    """The block as it is."""
    yield


class strict_fusion(contextlib.nullcontext):
    """The block as it is."""


# ---------------------------------------------------------------- tasks
class Future:
    """A result that is there already."""

    def __init__(self, value):
        self._value = value

    def wait(self):
        """The result."""
        return self._value

    value = wait

    def done(self):
        """True."""
        return True


def fork(func, *args, **kwargs):
    """Call the function; its result is behind `wait`. Operations run side by side where XLA sees that they can."""
    return Future(func(*args, **kwargs))


def wait(future):
    """The result of a fork."""
    return future.wait()
