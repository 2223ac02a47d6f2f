"""What is set for all files: alignment, checksums, byte order, whether bytes are left out."""

import mmap
from dataclasses import dataclass


@dataclass
class Options:
    """The settings of torch.serialization; endianness: of files that do not say, None for torch's default."""

    alignment: int = 64
    checksums: bool = True
    endianness: str | None = None
    mmap_flags: int = mmap.MAP_PRIVATE
    skip_data: bool = False


options = Options()
