"""Saving and loading (torch.serialization): `save` and `load`, in PyTorch's own file formats, both ways.

A file that PyTorch wrote loads here, and one written here loads there: it names torch's classes, which stand for facade's.
`load` makes tensors and plain containers and runs nothing that a file asks for, unless it is told `weights_only=False`. A path
that is saved to has either its old content or all of the new, whatever happens between.
"""

import enum
import io
import mmap
import os
import pickle
import re

from facade.core.checkpoint import archive, files, legacy_format, safetensors, zip_format
from facade.core.checkpoint import weights_only as safe_pickle
from facade.core.checkpoint.legacy_format import SourceChangeWarning
from facade.core.checkpoint.locations import default_restore_location, location_tag, register_package, validated
from facade.core.checkpoint.options import options
from facade.core.checkpoint.pickles import StorageType
from facade.core.devices import device
from facade.core.layouts import _get_layout  # noqa: F401  (files name it)
from facade.core.warn import warn

__all__ = ["LoadEndianness", "SourceChangeWarning", "StorageType", "add_safe_globals", "clear_safe_globals", "default_restore_location",
           "get_crc32_options", "get_default_load_endianness", "get_default_mmap_options", "get_safe_globals",
           "get_unsafe_globals_in_checkpoint", "load", "location_tag", "register_package", "safe_globals", "save", "set_crc32_options",
           "set_default_load_endianness", "set_default_mmap_options", "skip_data", "validate_cuda_device"]

DEFAULT_PROTOCOL = 2
_UNSAFE = ("In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` from `False` to `True`. Re-running "
           "`torch.load` with `weights_only` set to `False` will likely succeed, but it can result in arbitrary code execution. Do it only if you "
           "got the file from a trusted source.")
_DOCS = ("\n\nCheck the documentation of torch.load to learn more about types accepted by default with weights_only "
         "https://pytorch.org/docs/stable/generated/torch.load.html.")
_TRUE = ("1", "y", "yes", "true")


# ---------------------------------------------------------------- saving
def save(obj, f, pickle_module=pickle, pickle_protocol=DEFAULT_PROTOCOL, _use_new_zipfile_serialization=True, _disable_byteorder_record=False):
    """Save an object to a file (torch.save).

    obj: anything that can be pickled, with tensors of any shapes in it; tensors that share memory still do when loaded.
    f: a path, or an open binary file. pickle_module, pickle_protocol: how what is no tensor is written.
    A path is replaced as a whole when everything is written: if saving fails, the file from before is still there.

        >>> torch.save({"weight": torch.ones(2), "step": 3}, "checkpoint.pt")
        >>> torch.load("checkpoint.pt")
        {'weight': tensor([1., 1.]), 'step': 3}
    """
    if not files.is_path(f) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    if not _use_new_zipfile_serialization and options.skip_data:
        raise RuntimeError("Cannot use skip_data=True with _use_new_zipfile_serialization=False")
    with files.writing(f) as file:
        if _use_new_zipfile_serialization:
            folder = zip_format.folder_of(f) if files.is_path(f) else "archive"
            zip_format.save(obj, file, folder, pickle_module, pickle_protocol, not _disable_byteorder_record)
        else:
            legacy_format.save(obj, file, pickle_module, pickle_protocol)


# ---------------------------------------------------------------- loading
def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """Load what `save` wrote, here or in PyTorch (torch.load).

    f: a path, or an open binary file that can seek; a path that ends in .safetensors is read as that.
    map_location: where tensors go: a device, its name, a dict from names to names, or a function (storage, name) -> storage.
    weights_only: make tensors and plain containers alone, and raise UnpicklingError for everything else; True unless a
    pickle_module is given. With False the file may run any code: only for files from people you trust.
    mmap: leave the bytes of the tensors in the file until they are used; for paths alone.
    """
    weights_only = _wants_weights_only(weights_only, pickle_module)
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if weights_only and pickle_load_args:
        warn("pickle_load_args only works if `weights_only=False`.")
    pickle_load_args.setdefault("encoding", "utf-8")
    if files.is_path(f) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(os.fspath(f), map_location)
    with files.reading(f) as file:
        machine = safe_pickle if weights_only else pickle_module or pickle
        loader = _zip_loader(f, file, map_location, weights_only, mmap) if _starts_with(file, zip_format.MARK) else \
            _legacy_loader(f, file, map_location, weights_only, mmap)
        try:
            return loader.load(machine, **pickle_load_args)
        except pickle.UnpicklingError as failure:
            if not weights_only:
                raise
            raise pickle.UnpicklingError(_explained(str(failure))) from None


def _wants_weights_only(asked, pickle_module):
    """Whether to load safely, as the argument and torch's two environment variables say."""
    forced, forced_off = (os.getenv(name, "0").lower() in _TRUE for name in ("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"))
    if forced and forced_off:
        raise RuntimeError("Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should be set, but both were set.")
    if forced:
        return True
    if asked is None and forced_off:
        warn("Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the`weights_only` argument was not explicitly passed to "
             "`torch.load`, forcing weights_only=False.", UserWarning)
        return False
    return pickle_module is None if asked is None else asked


def _starts_with(file, mark):
    start = file.tell()
    found = file.read(len(mark))
    file.seek(start)
    return found == mark


