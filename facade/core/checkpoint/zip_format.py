"""The format of today: an archive with a pickle, and a record of bytes for each storage that it refers to."""

import io
import os
import sys

import numpy as np

from facade.core import dtypes
from facade.core.checkpoint import archive, locations
from facade.core.checkpoint.options import options
from facade.core.checkpoint.pickles import StorageTable, StorageType, is_storage, pickler_class, unpickler_class
from facade.core.ops.composites.storages import TypedStorage, UntypedStorage

_ORDERS = (b"little", b"big")
MARK = b"PK\x03\x04"


# ---------------------------------------------------------------- writing
def folder_of(path):
    """The name of the archive's folder: that of the file without its last suffix, where that is ASCII."""
    name = os.path.basename(os.fspath(path))
    return "archive" if not name.isascii() else name.rpartition(".")[0] if "." in name else name


def save(thing, file, folder, pickle_module, protocol, with_byteorder=True):
    """Write an object to a binary file."""
    table = StorageTable(locations.location_tag)
    text = io.BytesIO()
    pickler_class(pickle_module, lambda each: ("storage", *table.reference(each)) if is_storage(each) else None)(text, protocol=protocol).dump(thing)
    writer = archive.Writer(file, folder, options.alignment, options.checksums)
    writer.write("data.pkl", text.getvalue())
    writer.write(".format_version", b"1")
    writer.write(".storage_alignment", b"%d" % options.alignment)
    if with_byteorder:
        writer.write("byteorder", sys.byteorder.encode())
    for key, (storage, _) in table.storages.items():
        if options.skip_data:
            writer.skip(f"data/{key}", storage.nbytes())
        else:
            writer.write(f"data/{key}", np.ascontiguousarray(storage.array()).view(np.uint8))
    writer.close()


# ---------------------------------------------------------------- reading
class Loader:
    """Reads an archive; mapped: the path of the file, to have its bytes mapped into memory and not read."""

    def __init__(self, reader, map_location, mapped=None):
        self._reader, self._restore = reader, locations.restorer(map_location)
        self._storages, self._order = {}, _byte_order(reader)
        self._map = None if mapped is None else np.memmap(mapped, np.uint8, "r")

    def load(self, pickle_module, **options):
        """The object in the archive."""
        unpickler = unpickler_class(pickle_module, self._storage)
        return unpickler(io.BytesIO(self._reader.read("data.pkl").tobytes()), **options).load()

    def _storage(self, reference):
        kind, dtype, key, location, count = _checked(reference)
        found = self._storages.get((key, dtype) if count == 0 else key)
        if found is None:
            bytes_ = self._bytes(f"data/{key}", count, dtype)
            untyped = self._restore(UntypedStorage.of_array(native(bytes_, dtype, self._order)), location)
            found = self._storages[(key, dtype) if count == 0 else key] = TypedStorage(wrap_storage=untyped, dtype=dtype)
        return found

    def _bytes(self, name, count, dtype):
        size = count * dtype.itemsize
        if options.skip_data:
            return np.zeros(size, np.uint8)
        if self._reader.size(name) != size:
            raise RuntimeError(f"record size ({self._reader.size(name)} bytes) does not match expected size ({size} bytes = {size} elements * 1 "
                               "bytes/element) for dtype Byte")
        if self._map is None or not self._reader.is_stored(name):
            return self._reader.read(name)
        offset = self._reader.offset(name)
        return self._map[offset:offset + size]


def _checked(reference):
    if not isinstance(reference, tuple):
        raise AssertionError(f"saved_id must be a tuple, got {type(reference).__name__}")
    name, *rest = reference
    if decoded(name) != "storage":
        raise AssertionError(f"Unknown typename for persistent_load, expected 'storage' but got '{decoded(name)}'")
    if len(rest) != 4 or type(rest[3]) is not int or rest[3] < 0 or not all(isinstance(each, (str, bytes)) for each in rest[1:3]):
        raise ValueError(f"the file refers to a storage in a way that cannot be: {rest}")
    kind, key, location, count = rest
    return kind, dtype_of(kind), decoded(key), decoded(location), count


def dtype_of(kind):
    """The dtype of a class of storages that a file names."""
    if kind is UntypedStorage:
        return dtypes.uint8
    if not isinstance(kind, StorageType):
        raise TypeError(f"the file has a storage of a class that is none of storages: {kind}")
    return kind.dtype


def decoded(text):
    """A name in a file, which Python 2 wrote as bytes."""
    return text.decode("ascii") if isinstance(text, bytes) else text


def _byte_order(reader):
    if "byteorder" not in reader:
        return options.endianness or "little"
    found = reader.read("byteorder").tobytes()
    if found not in _ORDERS:
        raise ValueError(f"Unknown endianness type: {found.decode(errors='replace')}")
    return found.decode()


def native(array, dtype, order):
    """The bytes with those of each number in this machine's order."""
    if order in ("native", sys.byteorder):
        return array
    width = dtype.itemsize // (2 if dtype.is_complex else 1)
    return np.ascontiguousarray(array.reshape(-1, width)[:, ::-1]).reshape(-1)
