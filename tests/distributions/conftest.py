"""Distributions validate their arguments, as they do by default: `torch.compile` turns that off for the whole process."""

import pytest

import facade
from tests import oracle


@pytest.fixture(autouse=True)
def validating():
    """Validation on, in both worlds."""
    for torch in (facade, oracle.torch) if oracle.HAVE_TORCH else (facade,):
        torch.distributions.Distribution.set_default_validate_args(True)
