"""The formats of before: pickles one behind another with the bytes of the storages after them, and, older still, a tar."""

import inspect
import io
import pickle
import struct
import sys
import tarfile

import numpy as np

from facade.core.checkpoint import locations, names, weights_only
from facade.core.checkpoint.pickles import StorageTable, is_storage, pickler_class, unpickler_class
from facade.core.checkpoint.zip_format import decoded, dtype_of, native
from facade.core.ops.composites.storages import TypedStorage, UntypedStorage, tensor_on
from facade.core.warn import warn

MAGIC_NUMBER, PROTOCOL_VERSION = 0x1950A86A20F9469CFC6C, 1001
_TAR_MARK = 257, b"ustar"
_SIZES = {"short": 2, "int": 4, "long": struct.calcsize("=l")}


class SourceChangeWarning(Warning):
    """The class of a saved module has another source now (torch.serialization.SourceChangeWarning)."""


# ---------------------------------------------------------------- writing
def save(thing, file, pickle_module, protocol):
    """Write an object to a binary file."""
    table = StorageTable(locations.location_tag, lambda storage: str(storage._cdata))
    for each in (MAGIC_NUMBER, PROTOCOL_VERSION, {"protocol_version": PROTOCOL_VERSION, "little_endian": sys.byteorder == "little",
                                                  "type_sizes": _SIZES}):
        pickle_module.dump(each, file, protocol=protocol)
    pickler_class(pickle_module, lambda each: ("storage", *table.reference(each), None) if is_storage(each) else None)(
        file, protocol=protocol).dump(thing)
    keys = sorted(table.storages)
    pickle_module.dump(keys, file, protocol=protocol)
    for key in keys:
        storage, dtype = table.storages[key]
        file.write(struct.pack("<q", storage.nbytes() // dtype.itemsize))
        file.write(np.ascontiguousarray(storage.array()).view(np.uint8))


# ---------------------------------------------------------------- reading
class _Survey(pickle.Unpickler):
    """Finds which storages a pickle refers to, and runs nothing of it."""

    def __init__(self, file, **options):
        super().__init__(file, **options)
        self.references = []

    def find_class(self, module, name):
        """Nothing at all."""
        return weights_only.inert(module, name)

    def persistent_load(self, reference):
        """Note a reference."""
        self.references.append(reference)
        return weights_only.Inert()


class Loader:
    """Reads a file of the old format from where it stands.

    The bytes come behind the pickle that refers to them, so the pickle is looked through first, then run.
    """

    def __init__(self, file, map_location):
        self._file, self._restore, self._storages, self._arrays = file, locations.restorer(map_location), {}, {}

    def load(self, pickle_module, **options):
        """The object in the file."""
        if pickle_module.load(self._file, **options) != MAGIC_NUMBER:
            raise RuntimeError("Invalid magic number; corrupt file?")
        version = pickle_module.load(self._file, **options)
        if version != PROTOCOL_VERSION:
            raise RuntimeError(f"Invalid protocol version: {version}")
        about = pickle_module.load(self._file, **options)
        order = "little" if not isinstance(about, dict) or about.get("little_endian", True) else "big"
        begin = self._file.tell()
        end = self._find_arrays(pickle_module, order, options)
        self._file.seek(begin)
        result = unpickler_class(pickle_module, self._storage)(self._file, **options).load()
        self._file.seek(end)
        return result

    def _find_arrays(self, pickle_module, order, options):
        """Read the bytes behind the pickle; where they end."""
        survey = (weights_only.Survey if pickle_module is weights_only else _Survey)(self._file, encoding="bytes")
        survey.load()
        keys = pickle_module.load(self._file, **options)
        known = {decoded(each[2]): dtype_of(each[1]) for each in survey.references
                 if isinstance(each, tuple) and len(each) == 6 and decoded(each[0]) == "storage"}
        for key in keys if isinstance(keys, list) else ():
            if decoded(key) not in known:
                raise AssertionError(f"storage key {key!r} not found in deserialized_objects")
            dtype = known[decoded(key)]
            self._arrays[decoded(key)] = native(_counted_bytes(self._file, dtype.itemsize), dtype, order)
        return self._file.tell()

    def _storage(self, reference):
        if not isinstance(reference, tuple):
            raise AssertionError(f"saved_id must be a tuple, got {type(reference).__name__}")
        name, *data = reference
        if decoded(name) == "module":
            return _checked_source(*data)
        if decoded(name) != "storage":
            raise RuntimeError(f"Unknown saved id type: {name}")
        kind, key, location, count, view = data
        if type(count) is not int or not isinstance(location, (str, bytes)):
            raise ValueError(f"the file refers to a storage in a way that cannot be: {data}")
        dtype, key = dtype_of(kind), decoded(key)
        if key not in self._storages:
            self._storages[key] = self._made(key, dtype, decoded(location), count)
        return self._storages[key] if view is None else self._part(self._storages[key], *view)

    def _made(self, key, dtype, location, count):
        array = self._arrays.get(key)
        if array is None or array.size != count * dtype.itemsize:
            raise RuntimeError(f"unexpected EOF, expected {count} more elements. The file might be corrupted.")
        return TypedStorage(wrap_storage=self._restore(UntypedStorage.of_array(array), location), dtype=dtype)

    def _part(self, root, key, offset, count):
        if key not in self._storages:
            width = root.element_size()
            part = root.untyped()[offset * width:(offset + count) * width]
            self._storages[key] = TypedStorage(wrap_storage=part, dtype=root.dtype)
        return self._storages[key]


def _counted_bytes(file, width):
    """The bytes of a storage, whose number of elements stands before them."""
    header = file.read(8)
    count = struct.unpack("<q", header)[0] if len(header) == 8 else 0
    here = file.tell()
    left = file.seek(0, 2) - here
    file.seek(here)
    if len(header) < 8 or not 0 <= count * width <= left:
        raise RuntimeError(f"unexpected EOF, expected {max(count * width - left, 8 - len(header))} more bytes. The file might be corrupted.")
    return np.frombuffer(bytearray(file.read(count * width)), np.uint8)


def _checked_source(cls, file_name, source):
    """The class of a saved module; a warning where its source has changed since."""
    if file_name and source and names.path_of(cls) is None:
        try:
            changed = inspect.getsource(cls) != source
        except (OSError, TypeError):
            warn(f"Couldn't retrieve source code for container of type {cls.__name__}. It won't be checked for correctness upon loading.")
            return cls
        if changed:
            warn(f"source code of class '{cls.__module__}.{cls.__qualname__}' has changed. you can retrieve the original source code by "
                 "accessing the object's source attribute or set `torch.nn.Module.dump_patches = True` and use the patch tool to revert "
                 "the changes.", SourceChangeWarning)
    return cls


# ---------------------------------------------------------------- the tar of PyTorch 0.1
class TarLoader:
    """Reads the members `storages`, `tensors` and `pickle` of a tar, in memory."""

    def __init__(self, tar, map_location):
        self._tar, self._restore, self._things = tar, locations.restorer(map_location), {}

    def load(self, pickle_module, **options):
        """The object in the file."""
        storages = unpickler_class(pickle_module, self._thing)
        with self._member("storages") as file:
            for _ in range(pickle_module.load(file, **options)):
                key, location, kind = storages(file, **options).load()
                dtype = dtype_of(kind)
                untyped = self._restore(UntypedStorage.of_array(_counted_bytes(file, dtype.itemsize)), decoded(location))
                self._things[key] = TypedStorage(wrap_storage=untyped, dtype=dtype)
            for key, root, offset, count in pickle_module.load(file, **options):
                width = self._things[root].element_size()
                part = self._things[root].untyped()[offset * width:(offset + count) * width]
                self._things[key] = TypedStorage(wrap_storage=part, dtype=self._things[root].dtype)
        with self._member("tensors") as file:
            for _ in range(pickle_module.load(file, **options)):
                key, root, _ = storages(file, **options).load()
                self._things[key] = _tensor_in(file, self._things[root])
        with self._member("pickle") as file:
            return storages(file, **options).load()

    def _member(self, name):
        return io.BytesIO(self._tar.extractfile(name).read())

    def _thing(self, reference):
        return _checked_source(*reference) if isinstance(reference, tuple) else self._things[int(reference)]


def _tensor_in(file, storage):
    rank, _ = struct.unpack("<ii", file.read(8))
    size, stride = (struct.unpack(f"<{rank}q", file.read(8 * rank)) for _ in range(2))
    offset, = struct.unpack("<q", file.read(8))
    return tensor_on(storage, storage.dtype, offset, size, stride)


def opened_tar(file):
    """The tar that a file is from its beginning; None where it is none, the file then stands where it stood."""
    start = file.tell()
    head = file.read(_TAR_MARK[0] + len(_TAR_MARK[1])) if start == 0 else b""
    file.seek(start)
    if head[_TAR_MARK[0]:] != _TAR_MARK[1]:
        return None
    try:
        return tarfile.open(fileobj=file, mode="r:")
    except tarfile.TarError:
        file.seek(start)
        return None
