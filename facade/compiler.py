"""torch.compile's settings (torch.compiler). Everything is compiled by XLA in any case: what only tunes torch's compiler is accepted."""

import contextlib
import functools

from facade._dynamo.eval_frame import compile, disable, is_compiling, list_backends, reset

__all__ = ["allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable", "is_compiling", "is_dynamo_compiling",
           "is_exporting", "list_backends", "nested_compile_region", "reset", "set_stance", "substitute_in_graph", "wrap_numpy"]

is_dynamo_compiling = is_exporting = is_compiling


def allow_in_graph(fn):
    """The function as it is."""
    return fn


def assume_constant_result(fn):
    """The function as it is: it is called each time."""
    return fn


def nested_compile_region(fn=None):
    """The function as it is; also a decorator."""
    return fn or nested_compile_region


def substitute_in_graph(original_fn, *, can_constant_fold_through=False, skip_signature_check=False):
    """A decorator that leaves its function as it is: the original is what runs here."""
    return lambda traceable_fn: traceable_fn


def cudagraph_mark_step_begin():
    """Nothing: there are no CUDA graphs."""


class set_stance(contextlib.ContextDecorator):
    """How eagerly to compile, as a call, a context or a decorator: accepted."""

    def __init__(self, stance="default", *, skip_guard_eval_unsafe=False, force_backend=None):
        if stance not in ("default", "eager_then_compile", "aot_eager_then_compile", "force_eager", "eager_on_recompile", "fail_on_recompile"):
            raise RuntimeError(f"invalid torch.compile stance '{stance}'")
        self.stance = stance

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        return False


def wrap_numpy(fn):
    """A function of NumPy arrays as one of tensors: NotImplementedError, by facade.interop.pure."""
    @functools.wraps(fn)
    def refuse(*args, **kwargs):
        raise NotImplementedError("torch.compiler.wrap_numpy: write the function with tensors, or with jax.numpy and facade.interop")
    return refuse
