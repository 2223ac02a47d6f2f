"""Calling a module with other tensors in place of its own (torch.nn.utils.stateless)."""

import contextlib
import functools

from facade.core.warn import warn

__all__ = ["functional_call"]


def functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """The former home of `torch.func.functional_call`."""
    warn("`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future version of PyTorch. "
         "Please use `torch.func.functional_call` instead which is a drop-in replacement.", FutureWarning)
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(module, given, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with these tensors by name. args: a tuple, or the one argument; strict: all must be given."""
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _reparametrize_module(module, given, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))


@contextlib.contextmanager
def _reparametrize_module(module, given, tie_weights=False, strict=False):
    """Have a module hold these tensors; what it set in their place meanwhile goes to `given`.

    tie_weights: names of the same tensor of the module get the same tensor.
    """
    own = dict(_named(module))
    wanted = given | _tied(own, given) if tie_weights else given
    _check_names(module, wanted, own, strict)
    replaced = {name: wanted[name] for name in own if name in wanted}
    with contextlib.ExitStack() as undo:
        for name, tensor in replaced.items():
            undo.callback(_restore, module, name, own[name], given)
            _put(module, name, tensor)
        yield


def _restore(module, name, own, given):
    held = _put(module, name, own)
    if name in given:
        given[name] = held


def _named(module):
    yield from module.named_parameters(remove_duplicate=False)
    if hasattr(module, "named_buffers"):
        yield from module.named_buffers(remove_duplicate=False)


def _tied(own, given):
    """The tensors for names that are not given, from those that the module holds the same tensor under."""
    names = {}
    for name, tensor in own.items():
        names.setdefault(id(tensor), []).append(name)
    made = {}
    for tied in names.values():
        chosen = {id(given[name]): given[name] for name in tied if name in given}
        if len(chosen) > 1:
            raise ValueError(f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider using tie_weights=False")
        made |= {name: tensor for name in tied for tensor in chosen.values()}
    return made


def _check_names(module, given, own, strict):
    unexpected, missing = sorted(set(given) - set(own)), sorted(set(own) - set(given))
    if strict and (unexpected or missing):
        lines = [f"\n\t{what} key(s): {', '.join(map(repr, names))}." for what, names in (("Unexpected", unexpected), ("Missing", missing)) if names]
        raise RuntimeError(f"Error(s) in reparametrizing for {type(module).__name__}:{''.join(lines)}")


def _put(module, name, tensor):
    """Let a parameter or buffer of the module be this tensor; return what it was."""
    *path, last = name.split(".")
    owner = functools.reduce(getattr, path, module)
    for kind in ("_parameters", "_buffers"):
        table = getattr(owner, kind, ())
        if last in table:
            before, table[last] = table[last], tensor
            return before
    before = getattr(owner, last)
    setattr(owner, last, tensor)
    return before
