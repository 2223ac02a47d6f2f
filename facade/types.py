"""Names for annotations (torch.types)."""

import os
from typing import IO, Union

from facade.core.devices import device
from facade.core.ops.composites.storages import TypedStorage as Storage

__all__ = ["Device", "FileLike", "Number", "Storage"]

Number = int | float | bool
Device = Union[device, str, int, None]
FileLike = Union[str, os.PathLike, IO[bytes]]
