"""Data on its way from one process to another.

A message is pickled with its arrays apart. A small one goes through the pipe as it is; a large one is laid down in a file in shared memory,
which the receiver maps, unlinks, and uses in place: its arrays are copied once, by the sender.
"""

import io
import mmap
import os
import pickle
import shutil
import tempfile
from multiprocessing.reduction import ForkingPickler

import numpy as np

from facade.core.engine import constant
from facade.core.tensor.tensor import Tensor

_INLINE = 1 << 14       # bytes: a pipe takes 65,536 without a reader, and a file costs as long as to copy some 100,000
_ALIGNMENT = 64         # of arrays within a message, as XLA likes it
_SHARED_MEMORY = "/dev/shm"


def depot():
    """A new directory for parcels, in memory where the system has that."""
    shared = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    return tempfile.mkdtemp(prefix="facade_", dir=shared)


def clear(directory):
    """Remove a depot with all that was never collected."""
    shutil.rmtree(directory, ignore_errors=True)


class _Pickler(ForkingPickler):
    """Pickles a tensor by its own elements, whatever larger memory it is a view of."""

    def reducer_override(self, item):
        plain = isinstance(item, Tensor) and type(item).__reduce_ex__ is Tensor.__reduce_ex__
        return _reduced(item) if plain else NotImplemented


def _reduced(tensor):
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError("Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support crossing process "
                           "boundaries.  If you just want to transfer the data, call detach() on the tensor before serializing (e.g., putting it "
                           "on the queue).")
    array = np.asarray(tensor.numpy_value(), order="C")
    state = {name: value for name, value in tensor.__dict__.items() if not name.startswith("_")}
    memory = pickle.PickleBuffer(array.reshape(-1).view(np.uint8))
    return _tensor, (type(tensor), memory, array.dtype, array.shape, tensor._leaf, tensor._geometry, tensor._is_param), state or None


def _tensor(cls, memory, dtype, shape, leaf, geometry, is_param):
    made = cls._of(constant(np.frombuffer(memory, np.uint8).view(dtype).reshape(shape)))
    made._leaf = leaf
    if geometry is not None:
        made._geometry = geometry
    if is_param:
        made._is_param = True
    return made


def pack(data, directory):
    """`data` as bytes, its bulk perhaps in a file in this directory."""
    arrays, stream = [], io.BytesIO()
    _Pickler(stream, 5, True, arrays.append).dump(data)
    parts = [stream.getbuffer(), *(array.raw() for array in arrays)]
    sizes, padded = [part.nbytes for part in parts], []
    for part in parts:
        padded += [part, bytes(-part.nbytes % _ALIGNMENT)]
    if sum(sizes) > _INLINE and (path := _laid_down(padded, directory)):
        return pickle.dumps((path, sizes))
    return pickle.dumps((b"".join(padded), sizes))


def _laid_down(parts, directory):
    """The path of a new file with this content; None where the memory is full."""
    handle, path = tempfile.mkstemp(dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
        return path
    except OSError:
        os.unlink(path)
        return None


def unpack(message):
    """What was packed, its arrays writable and in the memory that they came in."""
    content, sizes = pickle.loads(message)
    memory = memoryview(_collected(content) if isinstance(content, str) else bytearray(content))
    parts, start = [], 0
    for size in sizes:
        parts.append(memory[start:start + size])
        start += size + -size % _ALIGNMENT
    return pickle.loads(parts[0], buffers=parts[1:])


def _collected(path):
    """A file's content as memory of this process alone; the file is gone."""
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    os.unlink(path)
    return memory
