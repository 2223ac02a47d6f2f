"""Comparing values and making tensors for tests (torch.testing)."""

from facade.testing._comparison import assert_allclose, assert_close
from facade.testing._creation import make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]
