"""Picklers and unpicklers that speak torch's names, and turn storages into references to the records beside the pickle."""

import pickle
from types import FunctionType

from facade.core import dtypes
from facade.core.checkpoint import names
from facade.core.ops.composites.storages import NAME_OF, NAMED, STORAGES, TypedStorage, UntypedStorage


class StorageType:
    """Stands for a class of storages, such as torch.FloatStorage, while a file is read (torch.serialization.StorageType)."""

    __module__ = "facade.serialization"

    def __init__(self, name):
        self._dtype = NAMED[name]

    @property
    def dtype(self):
        """The type of the elements."""
        return self._dtype

    def __str__(self):
        return f"StorageType(dtype={self.dtype})"


class StorageTable:
    """The storages that a pickle refers to, by the keys that it has for them.

    location_of(storage): the text that says where it was.
    """

    def __init__(self, location_of, key_of=None):
        self.storages, self._keys, self._dtypes = {}, {}, {}
        self._location_of, self._key_of = location_of, key_of or (lambda storage: str(len(self.storages)))

    def reference(self, thing):
        """(class, key, location, number of elements) of a storage; RuntimeError where two dtypes share one."""
        storage = thing.untyped()
        dtype = thing.dtype if isinstance(thing, TypedStorage) else dtypes.uint8
        kind = STORAGES[NAME_OF[dtype]] if isinstance(thing, TypedStorage) else UntypedStorage
        place = storage._cdata, storage.data_ptr(), storage.nbytes()
        if self._dtypes.setdefault(place, dtype) is not dtype and storage.nbytes():
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        if place not in self._keys:
            key = self._keys[place] = self._key_of(storage)
            self.storages[key] = storage, dtype
        return kind, self._keys[place], self._location_of(storage), storage.nbytes() // dtype.itemsize


def pickler_class(module, persistent_id):
    """The Pickler of a module such as `pickle`, writing torch's names where that one is written in Python."""
    base = pickle._Pickler if module is pickle else module.Pickler

    class Pickler(base):
        """Writes facade's objects by torch's names."""

        def persistent_id(self, thing):
            """The reference to write in the place of a storage, None for everything else."""
            return persistent_id(thing)

        def reducer_override(self, thing):
            """The name of a dtype; everything else says itself how it is pickled."""
            return thing.name if isinstance(thing, dtypes.dtype) else NotImplemented

        def save_global(self, thing, name=None):
            """Write a function or class by its name."""
            path = names.path_of(thing, name)
            if path is not None:
                self._save_path(thing, *path)
                return
            try:
                super().save_global(thing, name)
            except pickle.PicklingError:
                pickle.dumps(thing)         # says it in the words that users know
                raise

        def _save_path(self, thing, module, name):
            if self.proto >= 4:
                self.save(module)
                self.save(name)
                self.write(pickle.STACK_GLOBAL)
            else:
                self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
            self.memoize(thing)

        if hasattr(base, "dispatch"):
            dispatch = {**base.dispatch, FunctionType: save_global}

    return Pickler


def unpickler_class(module, persistent_load):
    """The Unpickler of a module such as `pickle`, reading torch's names."""
    class Unpickler(module.Unpickler):
        """Finds facade's objects by torch's names."""

        def find_class(self, mod_name, name):
            """The function or class of this name."""
            return StorageType(name) if name in NAMED else names.find(mod_name, name, super().find_class)

        def persistent_load(self, reference):
            """The storage that a reference stands for."""
            return persistent_load(reference)

    return Unpickler


def is_storage(thing):
    """Whether this is a storage, of bytes or of elements."""
    return isinstance(thing, (TypedStorage, UntypedStorage))
