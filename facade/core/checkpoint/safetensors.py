"""The format of safetensors: the length of a JSON header, the header, the bytes (https://huggingface.co/docs/safetensors).

A header names each tensor's dtype, shape and place; there is nothing to run. The places must lie within the file, in a row.
"""

import json
import math
import os
import struct

import numpy as np

from facade.core import dtypes, engine
from facade.core.checkpoint import files
from facade.core.tensor.tensor import Tensor

_LONGEST_HEADER = 100_000_000        # as the library has it
_NAMES = {"BOOL": dtypes.bool, "U8": dtypes.uint8, "I8": dtypes.int8, "I16": dtypes.int16, "U16": dtypes.uint16, "I32": dtypes.int32,
          "U32": dtypes.uint32, "I64": dtypes.int64, "U64": dtypes.uint64, "F16": dtypes.float16, "BF16": dtypes.bfloat16, "F32": dtypes.float32,
          "F64": dtypes.float64, "F8_E4M3": dtypes.float8_e4m3fn, "F8_E5M2": dtypes.float8_e5m2, "F8_E8M0": dtypes.float8_e8m0fnu,
          "C64": dtypes.complex64}
_NAME_OF = {dtype: name for name, dtype in _NAMES.items()}


def _broken(reason):
    return ValueError(f"Error while deserializing safetensors: {reason}")


def load(path):
    """The tensors in a file, by their names; their bytes stay in the file until they are used."""
    header, begin = _header(path)
    data = np.memmap(path, np.uint8, "r")[begin:] if os.path.getsize(path) > begin else np.empty(0, np.uint8)
    header.pop("__metadata__", None)
    _check_places(header, data.size)
    return {name: _tensor(name, about, data) for name, about in header.items()}


def metadata(path):
    """The texts that a file has beside its tensors."""
    return _header(path)[0].get("__metadata__", {})


def _header(path):
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0] if size >= 8 else None
        if length is None:
            raise _broken("header too small")
        if length > min(size - 8, _LONGEST_HEADER):
            raise _broken("header too large" if length > _LONGEST_HEADER else "invalid header length")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as failure:
            raise _broken(f"invalid JSON in header: {failure}") from None
    if not isinstance(header, dict):
        raise _broken("the header is no JSON object")
    return header, 8 + length


def _check_places(header, size):
    """Raise where the places of the tensors are not all bytes in a row."""
    end = 0
    for name, about in sorted(header.items(), key=lambda each: _place(*each)):
        start, stop = _place(name, about)
        if start != end or stop < start:
            raise _broken(f"invalid offset for tensor `{name}`")
        end = stop
    if end != size:
        raise _broken("incomplete metadata, file not fully covered")


def _place(name, about):
    try:
        start, stop = about["data_offsets"]
        sound = all(type(each) is int and each >= 0 for each in (start, stop, *about["shape"])) and about["dtype"] in _NAMES
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound or stop - start != math.prod(about["shape"]) * _NAMES[about["dtype"]].itemsize:
        raise _broken(f"invalid shape, dtype or offset for tensor `{name}`")
    return start, stop


def _tensor(name, about, data):
    start, stop = _place(name, about)
    return Tensor._of(engine.constant(data[start:stop].view(_NAMES[about["dtype"]].numpy).reshape(about["shape"])))


def save(tensors, path, metadata=None):
    """Write tensors by their names, and texts by theirs; the path has its old content until all is written.

    ValueError for two tensors that share memory, or one that is not contiguous, which the format cannot tell: `clone()`,
    `contiguous()` them. TypeError for dtypes that it does not have.
    """
    _check_apart(tensors)
    header, place = {"__metadata__": metadata} if metadata else {}, 0
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    for name in order:
        tensor = tensors[name]
        header[name] = {"dtype": _NAME_OF[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [place, place + tensor.nbytes]}
        place += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with files.writing(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(tensors[name].numpy_value()).reshape(-1).view(np.uint8))


def _check_apart(tensors):
    owners = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}")
        if tensor.dtype not in _NAME_OF:
            raise TypeError(f"safetensors has no {tensor.dtype}")
        if not tensor.is_contiguous():
            raise ValueError(f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. It either means you are trying to save "
                             "tensors which are reference of each other in which case it's recommended to save only the full tensors, and reslice at "
                             "load time, or simply call `.contiguous()` on your tensor to pack it before saving.")
        other = owners.setdefault(id(tensor.storage_cell), name) if tensor.numel() else name
        if other != name:
            raise ValueError(f"the tensors `{other}` and `{name}` share memory, which safetensors cannot tell: save one of them, or a clone()")
