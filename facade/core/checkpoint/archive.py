"""A zip archive of named records, uncompressed and each aligned, as PyTorch's files are.

The reader believes nothing: every offset and size that the archive states is held against the file's own size before
anything is read, so that a corrupt or hostile file costs an error and no memory. The layout is that of
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT; the messages are PyTorch's.
"""

import struct
import sys
import zlib
from typing import NamedTuple

import numpy as np

_LOCAL, _CENTRAL = struct.Struct("<IHHHHHIIIHH"), struct.Struct("<IHHHHHHIIIHHHHHII")
_END, _END64, _LOCATOR64 = struct.Struct("<IHHHHIIH"), struct.Struct("<IQHHIIQQQQ"), struct.Struct("<IIQI")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK, _END64_MARK, _LOCATOR64_MARK, _SIZES_MARK = (
    0x04034B50, 0x02014B50, 0x06054B50, 0x06064B50, 0x07064B50, 0x08074B50)
_SIZES_FOLLOW, _UTF8 = 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_EXPANSION = 100                # a compressed record may be this much larger than its bytes; zeros would allow 1,032
_CHUNK = 1 << 24                # bytes at a time, so that a large record is checked while it is still in the cache
_OLDEST, _NEWEST, _OURS = 1, 10, 3      # versions of the format
_HINT = (". This is an internal miniz error. If you are seeing this error, there is a high likelihood that your checkpoint file is corrupted. "
         "This can happen if the checkpoint was not saved properly, was transferred incorrectly, or the file was modified after saving.")


def _failure(doing, reason):
    return RuntimeError(f"PytorchStreamReader failed {doing}: {reason}{_HINT}")


class _Record(NamedTuple):
    """What the central directory says of a record, checked to lie within the file."""

    offset: int         # of its local header
    stored: int         # bytes in the file
    size: int           # bytes it stands for
    checksum: int       # 0 where none was computed
    method: int


