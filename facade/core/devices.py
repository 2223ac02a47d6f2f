"""Devices: JAX's, by torch's names. Nothing asks JAX which there are until a program does."""

import re

import jax

_KINDS = ("cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, privateuseone")
_PLATFORM = {"cuda": "gpu", "tpu": "tpu"}


def _misfit(given):
    """torch's TypeError for a device that is neither a name nor a device."""
    shown = "" if given is None else given.__class__.__name__
    wrong = f"      didn't match because some of the arguments have invalid types: (!{shown}!)\n" if shown else ""
    return (f"device() received an invalid combination of arguments - got ({shown}), but expected one of:\n * (torch.device device)\n{wrong}"
            " * (str type, int index = -1)\n")


class device:
    """A kind of device and perhaps an index (torch.device): 'cpu', 'cuda:0', 'tpu'."""

    __module__ = __name__.partition(".")[0]

    __slots__ = ("type", "index")

    def __init__(self, type=None, index=None):
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, str):
            raise TypeError(_misfit(type))
        if index is not None and not isinstance(index, int):
            raise TypeError(f"device(): argument 'index' (position 2) must be int, not {index.__class__.__name__}")
        match = re.fullmatch(r"([a-z]+)(?::(\d+))?", type)
        if match is None:
            raise RuntimeError(f"Invalid device string: '{type}'")
        if match[1] not in (*_KINDS.split(", "), "tpu"):
            raise RuntimeError(f"Expected one of {_KINDS} device type at start of device string: {type.split(':')[0]}")
        if match[2] is not None and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
        self.type, self.index = match[1], int(match[2]) if match[2] is not None else index

    def __repr__(self):
        return f"device(type='{self.type}'" + ("" if self.index is None else f", index={self.index}") + ")"

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __reduce__(self):
        return device, (self.type,) if self.index is None else (self.type, self.index)

    def __enter__(self):
        _default.append(self)
        return self

    def __exit__(self, *exc):
        _default.pop()


CPU = device("cpu")
_default = [CPU]


def found(kind):
    """JAX's devices of this kind, none where it has none."""
    try:
        return jax.devices(_PLATFORM.get(kind, kind))
    except RuntimeError:
        return []


def is_available(kind):
    """Whether JAX has devices of this kind here."""
    return kind == "cpu" or bool(found(kind))


def jax_device(where):
    """JAX's device behind a checked one; None for the CPU, where everything is unless it is put elsewhere."""
    return None if where.type == "cpu" else found(where.type)[where.index or 0]


def checked(where):
    """`where` as a device that exists; torch's error for one that does not."""
    if where is None:
        return _default[-1]
    asked = device(where)
    if asked.type == "cpu":
        return asked
    if asked.type == "cuda" and not is_available("cuda"):
        raise AssertionError("Torch not compiled with CUDA enabled")
    if asked.type == "meta":
        raise NotImplementedError("facade does not support the meta device: use jax.eval_shape for shapes without data")
    count = len(found(asked.type))
    if not count:
        raise RuntimeError(f"JAX has no {asked.type} device here")
    if (asked.index or 0) >= count:
        raise RuntimeError("CUDA error: invalid device ordinal" if asked.type == "cuda" else f"JAX has {count} {asked.type} devices here")
    return asked


def get_default_device():
    """The device of new tensors."""
    return _default[-1]


def set_default_device(where):
    """Make `where` the device of new tensors."""
    _default[:] = [CPU if where is None else checked(where)]
