"""torch.compile: the function or module itself, behind torch's looks (torch._dynamo.eval_frame).

What is recorded is compiled by XLA whether asked for or not, so nothing changes but the type. Arguments are checked as torch does.
"""

import functools

from facade._dynamo.exc import InvalidBackend
from facade.nn.modules.module import Module

__all__ = ["OptimizedModule", "compile", "disable", "is_compiling", "list_backends", "reset"]

_MODES = "default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune"
_LISTED = ["cudagraphs", "inductor", "openxla", "tvm"]
_HIDDEN = "aot_eager", "aot_eager_decomp_partition", "aot_ts", "eager", "onnxrt", "ts"


def list_backends(exclude_tags=("debug", "experimental")):
    """The names of backends that `compile` takes; all of them are XLA here."""
    return _LISTED if exclude_tags else sorted([*_LISTED, *_HIDDEN])


def compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False, recompile_limit=None):
    """The function, or a module that wraps the module, with the same results; also a decorator.

    backend: a name from `list_backends`; mode: one of torch's; options: a dict, not together with mode. Raises torch's errors for others,
    and NotImplementedError for a backend that is a function: there is no graph of torch.fx to hand to it.
    """
    if model is None:
        return functools.partial(compile, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode, options=options, disable=disable)
    _check(backend, mode, options)
    if disable:
        return model
    if isinstance(model, Module):
        return OptimizedModule(model)
    if not callable(model):
        raise AssertionError(f"A callable function is expected, but {type(model)} is provided.")

    @functools.wraps(model)
    def compiled(*args, **kwargs):
        return model(*args, **kwargs)
    compiled._torchdynamo_orig_callable = model
    return compiled


def _check(backend, mode, options):
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if mode is not None and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")
    if callable(backend):
        raise NotImplementedError("torch.compile with a backend that is a function: facade records no torch.fx graph; compile with backend='inductor', or "
                                  "take the program from facade.interop.jaxpr")
    if backend not in _LISTED and backend not in _HIDDEN:
        raise InvalidBackend(backend)


class OptimizedModule(Module):
    """A module that calls `_orig_mod`, and answers for it."""

    def __init__(self, mod):
        super().__init__()
        self._modules["_orig_mod"] = mod

    def forward(self, *args, **kwargs):
        """The module's own, with its hooks."""
        return self._orig_mod(*args, **kwargs)

    def __getattr__(self, name):
        module = self._modules["_orig_mod"]
        return module if name == "_orig_mod" else getattr(module, name)

    def __setattr__(self, name, value):
        if "_modules" in self.__dict__ and "_orig_mod" in self._modules and name not in ("training", "_orig_mod"):
            setattr(self._modules["_orig_mod"], name, value)
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name):
        delattr(self._modules["_orig_mod"], name)

    def __contains__(self, key):
        return key in self._modules["_orig_mod"]

    def __dir__(self):
        return sorted({*super().__dir__(), *dir(self._modules["_orig_mod"])})


def disable(fn=None, recursive=True, *, reason=None, wrapping=True):
    """The function as it is; also a decorator."""
    return (lambda fn: fn) if fn is None else fn


def reset():
    """Nothing: what was compiled stays right."""


def is_compiling():
    """False: Python runs each time, and records."""
    return False