# ---------------------------------------------------------------- reading
class Reader:
    """The records of an archive in a seekable binary file, which starts where the file stands.

    RuntimeError in PyTorch's words where it is no archive of PyTorch's.
    """

    def __init__(self, file):
        self._file, self._start = file, file.tell()
        self._size = file.seek(0, 2) - self._start
        self.records, self.name = {}, None
        for name, record in self._entries(*self._directory()):
            self._add(name, record)
        if sum(each.stored for each in self.records.values()) > self._size:     # records that overlap stand for more than there is
            raise _failure("reading zip archive", "invalid header or archive is corrupted")
        self._check_version()

    # ------------------------------------------------------------ the directory
    def _bytes(self, offset, count):
        """`count` bytes at `offset` of the archive; RuntimeError where the file has not as many."""
        if offset < 0 or count < 0 or offset + count > self._size:
            raise _failure("reading zip archive", "invalid header or archive is corrupted")
        self._file.seek(self._start + offset)
        found = self._file.read(count)
        if len(found) != count:
            raise _failure("reading zip archive", "file read failed")
        return found

    def _directory(self):
        """(offset, size, number of entries) of the central directory."""
        if self._size < _END.size:
            raise _failure("reading zip archive", "not a ZIP archive")
        span = min(self._size, _END.size + _FULL16)
        tail = self._bytes(self._size - span, span)
        place = tail.rfind(_END_MARK.to_bytes(4, "little"), 0, span - _END.size + 4)
        if place < 0:
            raise _failure("reading zip archive", "failed finding central directory")
        _, _, _, _, count, size, offset, _ = _END.unpack_from(tail, place)
        locator = place - _LOCATOR64.size
        if locator >= 0 and tail.startswith(_LOCATOR64_MARK.to_bytes(4, "little"), locator):
            _, _, offset64, _ = _LOCATOR64.unpack_from(tail, locator)
            mark, _, _, _, _, _, _, count, size, offset = _END64.unpack(self._bytes(offset64, _END64.size))
            if mark != _END64_MARK:
                raise _failure("reading zip archive", "invalid header or archive is corrupted")
        return offset, size, count

    def _entries(self, offset, size, count):
        directory, place = self._bytes(offset, size), 0
        if count * _CENTRAL.size > size:
            raise _failure("reading zip archive", "invalid header or archive is corrupted")
        for _ in range(count):
            if place + _CENTRAL.size > size:
                raise _failure("reading zip archive", "invalid header or archive is corrupted")
            mark, _, _, _, method, _, _, checksum, stored, full, name, extra, comment, _, _, _, at = _CENTRAL.unpack_from(directory, place)
            place += _CENTRAL.size
            if mark != _CENTRAL_MARK or place + name + extra + comment > size:
                raise _failure("reading zip archive", "invalid header or archive is corrupted")
            text = str(directory[place:place + name], "utf-8")
            full, stored, at = _wide(directory[place + name:place + name + extra], full, stored, at)
            place += name + extra + comment
            yield text, _Record(at, stored, full, checksum, method)

    def _add(self, name, record):
        folder, slash, rest = name.partition("/")
        if not slash:
            raise RuntimeError(f"file in archive is not in a subdirectory: {name}")
        if folder != (self.name or folder):
            raise RuntimeError(f"file in archive is not in a subdirectory {self.name}/: {name}")
        if record.method not in (_STORED, _DEFLATED):
            raise _failure(f"retrieving file meta-data for {rest}", "unsupported method")
        expanded = record.size if record.method == _STORED else record.size / _EXPANSION
        if record.offset + record.stored > self._size or expanded > record.stored or record.method == _STORED and record.size != record.stored:
            raise _failure(f"retrieving file meta-data for {rest}", "invalid header or archive is corrupted")
        self.name = folder
        self.records[rest] = record

    def _check_version(self):
        name = ".data/version" if ".data/version" in self.records else "version"
        if name not in self.records:
            raise RuntimeError('Expected hasRecord("version") to be true, but got false.  (Could this error message be improved?  If so, '
                               "please report an enhancement request to PyTorch.)")
        text = str(self.read(name), "utf-8", "replace")
        try:
            version = int(text)
        except ValueError:
            raise RuntimeError(f"Couldn't parse the version {text} as Long Long.") from None
        if version < _OLDEST:
            raise RuntimeError(f"Attempted to read a PyTorch file with version {version}, but the minimum supported version for reading is "
                               f"{_OLDEST}. Your PyTorch script module file is too old. Please regenerate it with latest version of PyTorch to "
                               "mitigate this issue.")
        if version > _NEWEST:
            raise RuntimeError(f"Attempted to read a PyTorch file with version {version}, but the maximum supported version for reading is "
                               f"{_NEWEST}. The version of your PyTorch installation may be too old, please upgrade PyTorch to latest version to "
                               "mitigate this issue.")

    # ------------------------------------------------------------ the records
    def __contains__(self, name):
        return name in self.records

    def size(self, name):
        """How many bytes a record has."""
        return self._record(name).size

    def _record(self, name):
        if name not in self.records:
            raise _failure(f"locating file {name}", "file not found")
        return self.records[name]

    def offset(self, name):
        """Where the bytes of a record begin in the file."""
        record = self._record(name)
        mark, *_, name_size, extra_size = _LOCAL.unpack(self._bytes(record.offset, _LOCAL.size))
        offset = record.offset + _LOCAL.size + name_size + extra_size
        if mark != _LOCAL_MARK or offset + record.stored > self._size:
            raise _failure(f"reading file {name}", "invalid header or archive is corrupted")
        return self._start + offset

    def is_stored(self, name):
        """Whether the bytes of a record stand in the file as they are."""
        return self._record(name).method == _STORED

    def read(self, name):
        """The bytes of a record, as a uint8 array that belongs to the caller."""
        record = self._record(name)
        self._file.seek(self.offset(name))
        found = self._plain(name, record) if record.method == _STORED else self._inflated(name, record)
        if record.checksum and _checksum(found) != record.checksum:
            raise _failure(f"reading file {name}", "CRC-32 check failed")
        return found

    def _plain(self, name, record):
        found = np.empty(record.size, np.uint8)
        view, done = memoryview(found), 0
        while done < record.size:
            piece = self._file.read(min(_CHUNK, record.size - done))
            if not piece:
                raise _failure(f"reading file {name}", "file read failed")
            view[done:done + len(piece)] = piece
            done += len(piece)
        return found

    def _inflated(self, name, record):
        machine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            found = machine.decompress(self._file.read(record.stored), record.size) if record.size else b""
        except zlib.error:
            raise _failure(f"reading file {name}", "decompression failed") from None
        if len(found) != record.size:
            raise _failure(f"reading file {name}", "unexpected decompressed size")
        return np.frombuffer(bytearray(found), np.uint8)


