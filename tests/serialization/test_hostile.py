"""Files from anybody: nothing in them runs, nothing in them takes more memory than they have bytes, and every failure is an exception."""

import io
import os
import pickle
import random
import struct
import subprocess
import sys
import tracemalloc
import zipfile

import pytest

import facade as torch
from tests.serialization.recipes import loaded, network, saved, shared_memory, with_attributes

FORMATS = {"zip": {}, "legacy": {"_use_new_zipfile_serialization": False}}
CLEAR = RuntimeError, pickle.UnpicklingError, EOFError, ValueError, TypeError, AssertionError, NotImplementedError


class Canary:
    """Says so when it is brought to life."""

    sung = []

    def __reduce__(self):
        return Canary.sung.append, ("alive",)


class Command:
    """Runs a command where it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def canary():
    """The list that fills when a file runs code."""
    Canary.sung.clear()
    return Canary.sung


def sing(text):
    """What a hostile file calls here."""
    Canary.sung.append(text)


# ---------------------------------------------------------------- code
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_the_canary_can_sing(canary, options):
    loaded(torch, saved(torch, Command(sing, "alive"), **options), weights_only=False)
    assert canary == ["alive"]


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("thing", [
    Command(sing, "x"), Command(os.system, "false"), Command(eval, "sing('x')"), Command(getattr, dict, "get"), [1, {"a": Command(sing, "x")}],
    Command(subprocess.Popen, "false"), Command(pickle.loads, b""), torch.nn.Linear(1, 1)], ids=lambda thing: repr(type(thing).__name__))
def test_code_is_refused(canary, options, thing):
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        loaded(torch, saved(torch, thing, **options))
    assert canary == []


def archive_of(program):
    """A file whose pickle is these bytes, beside one storage."""
    buffer, original = io.BytesIO(), zipfile.ZipFile(io.BytesIO(saved(torch, torch.ones(4))))
    with zipfile.ZipFile(buffer, "w") as target:
        for name in original.namelist():
            target.writestr(name, program if name.endswith("data.pkl") else original.read(name))
    return buffer.getvalue()


def named(module, name):
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


PROGRAMS = {
    "a function from a tensor's state": named("torch._tensor", "_rebuild_from_type_v2") + pickle.MARK + named("builtins", "eval"),
    "a method of what is allowed": named("torch.Tensor", "__init_subclass__"),
    "a name below what is allowed": named("collections", "OrderedDict.fromkeys.__self__.__base__"),
    "a call of a list": b"](tR.", "nothing on the stack": b"R.", "no mark": b"t.", "a key without a value": b"}(K\x01u.",
    "a memo that is not there": b"h\x05.", "an end too early": b"}(", "a build of a type": named("torch", "Tensor") + b"}b.",
    "a new list": named("collections", "Counter") + b"K\x01\x81.", "a big tensor": named("torch", "Tensor") + b"(K\xffK\xffK\xffK\xffK\xfftR.",
    "a big storage": named("torch.storage", "UntypedStorage") + b"(J\xff\xff\xff\x7ftR.",
    "big bytes": named("__builtin__", "bytearray") + b"(J\xff\xff\xff\x7ftR.",
    "another codec": named("_codecs", "encode") + b"(X\x01\x00\x00\x00aX\x03\x00\x00\x00zipQR.",
    "a reference to no storage": b"(X\x06\x00\x00\x00module" + named("torch", "Tensor") + b"tQ.",
    "a text as a reference": b"X\x01\x00\x00\x00aQ.",
    "a storage of no class": b"(X\x07\x00\x00\x00storageK\x01X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ.",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_are_refused(canary, program):
    tracemalloc.start()
    with pytest.raises((pickle.UnpicklingError, EOFError, TypeError)):
        loaded(torch, archive_of(b"\x80\x02" + program))
    assert canary == [] and tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_the_state_of_a_tensor_leaves_facade_alone():
    tensor = torch.ones(2)
    tensor.note = 1
    data = saved(torch, tensor)
    with pytest.raises(ValueError, match="one that facade keeps itself"):
        loaded(torch, replaced(data, b"note", b"_leaf", text=True))


def replaced(data, old, new, text=False):
    """The file with a text in its pickle exchanged."""
    original, buffer = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in original.namelist():
            record = original.read(name)
            if name.endswith("data.pkl"):
                record = record.replace(struct.pack("<I", len(old)) + old, struct.pack("<I", len(new)) + new) if text else record.replace(old, new)
            target.writestr(name, record)
    return buffer.getvalue()


# ---------------------------------------------------------------- sizes
@pytest.mark.parametrize("count", [5, 2**31 - 1])
def test_a_storage_has_the_size_of_its_record(count):
    data = replaced(saved(torch, torch.ones(4)), b"K\x04t", b"J" + struct.pack("<i", count) + b"t")
    with pytest.raises(RuntimeError, match=f"record size .16 bytes. does not match expected size .{4 * count} bytes"):
        loaded(torch, data)


def test_a_tensor_lies_within_its_storage():
    with pytest.raises(RuntimeError, match="out of bounds for storage of size 16"):
        loaded(torch, replaced(saved(torch, torch.ones(4)), b"K\x00K\x04\x85", b"K\x01K\x04\x85"))


def compressed(method, size=None):
    original, buffer = zipfile.ZipFile(io.BytesIO(saved(torch, torch.zeros(size or 4)))), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name in original.namelist():
            target.writestr(name, original.read(name))
    return buffer.getvalue()


def test_compressed_records():
    assert loaded(torch, compressed(zipfile.ZIP_DEFLATED)).tolist() == [0.0] * 4
    with pytest.raises(RuntimeError, match="unsupported method"):
        loaded(torch, compressed(zipfile.ZIP_BZIP2))
    with pytest.raises(RuntimeError, match="invalid header or archive is corrupted"):
        loaded(torch, compressed(zipfile.ZIP_DEFLATED, 10**6))


def test_a_directory_that_lies_takes_no_memory():
    data = bytearray(saved(torch, torch.ones(4)))
    place = data.rfind(b"PK\x01\x02", 0, data.rfind(b"archive/data/0"))
    data[place + 20:place + 28] = struct.pack("<II", 2**31, 2**31)
    tracemalloc.start()
    with pytest.raises(RuntimeError, match="invalid header or archive is corrupted"):
        loaded(torch, bytes(data))
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_a_changed_byte_of_a_tensor_is_found():
    data = bytearray(saved(torch, torch.ones(4)))
    data[data.index(struct.pack("<4f", 1, 1, 1, 1))] ^= 1
    with pytest.raises(RuntimeError, match="CRC-32 check failed"):
        loaded(torch, bytes(data))


# ---------------------------------------------------------------- files at random
def samples():
    """Files with one of everything, without checksums, so that changes get as far as they can."""
    thing = [shared_memory(torch), with_attributes(torch), network(torch).state_dict(), {"a": b"x", "b": {1}, "c": torch.Size([1])}]
    torch.serialization.set_crc32_options(False)
    try:
        return [saved(torch, thing, **options) for options in FORMATS.values()]
    finally:
        torch.serialization.set_crc32_options(True)


def damaged(data, chance):
    """The file cut off, or with some bytes replaced, moved in or taken out."""
    data = bytearray(data)
    if chance.random() < 0.2:
        return bytes(data[:chance.randrange(len(data))])
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data))
        data[place:place + chance.choice((1, 1, 1, 0, 4))] = chance.randbytes(chance.choice((1, 1, 1, 0, 4)))
    return bytes(data)


def outcome(data):
    """What loading does, and looking at what was loaded."""
    try:
        repr(loaded(torch, data))
    except CLEAR as failure:
        return type(failure).__name__
    return "loaded"


def survive(count, seed):
    """Load damaged files; how often which way of failing was seen."""
    chance, files, seen = random.Random(seed), samples(), {}
    for _ in range(count):
        found = outcome(damaged(chance.choice(files), chance))
        seen[found] = seen.get(found, 0) + 1
    return seen


def test_damaged_files(canary):
    seen = survive(60, 0)
    assert canary == [] and len(seen) > 1


@pytest.mark.sweep
def test_many_damaged_files(canary):
    seen = survive(3000, 1)
    print(seen)
    assert canary == [] and seen["RuntimeError"] > 100


def test_a_damaged_hostile_file_runs_nothing(canary):
    """Damage may hide the call from a check, but not make it."""
    chance = random.Random(2)
    for options in FORMATS.values():
        data = saved(torch, [torch.ones(2), Command(sing, "x")], **options)
        for _ in range(50):
            assert outcome(damaged(data, chance)) != "" and canary == []


def test_survival_can_fail():
    """A failure that is no clear exception is one."""
    class Broken(io.BytesIO):
        def read(self, *count):
            raise KeyError("odd")
    with pytest.raises(KeyError):
        torch.load(Broken(b"abc"))


def test_import_of_nothing():
    """Refusing a file imports nothing: the module that it names is not loaded."""
    sys.modules.pop("this", None)
    with pytest.raises(pickle.UnpicklingError):
        loaded(torch, archive_of(b"\x80\x02" + named("this", "s") + b"."))
    assert "this" not in sys.modules
