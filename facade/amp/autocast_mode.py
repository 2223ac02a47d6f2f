"""The context in which operators choose their precision (torch.amp.autocast_mode)."""

import functools

from facade.core import devices, dtypes
from facade.core.ops import autocast as engine
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

__all__ = ["autocast", "autocast_decorator", "custom_bwd", "custom_fwd", "is_autocast_available"]


def is_autocast_available(device_type):
    """Whether autocast knows this kind of device."""
    return _checked(device_type) in engine.DEFAULTS


def _checked(device_type):
    return devices.device(device_type).type


def is_autocast_enabled(device_type="cuda"):
    """Whether autocast is on in this thread."""
    return _checked(device_type) in engine.state.on


def set_autocast_enabled(device_type, enabled=None):
    """Turn autocast on or off in this thread; with one argument for GPUs."""
    device, flag = ("cuda", device_type) if enabled is None else (_checked(device_type), enabled)
    engine.set_enabled(device, flag)


def get_autocast_dtype(device_type):
    """The dtype that autocast computes in."""
    return engine.state.dtypes[_checked(device_type)]


def set_autocast_dtype(device_type, dtype):
    """Choose the dtype that autocast computes in."""
    engine.state.dtypes[_checked(device_type)] = dtype


def is_autocast_cache_enabled():
    """What set_autocast_cache_enabled was told."""
    return engine.state.cache


def set_autocast_cache_enabled(enabled):
    """Accepted: what is converted twice is found to be the same in any case."""
    engine.state.cache = enabled


def clear_autocast_cache():
    """Nothing: no converted weights are kept."""


def autocast_increment_nesting():
    """One context deeper; the depth is returned."""
    engine.state.depth += 1
    return engine.state.depth


def autocast_decrement_nesting():
    """One context less; the depth is returned."""
    engine.state.depth -= 1
    return engine.state.depth


def _deprecated(name, instead, function, *fixed):
    def call(*args):
        warn(f"torch.{name}() is deprecated. Please use {instead} instead.", DeprecationWarning)
        return function(*fixed, *args)
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"An old name of {instead}."
    return call


_OLD = {f"{verb}_autocast_{device}_{noun}".rstrip("_"): (f"torch.{verb}_autocast_{noun}('{kind}'{', dtype' * (verb == 'set')})", function, kind)
        for device, kind in (("cpu", "cpu"), ("gpu", "cuda"))
        for verb, noun, function in (("get", "dtype", get_autocast_dtype), ("set", "dtype", set_autocast_dtype))}
_OLD |= {"is_autocast_cpu_enabled": ("torch.is_autocast_enabled('cpu')", is_autocast_enabled, "cpu"),
         "set_autocast_cpu_enabled": ("torch.set_autocast_enabled('cpu', enabled)", set_autocast_enabled, "cpu")}

# What stands in torch itself.
FUNCTIONS = {each.__name__: each for each in (
    is_autocast_enabled, set_autocast_enabled, get_autocast_dtype, set_autocast_dtype, is_autocast_cache_enabled, set_autocast_cache_enabled,
    clear_autocast_cache, autocast_increment_nesting, autocast_decrement_nesting)}
FUNCTIONS |= {name: _deprecated(name, *entry) for name, entry in _OLD.items()}


# ---------------------------------------------------------------- the context
def autocast_decorator(autocast_instance, func):
    """The function, run within the context."""
    @functools.wraps(func)
    def decorate_autocast(*args, **kwargs):
        with autocast_instance:
            return func(*args, **kwargs)
    return decorate_autocast


class autocast:
    """A context, or a decorator, in which products run in `dtype` (bfloat16 on the CPU, float16 on GPUs) and delicate operators in float32.

    device_type: 'cpu', 'cuda' or 'tpu'; enabled: False turns it off inside another context. Where the device is missing, or computes in
    no such dtype, it warns and does nothing. Raises ValueError for a device_type that is not a string.
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = device_type
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.fast_dtype = engine.DEFAULTS[device_type] if dtype is None and device_type != "cpu" else dtype or get_autocast_dtype(device_type)
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._enabled = enabled and self._is_possible()
        self._before = []

    def _is_possible(self):
        if self.device != "cpu" and not devices.is_available(self.device):
            warn(f"{self.device.upper()} is not available or torch_xla is imported. Disabling autocast.")
            return False
        if self.fast_dtype not in (dtypes.bfloat16, dtypes.float16):
            name = self.device.upper()
            warn(f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n{name} Autocast only supports dtypes of "
                 "torch.bfloat16, torch.float16 currently.")
            return False
        return True

    def __enter__(self):
        self._before.append((is_autocast_enabled(self.device), get_autocast_dtype(self.device), is_autocast_cache_enabled()))
        self._set(self._enabled, self.fast_dtype, self._cache_enabled)
        autocast_increment_nesting()
        return self

    def __exit__(self, *failure):
        autocast_decrement_nesting()
        self._set(*self._before.pop())
        return False

    def _set(self, enabled, dtype, cache):
        set_autocast_enabled(self.device, enabled)
        set_autocast_dtype(self.device, dtype)
        set_autocast_cache_enabled(cache)

    def __call__(self, func):
        return autocast_decorator(self, func)


def deprecated_autocast(device_type, default, module):
    """torch.cpu.amp.autocast and torch.cuda.amp.autocast: the device_type is fixed."""
    def __init__(self, enabled=True, dtype=default, cache_enabled=True):
        warn(f"`torch.{device_type}.amp.autocast(args...)` is deprecated. Please use `torch.amp.autocast('{device_type}', args...)` instead.",
             FutureWarning)
        autocast.__init__(self, device_type, enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)
    return type("autocast", (autocast,), {"__init__": __init__, "__module__": module, "__doc__": f"torch.amp.autocast('{device_type}')."})


# ---------------------------------------------------------------- autograd functions of one's own
def _cast(value, device_type, dtype):
    """The tensors in nested arguments converted, where they are of this device, and of a dtype that is."""
    if isinstance(value, Tensor):
        return engine.converted(value, dtype) if value.device.type == device_type else value
    if isinstance(value, dict):
        return {_cast(key, device_type, dtype): _cast(each, device_type, dtype) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(each, device_type, dtype) for each in value)
    return value


def _checked_type(device_type):
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """Decorator of a Function's `forward`: with cast_inputs, tensors come in that dtype and autocast is off inside; else it stays as it is."""
    _checked_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorate_fwd(*args, **kwargs):
        args[0]._dtype = get_autocast_dtype(device_type)
        on = is_autocast_enabled(device_type)
        args[0]._fwd_used_autocast = on and cast_inputs is None
        if cast_inputs is None or not on:
            return fwd(*args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            return fwd(*_cast(args, device_type, cast_inputs), **_cast(kwargs, device_type, cast_inputs))
    return decorate_fwd


def custom_bwd(bwd=None, *, device_type):
    """Decorator of a Function's `backward`: autocast is as it was in `forward`, which must have custom_fwd."""
    _checked_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorate_bwd(*args, **kwargs):
        with autocast(device_type=device_type, enabled=args[0]._fwd_used_autocast, dtype=args[0]._dtype):
            return bwd(*args, **kwargs)
    return decorate_bwd