def _wide(extra, size, stored, offset):
    """The numbers of an entry, those that need 64 bits from its extra field."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            numbers = iter(struct.iter_unpack("<Q", extra[place + 4:place + 4 + length // 8 * 8]))
            return tuple(next(numbers, (each,))[0] if each == _FULL32 else each for each in (size, stored, offset))
        place += 4 + length
    return size, stored, offset


def _checksum(data):
    view, found = memoryview(data).cast("B"), 0
    for place in range(0, len(view), _CHUNK):
        found = zlib.crc32(view[place:place + _CHUNK], found)
    return found


# ---------------------------------------------------------------- writing
class Writer:
    """Writes an archive, byte for byte laid out as PyTorch 2.13 does, to a binary file that need not be seekable.

    name: the folder of all records; alignment: of their bytes; checksums: whether to store CRC-32s.
    """

    def __init__(self, file, name, alignment=64, checksums=True):
        self._file, self._name, self._alignment, self._checksums = file, name, alignment, checksums
        self._offset, self._directory = 0, []

    def write(self, name, data):
        """Add a record of these bytes: anything that has a buffer."""
        view = memoryview(data).cast("B") if len(data) else memoryview(b"")
        checksum = _checksum(view) if self._checksums and len(view) else 0
        self._begin(name, len(view))
        for place in range(0, len(view), _CHUNK):
            self._put(view[place:place + _CHUNK])
        self._finish(name, len(view), checksum)

    def skip(self, name, size):
        """Add a record whose bytes are to be written later: zeros, with no checksum."""
        self._begin(name, size)
        for place in range(0, size, _CHUNK):
            self._put(bytes(min(_CHUNK, size - place)))
        self._finish(name, size, 0)

    def _put(self, data):
        self._file.write(data)
        self._offset += len(data)

    def _begin(self, name, size):
        path = f"{self._name}/{name}".encode()
        self._header = self._offset
        wide = struct.pack("<HHQQ", 1, 16, size, size) if size >= _FULL32 or self._header >= _FULL32 else b""
        free = self._offset + _LOCAL.size + len(path) + len(wide) + 4
        pad = -free % self._alignment
        extra = wide + struct.pack("<2sH", b"FB", pad) + b"Z" * pad
        flags = _UTF8 | (_SIZES_FOLLOW if size else 0)
        unknown = _FULL32 if wide else 0
        self._put(_LOCAL.pack(_LOCAL_MARK, 0, flags, 0, 0, 0, 0, unknown, unknown, len(path), len(extra)) + path + extra)

    def _finish(self, name, size, checksum):
        path = f"{self._name}/{name}".encode()
        if size:
            wide = size >= _FULL32 or self._header >= _FULL32
            self._put(struct.pack("<IIQQ" if wide else "<IIII", _SIZES_MARK, checksum, size, size))
        large = [each for each in (size, size, self._header) if each >= _FULL32]
        extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        flags, short = _UTF8 | (_SIZES_FOLLOW if size else 0), min(size, _FULL32)
        self._directory.append(_CENTRAL.pack(_CENTRAL_MARK, 0, 0, flags, 0, 0, 0, checksum, short, short, len(path), len(extra), 0, 0, 0, 0,
                                             min(self._header, _FULL32)) + path + extra)

    def close(self):
        """Add the version and the directory; the file itself stays open."""
        self.write("version", b"%d\n" % _OURS)
        if not any(entry.endswith(b"/byteorder") for entry in self._directory):
            self.write("byteorder", sys.byteorder.encode())
        self.write(".data/serialization_id", b"%020d%020d" % tuple(_checksum(b"".join(part)) for part in (
            [entry[_CENTRAL.size:] for entry in self._directory], [entry[16:20] for entry in self._directory])))
        start, directory, count = self._offset, b"".join(self._directory), len(self._directory)
        self._put(directory)
        end = self._offset
        self._put(_END64.pack(_END64_MARK, _END64.size - 12, 0x31E, 45, 0, 0, count, count, len(directory), start))
        self._put(_LOCATOR64.pack(_LOCATOR64_MARK, 0, end, 1))
        self._put(_END.pack(_END_MARK, 0, 0, min(count, _FULL16), min(count, _FULL16), min(len(directory), _FULL32), min(start, _FULL32), 0))
