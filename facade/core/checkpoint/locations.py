"""Where memory was when it was saved, and where it goes when it is loaded: a registry of taggers and restorers.

A file has a text for each storage, such as 'cpu' or 'cuda:0'. `map_location` gives another one, or the storage itself.
"""

import re

from facade.core import devices
from facade.core.errors import unsupported
from facade.core.ops.composites.questions import typename_of

_registry = []          # (priority, tagger, restorer), the lowest priority first
_ACCELERATORS = ("cuda", "hpu", "xpu", "mtia", "tpu")


def register_package(priority, tagger, deserializer):
    """Add a way to name the place of storages and to bring them there; lower priorities are asked first.

    tagger(storage): a text or None; deserializer(storage, text): a storage or None.
    """
    _registry.append((priority, tagger, deserializer))
    _registry.sort(key=lambda each: each[0])


def location_tag(storage):
    """The text for where a storage is."""
    for _, tagger, _ in _registry:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError(f"don't know how to determine data location of {typename_of(storage)}")


def default_restore_location(storage, location):
    """The storage at the place that a text names; RuntimeError where nobody knows it."""
    for _, _, deserializer in _registry:
        result = deserializer(storage, location)
        if result is not None:
            return result
    raise RuntimeError(f"don't know how to restore data location of {typename_of(storage)} (tagged with {location})")


def restorer(map_location):
    """The function (storage, text) -> storage that `map_location` asks for."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, (str, bytes, devices.device)):
        fixed = map_location if isinstance(map_location, (str, bytes)) else str(map_location)
        return lambda storage, location: default_restore_location(storage, fixed)

    def restore(storage, location):
        result = map_location(storage, location)
        return default_restore_location(storage, location) if result is None else _untyped(result)
    return restore


def _untyped(result):
    if hasattr(result, "untyped"):
        return result.untyped()
    raise TypeError("TypedStorage.__init__ received an invalid combination of arguments. Expected one of:\n"
                    " * (*, torch.device device, torch.dtype dtype)\n * (int size, *, torch.device device, torch.dtype dtype)\n"
                    " * (Sequence data, *, torch.device device, torch.dtype dtype)\n * (*, UntypedStorage wrap_storage, torch.dtype dtype)\n"
                    f"Argument 'wrap_storage' must be UntypedStorage, but got {type(result)}")


# ---------------------------------------------------------------- what is known from the start
def _on_cpu(storage):
    return "cpu" if storage.device.type == "cpu" else None


def _to_cpu(storage, location):
    return (storage if storage.device.type == "cpu" else storage.cpu()) if location == "cpu" else None


def _to_meta(storage, location):
    if location == "meta":
        raise unsupported("map_location='meta'", "load to the CPU, or with mmap=True, which reads what is used")


def validated(location, kind):
    """The device that a text names; RuntimeError in torch's words where there is none of its kind."""
    hint = "please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
    if not devices.is_available(kind):
        raise RuntimeError(f"Attempting to deserialize object on a {kind.upper()} device but torch.{kind}.is_available() is False. "
                           f"If you are running on a CPU-only machine, {hint}")
    where, count = devices.device(location), len(devices.found(kind))
    if (where.index or 0) >= count:
        raise RuntimeError(f"Attempting to deserialize object on {kind.upper()} device {where.index} but torch.{kind}.device_count() is {count}. "
                           "Please use torch.load with map_location to map your storages to an existing device.")
    return where


def _restoring(kind):
    def restore(storage, location):
        if location == kind or re.match(f"{kind}(:|[0-9]+)", location):
            return storage.to(device=validated(location, kind))
    return restore


def _tagging(kind):
    return lambda storage: str(storage.device) if storage.device.type == kind else None


register_package(10, _on_cpu, _to_cpu)
register_package(22, lambda storage: None, _to_meta)
for _priority, _kind in enumerate(_ACCELERATORS, 23):
    register_package(20 if _kind == "cuda" else _priority, _tagging(_kind), _restoring(_kind))
