"""`facade check` reads programs without running them: what it finds is what importing and looking up would find."""

import json

import pytest

import facade
from facade.port import check
from facade.port.names import ABSENT, Verdict, differences, find, judge, torch_names

PROGRAM = """
import torch, torch.nn as nn
import torch.nn.functional as F
from torch import optim as o
from torch.utils.data import DataLoader, NoSuchThing
import torchvision.transforms as T

class Net(nn.Module):
    def __init__(self, nn_, F=None):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        F.nothing_of_torchs

    def forward(self, x: torch.Tensor):
        return F.relu(self.layer(x)).int_repr() if x.int_repr() is None else x

x = torch.randn(3)
y = (x + 1).sum().q_scale()
x = [1]
x.values
other.q_per_channel_axis()
other.index(1)
try:
    import torch.fx as fx
except ImportError:
    fx = None
fx.Proxy
torch.float32.itemsize
torch.no_such_function
o.SGD
torch.profiler.profile()
torch._C.anything
from torch.utils.tensorboard import SummaryWriter
writer = SummaryWriter("runs")
writer.add_scalar("loss", 1)
writer.add_graph(None)
torch.zeros(2, device="meta")
import d2l.torch as d2l
"""
EXPECTED = {
    "torch.nn": "exact", "torch.nn.functional": "exact", "torch.optim": "exact", "torch.utils.data.DataLoader": "exact",
    "torch.utils.data.NoSuchThing": "unknown", "torchvision.transforms": "missing", "torch.nn.Module": "exact", "torch.nn.Linear": "exact",
    "torch.Tensor": "exact", "torch.nn.functional.relu": "exact", "torch.Tensor.int_repr": "missing", "torch.randn": "exact",
    "torch.Tensor.sum": "exact", "torch.Tensor.q_scale": "missing", "torch.Tensor.q_per_channel_axis": "missing", "torch.fx": "missing",
    "torch.fx.Proxy": "missing", "torch.float32.itemsize": "exact", "torch.no_such_function": "unknown", "torch.optim.SGD": "exact",
    "torch.profiler.profile": "differs", "torch._C.anything": "missing",
    "torch.utils.tensorboard.SummaryWriter": "exact", "torch.utils.tensorboard.SummaryWriter.add_graph": "differs", "torch.device('meta')": "missing",
    "torch.zeros": "exact", "d2l.torch": "differs",
}


@pytest.fixture
def write(tmp_path):
    """A function that writes a file and returns its path."""
    def to(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)
    return to


def notebook(*cells, **metadata):
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def test_every_use_is_found_and_judged(write):
    report = check(write("program.py", PROGRAM))
    assert {each.name: each.verdict.value for each in report.findings} == EXPECTED
    assert not report.passes() and report.files == 1 and not report.unreadable


def test_a_finding_tells_its_place_and_what_to_do(write):
    path = write("program.py", "import torch\n\nx = torch.zeros(2); torch.profiler.profile()\n")
    line = str(check(path).of(Verdict.DIFFERS)[0])
    assert line.startswith(f"{path}:3:21: torch.profiler.profile differs: ") and "jax.profiler.trace" in line


def test_variables_pass_from_cell_to_cell_and_magics_are_tolerated(write):
    path = write("book.ipynb", notebook("%matplotlib inline\n!pip install torch \\\n  numpy\nimport torch",
                                        "x = torch.zeros(2)\n%time y = x.int_repr()\nfiles = !ls",
                                        ["%%time\n", "torch.fx?"], "%%bash\nls | torch.nothing", "x.q_scale()"))
    report = check(path)
    found = [(each.cell, each.line, each.name) for each in report.of(Verdict.MISSING)]
    assert found == [(2, 2, "torch.Tensor.int_repr"), (5, 1, "torch.Tensor.q_scale")]
    assert not report.unreadable and f"{path}[cell 2]:2:" in report.text()


@pytest.mark.parametrize("name, content, reason", [
    ("old.py", "print 'torch'\n", "line 1: "), ("latin.py", "x = 'é'".encode("latin-1"), "not readable"), ("nul.py", "x = 1\0", "null"),
    ("empty.ipynb", "", "not readable"), ("list.ipynb", "[]", "not readable"), ("deep.py", "(" * 500, "line 1: "),
    ("strange.py", "# coding: nonsense\n", "not readable")])
def test_what_cannot_be_read_is_reported(write, name, content, reason):
    report = check(write(name, content), write("good.py", "import torch\ntorch.zeros(2)\n"))
    assert [each[2].partition(reason)[1] for each in report.unreadable] == [reason]
    assert len(report.findings) == 1 and report.passes() and not report.passes(strict=True)


def test_other_encodings_and_languages(write):
    named = "# -*- coding: latin-1 -*-\nx = 'é'; import torch; torch.fx\n".encode("latin-1")
    assert [each.line for each in check(write("named.py", named)).of(Verdict.MISSING)] == [2]
    assert not check(write("r.ipynb", notebook("x <- torch.fx", kernelspec={"language": "R"}))).unreadable


def test_a_folder_is_searched(write, tmp_path):
    for name in ("a.py", "b.ipynb", "c.txt", ".hidden.py"):
        write(name, notebook("import torch.fx") if name.endswith("ipynb") else "import torch.fx")
    report = check(tmp_path)
    assert report.files == 2 and len(report.of(Verdict.MISSING)) == 2


def test_command(python, write):
    bad, good = write("bad.py", "import torch\ntorch.fx\n"), write("good.py", "import torch\ntorch.jit.script(1)\n")
    finished = python("-m", "facade", "check", "--json", bad)
    found = json.loads(finished.stdout)
    assert (finished.returncode, found["passes"], [each["name"] for each in found["findings"]]) == (1, False, ["torch.fx"]), finished.stderr
    codes = [python("-m", "facade", "check", *arguments).returncode for arguments in ([good], ["--strict", good], ["absent.py"])]
    assert codes == [0, 1, 2]


# ---------------------------------------------------------------- the data
def test_differences_are_needed():
    """Each line of the list fits a name that is there, or not there, as its section says; no two lines fit the same names."""
    seen = set()
    for is_present, pattern, note in differences():
        assert (is_present, pattern) not in seen and note
        seen.add((is_present, pattern))
        if is_present and "*" not in pattern:
            assert find(pattern) is not ABSENT, pattern
        if not is_present and "*" not in pattern:
            assert find(pattern) is ABSENT, f"facade has {pattern}: move or delete the line"


@pytest.mark.parametrize("name", ["torch.nn.Linear", "torch.utils.data.DataLoader", "torch.Tensor.add_"])
def test_what_is_there_is_exact(name):
    assert judge(name).verdict is Verdict.EXACT and find(name) is eval(name.replace("torch", "facade", 1), {"facade": facade})


def test_record_has_what_everybody_uses():
    assert {"Linear", "Module"} <= set(torch_names()["torch.nn"]) and "backward" in torch_names()["torch.Tensor"]
