"""Tensors of data that is there already: another tensor's, a buffer's, a file's."""

import os

import numpy as np

from facade.core import dtypes
from facade.core.ops.advice import READ_ONLY_BUFFER
from facade.core.ops.composites.conversion import placed
from facade.core.ops.creation import as_tensor, empty, from_numpy, require_grad, tensor
from facade.core.ops.explaining import explained
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=None):
    """`obj` as a tensor; a copy only if asked or needed (torch.asarray).

    obj: a tensor, which keeps its history unless requires_grad is False, or data as for `tensor`, or a buffer of elements of the dtype.
    """
    obj = np.asarray(obj) if isinstance(obj, np.generic) else obj
    if copy is False:
        _check_alias(obj, dtype)
    if isinstance(obj, Tensor):
        made = obj.to(device=device, dtype=dtype or obj.dtype, copy=bool(copy))
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        made = frombuffer(obj, dtype=dtype or dtypes.get_default_dtype())
    else:
        made = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype, device)
    if requires_grad is None and isinstance(obj, Tensor):
        requires_grad = obj.requires_grad
    if requires_grad and not made.requires_grad:
        require_grad(made)
    if made.requires_grad and not requires_grad:
        return made.requires_grad_(False) if made._leaf else made.detach()
    return made


def _check_alias(obj, dtype):
    """Raise torch's error where only a copy would do."""
    if isinstance(obj, (list, tuple, bool, int, float, complex)):
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    own = obj.dtype if isinstance(obj, Tensor) else dtypes.of_array(obj)
    if dtype not in (None, own):
        raise ValueError(f"can't alias tensor with dtype '{own.legacy}' into dtype '{dtype.legacy}'.")


def from_file(filename, shared=None, size=0, *, dtype=None, device=None, layout=None, pin_memory=False):
    """A tensor whose memory is a file; if shared, what is written to it is in the file, which is made if need be (torch.from_file)."""
    dtype = dtype or dtypes.get_default_dtype()
    wanted = size * dtype.itemsize
    if shared and not os.path.exists(filename):
        open(filename, "xb").close()
    if not os.path.exists(filename):
        raise RuntimeError(f"unable to open file <{filename}> in read-only mode: No such file or directory (2)")
    found = os.path.getsize(filename)
    if found < wanted and shared:
        os.truncate(filename, wanted)
    elif found < wanted:
        raise RuntimeError(f"file <{filename}> size <{found}> is smaller than the required mapping size <{wanted}>")
    return from_numpy(np.memmap(filename, dtype.numpy, "r+" if shared else "c", shape=(size,))) if size else empty(0, dtype=dtype)


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A tensor that shares the memory of a Python buffer (torch.frombuffer)."""
    try:
        memory = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    _check_span(memory.nbytes, dtype.itemsize, count, offset)
    if memory.readonly:
        warn_once(READ_ONLY_BUFFER)
    array = np.frombuffer(buffer, dtype.numpy, count, offset)
    made = from_numpy(array) if array.flags.writeable else tensor(array)
    return made.requires_grad_(requires_grad)


def _check_span(length, width, count, offset):
    """Raise torch's error where these elements do not lie in a buffer of this many bytes."""
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1")
    if count < 0 and (length - offset) % width:
        raise ValueError(f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({width})")
    if count > 0 and count * width > length - offset:
        raise ValueError(f"requested buffer length ({count} * {width} bytes) after offset ({offset} bytes) must not be greater than actual buffer "
                         f"length ({length} bytes)")


FUNCTIONS = {"asarray": explained("asarray", placed(asarray, out=False)), "from_file": from_file, "frombuffer": frombuffer}
