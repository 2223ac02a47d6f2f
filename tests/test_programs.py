"""The tutorials in tests/programs/, unchanged scripts that import torch, print the same in both worlds.

The first numbers of each must be right as any operator is; from there on training repeats and so enlarges what
rounding left, and numbers agree relative to one part in a thousand, all else to the letter.
"""

import contextlib
import io
import runpy
import sys
import traceback
from pathlib import Path

import pytest

from tests.observations import DECIMAL, first_difference
from tests.worlds import test_identity, world

FIRST = 3
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
NEEDS_SKLEARN = "sklearn"


def is_torch(name):
    return name.partition(".")[0] == "torch"


@contextlib.contextmanager
def as_torch(namespace):
    """In the block, `import torch` gives `namespace`, as under `facade run`, even where PyTorch itself has been imported."""
    if namespace.__name__ == "torch":
        yield
        return
    aside = {name: sys.modules.pop(name) for name in list(sys.modules) if is_torch(name)}
    try:
        with namespace.install():
            yield
    finally:
        sys.modules.update(aside)


def run(torch, path):
    """Run the script as the main program, print what it prints, and return its first numbers."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, as_torch(torch):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except Exception:
            pytest.fail(f"{path.name} fails under {torch.__name__}:\n{traceback.format_exc()}", pytrace=False)
    print(printed.getvalue())
    return [float(number) for number in DECIMAL.findall(printed.getvalue())[:FIRST]]


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_program(path, referee, request, tmp_path, monkeypatch):
    if NEEDS_SKLEARN in path.read_text():
        pytest.importorskip(NEEDS_SKLEARN)
    monkeypatch.chdir(tmp_path)
    referee.judge(test_identity(request.node), run, {"path": path}, source=path.name)


def test_there_are_forty():
    assert len(PROGRAMS) >= 40


@pytest.mark.parametrize("printed, shown", [
    ("loss 0.510000\nloss 0.2000\n", [0.51, 0.2]),
    ("loss 0.500000\nloss 0.2010\n", [0.5, 0.201]),
    ("LOSS 0.500000\nloss 0.2000\n", [0.5, 0.2]),
])
def test_the_comparison_notices_a_difference(printed, shown):
    right = {"shown": [[0.5, 0.2]], "printed": "loss 0.500000\nloss 0.2000\n", "error": None}
    assert first_difference(right, right) is None
    assert first_difference(right, right | {"shown": [shown]}) or first_difference(right, right | {"printed": printed})


def test_the_name_torch_is_lent_and_given_back():
    before = {name: module for name, module in sys.modules.items() if is_torch(name)}
    with as_torch(world("facade")):
        assert sys.modules["torch"] is world("facade")
    assert {name: module for name, module in sys.modules.items() if is_torch(name)} == before
