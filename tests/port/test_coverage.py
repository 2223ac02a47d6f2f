"""`facade coverage` counts what is there; its record of PyTorch's names is what the installed PyTorch says."""

from pathlib import Path

import pytest

from facade.port.coverage import SHOWN, coverage, namespaces, table
from facade.port.names import RECORD, torch_names
from tests import oracle


@pytest.mark.skipif(not oracle.HAVE_TORCH, reason="needs PyTorch")
def test_record_is_torchs(python, tmp_path):
    finished = python("-W", "ignore", "-c", "import tests.record_names as r; open('names.txt', 'w').write(r.recorded())")
    assert (tmp_path / "names.txt").read_text() == RECORD.read_text(), finished.stderr


def test_counts():
    found = coverage("torch.nn.init")
    assert (found.total, found.present, found.missing) == (len(torch_names()["torch.nn.init"]), found.total, [])
    sparse = coverage("torch.sparse")
    total = table([found, sparse]).split("\n")[-1].split()[-3]
    assert sparse.present == sparse.total - len(sparse.missing) and total == str(found.total + sparse.total)


def test_readme_says_the_same():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    names, _, counts = [line.strip("| ").split(" | ") for line in readme[readme.index("| torch | Tensor |"):].splitlines()[:3]]
    found = [coverage(name if name == "torch" else f"torch.{name}") for name in names[:-1]]
    assert counts[:-1] == [f"{each.present}/{each.total}" for each in found]
    everything = [coverage(name) for name in SHOWN]
    assert counts[-1] == f"{sum(each.present for each in everything)}/{sum(each.total for each in everything)}"


def test_namespaces_are_chosen_by_pattern():
    assert set(SHOWN) <= set(torch_names())
    assert namespaces(["nn.init", "torch.optim.*"])[:2] == ["torch.nn.init", "torch.optim.adadelta"]


def test_command(python):
    finished = python("-m", "facade", "coverage", "--missing", "--differing", "jit", "fx")
    assert finished.returncode == 0 and "torch.fx lacks\n    Graph: " in finished.stdout and "torch.jit differs\n" in finished.stdout
    assert python("-m", "facade", "coverage", "no.such").returncode == 2