def _zip_loader(f, file, map_location, safe, mapped):
    reader = archive.Reader(file)
    if "constants.pkl" in reader:
        if safe:
            raise RuntimeError(f"Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. {_UNSAFE}")
        raise NotImplementedError("facade does not support TorchScript archives: save the module's state_dict() instead")
    if mapped and not files.is_path(f):
        raise ValueError("f must be a file path in order to use the mmap argument")
    return zip_format.Loader(reader, map_location, os.fspath(f) if mapped else None)


def _legacy_loader(f, file, map_location, safe, mapped):
    if mapped:
        name = f"{f}, " if isinstance(f, str) else ""
        raise RuntimeError(f"mmap can only be used with files saved with `torch.save({name}_use_new_zipfile_serialization=True), "
                           "please torch.save your checkpoint with this option in order to use mmap.")
    tar = legacy_format.opened_tar(file)
    if tar is None:
        return legacy_format.Loader(file, map_location)
    if safe:
        raise RuntimeError(f"Cannot use ``weights_only=True`` with files saved in the legacy .tar format. {_UNSAFE}")
    return legacy_format.TarLoader(tar, map_location)


def _load_safetensors(path, map_location):
    if isinstance(map_location, dict) or callable(map_location):
        raise RuntimeError(f"Loading safetensors file with {'dict' if isinstance(map_location, dict) else 'callable'} map_location is not supported. "
                           "Use a device string or torch.device instead.")
    found = safetensors.load(path)
    return found if map_location is None else {name: tensor.to(device=device(map_location)) for name, tensor in found.items()}


def _explained(reason):
    """torch's advice for a file that was refused."""
    if re.search(r"GLOBAL (\S+) was not an allowed global by default.", reason):
        return ("Weights only load failed. This file can still be loaded, to do so you have two options, \033[1mdo those steps only if you trust the "
                f"source of the checkpoint\033[0m. \n\t(1) {_UNSAFE}\n\t(2) Alternatively, to load with `weights_only=True` please check the "
                f"recommended steps in the following error message.\n\tWeightsUnpickler error: {reason}{_DOCS}")
    report = "" if re.search(r"whose module (\S+) is blocked", reason) else (
        "Please file an issue with the following so that we can make `weights_only=True` compatible with your use case: WeightsUnpickler error: ")
    return f"Weights only load failed. {_UNSAFE}\n{report}\n\n{reason}{_DOCS}"


# ---------------------------------------------------------------- what is safe to load
def add_safe_globals(safe_globals):
    """Let files that are loaded with weights_only name these functions and classes; a pair gives the path that they have in the file."""
    safe_pickle.allow(safe_globals)


def get_safe_globals():
    """What `add_safe_globals` was given."""
    return safe_pickle.users_list()


def clear_safe_globals():
    """Take back all that `add_safe_globals` allowed."""
    safe_pickle.disallow(safe_pickle.users_list())


class safe_globals:
    """A context in which files may name these functions and classes too."""

    def __init__(self, safe_globals):
        self.safe_globals = safe_globals

    def __enter__(self):
        add_safe_globals(self.safe_globals)

    def __exit__(self, *error):
        safe_pickle.disallow(self.safe_globals)


def get_unsafe_globals_in_checkpoint(f):
    """The paths of the functions and classes that a file names and that nobody allowed; the file is looked at, not loaded."""
    with files.reading(f) as file:
        if not _starts_with(file, zip_format.MARK):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        reader = archive.Reader(file)
        if "constants.pkl" in reader:
            raise ValueError("Expected input to be a checkpoint returned by torch.save but got a torchscript checkpoint")
        named = safe_pickle.globals_in(io.BytesIO(reader.read("data.pkl").tobytes()))
    return list(named - safe_pickle.allowed_by_default().keys() - safe_pickle.allowed_by_user().keys())


# ---------------------------------------------------------------- settings
class LoadEndianness(enum.Enum):
    """The byte order of files that do not say theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


def get_default_load_endianness():
    """The byte order taken for files that do not say theirs, None for torch's default, little."""
    return options.endianness and LoadEndianness[options.endianness.upper()]


def set_default_load_endianness(endianness):
    """Set it; None for torch's default."""
    if not isinstance(endianness, LoadEndianness) and endianness is not None:
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    options.endianness = endianness and endianness.name.lower()


def get_crc32_options():
    """Whether `save` stores checksums."""
    return options.checksums


def set_crc32_options(compute_crc32):
    """Set it; `load` checks the checksums that a file has."""
    options.checksums = compute_crc32


def get_default_mmap_options():
    """mmap.MAP_PRIVATE or mmap.MAP_SHARED."""
    return options.mmap_flags


class set_default_mmap_options:
    """Set it, also as a context. Tensors here never write to a file, so it changes nothing."""

    def __init__(self, flags):
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError("Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, "
                             f"but got {flags}")
        self._before, options.mmap_flags = options.mmap_flags, flags

    def __enter__(self):
        pass

    def __exit__(self, *error):
        options.mmap_flags = self._before


class skip_data:
    """A context in which `save` leaves room for the bytes of tensors, and `load` makes zeros of them."""

    def __init__(self, materialize_fake_tensors=False):
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self):
        self._before, options.skip_data = options.skip_data, True

    def __exit__(self, *error):
        options.skip_data = self._before


def validate_cuda_device(location):
    """The index of the GPU that a text names; RuntimeError where there is none."""
    return validated(location, "cuda").index
