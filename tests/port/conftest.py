"""Each test here is a process of its own: an alias for `torch` must not reach the tests that import the oracle."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def python(tmp_path):
    """A function that runs `python *arguments` in an empty folder, with this checkout's facade."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)]))}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture
def facade_run(python):
    """A function that runs `facade run *arguments`."""
    return lambda *arguments: python("-m", "facade", "run", *arguments)
