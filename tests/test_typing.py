"""A type checker accepts what is written for PyTorch: it finds no more in the programs than it does with PyTorch's own stubs."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# What mypy says of the programs themselves, with PyTorch too: they leave the types of some empty lists to the reader, and add tensors up with sum().
OF_THE_PROGRAMS = ("var-annotated", "union-attr", "attr-defined", "assignment", "operator")
UNKNOWN = re.compile(r'(Module|Tensor|"facade[\w.]*") has no attribute|Unexpected keyword|Too many|Missing positional')


def as_facade(source):
    """The program with its imports of torch as imports of facade."""
    source = re.sub(r"^import torch$", "import facade as torch", source, flags=re.M)
    source = re.sub(r"^import torch\.([\w.]+) as (\w+)$", r"import facade.\1 as \2", source, flags=re.M)
    return re.sub(r"^from torch\b", "from facade", source, flags=re.M)


def code_of(notebook):
    """The cells of a notebook, without IPython's own commands."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and not "".join(cell["source"]).startswith("%%"))
    return re.sub(r"^\s*[%!].*$", "", text, flags=re.M)


@pytest.mark.sweep
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
def test_programs_and_notebooks(tmp_path):
    for program in (HERE / "programs").glob("*.py"):
        (tmp_path / program.name).write_text(as_facade(program.read_text(encoding="utf-8")), encoding="utf-8")
    for notebook in (HERE.parent / "notebooks").glob("*.ipynb"):
        (tmp_path / f"lesson_{notebook.stem}.py").write_text(as_facade(code_of(notebook)), encoding="utf-8")
    options = ["--follow-imports=silent", "--no-error-summary", "--hide-error-context", "--disable-error-code=import-untyped"]
    told = subprocess.run([sys.executable, "-m", "mypy", *options, "."], cwd=tmp_path, capture_output=True, text=True,
                          env={"MYPYPATH": str(HERE.parent), "PATH": ""}, check=False).stdout.splitlines()
    assert not [line for line in told if UNKNOWN.search(line) or not any(f"[{code}]" in line for code in OF_THE_PROGRAMS)], "\n".join(told)
