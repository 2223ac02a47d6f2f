"""`python -m tests.record`: store what torch shows in each test, for machines where torch is not installed."""

import sys

import pytest

from tests.worlds import TESTS

if __name__ == "__main__":
    sys.exit(pytest.main([str(TESTS), "--record", "-q", *sys.argv[1:]]))
