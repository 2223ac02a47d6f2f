"""The memory of tensors as objects (torch.storage)."""

import io

from facade.core.ops.composites.storages import TypedStorage, UntypedStorage
from facade.serialization import load

__all__ = ["TypedStorage", "UntypedStorage"]


def _load_from_bytes(b):
    """What plain pickles that torch wrote call for a storage."""
    return load(io.BytesIO(b), weights_only=False)
