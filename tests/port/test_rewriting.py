"""`facade port` writes a program that imports facade and is otherwise as it was."""

import json

import pytest

PROGRAM = '''#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Übung: a doc that says import torch."""
import os, torch as t, torch   # both
import torch.nn.functional
import torch.nn as nn
from torch.utils.data import (  DataLoader,
                              TensorDataset )
from \\
    torch import zeros
import importlib
F = importlib.import_module('torch.nn.functional')

ä = "é"; x = torch.utils.data.TensorDataset(zeros(2) ,  t.ones( 2 ))
print(len(x), F is torch.nn.functional, nn is torch.nn, """torch
.fx""", __doc__)
if x is None: torch.profiler.profile("""
    """, \\
        )
'''
CHANGED = {
    "import os, torch as t, torch ": "import os, facade as t, facade as torch ",
    "import torch.nn.functional\n": "import facade.nn.functional, facade as torch\n",
    "import torch.nn as nn": "import facade.nn as nn",
    "from torch.utils.data import (": "from facade.utils.data import (",
    "    torch import zeros": "    facade import zeros",
    "'torch.nn.functional'": "'facade.nn.functional'",
}


def test_only_imports_change_and_what_differs_is_noted(python, tmp_path):
    source, target = tmp_path / "program.py", tmp_path / "ported.py"
    source.write_text(PROGRAM)
    finished = python("-m", "facade", "port", str(source), "-o", str(target))
    assert finished.returncode == 0, finished.stderr
    *lines, noted = target.read_text().rstrip("\n").rsplit("\n", 1)
    expected = PROGRAM.rstrip("\n")
    for old, new in CHANGED.items():
        expected = expected.replace(old, new)
    mark = "  # facade: torch.profiler.profile differs: "
    assert "\n".join([*lines, noted.partition(mark)[0]]) == expected and mark in noted
    ran, original = python(str(target)), python("-m", "facade", "run", str(source))
    assert ran.stdout.startswith("2 True True torch") and ran.stdout == original.stdout, ran.stderr


def test_line_ends_stay(python, tmp_path):
    source, target = tmp_path / "program.py", tmp_path / "ported.py"
    source.write_bytes(b"\xef\xbb\xbfimport torch\r\nprint(torch.__name__)\r\n")
    assert python("-m", "facade", "port", str(source), "-o", str(target)).returncode == 0
    assert target.read_bytes() == b"\xef\xbb\xbfimport facade as torch\r\nprint(torch.__name__)\r\n"


def test_packages_that_import_torch_get_facade(python, tmp_path):
    (tmp_path / "torchinfo.py").write_text("import torch\nname = torch.__name__")
    source, target = tmp_path / "program.py", tmp_path / "ported.py"
    source.write_text("import torch\nif torch:\n    import os, torchinfo as info\nimport torchinfo\nprint(info.name)\n")
    assert python("-m", "facade", "port", str(source), "-o", str(target)).returncode == 0
    assert "    import facade; facade.install(); import os, torchinfo as info  # facade: torchinfo differs: " in target.read_text()
    assert target.read_text().count("install(); ") == 1 and python(str(target)).stdout == "facade\n"


def test_a_notebook_keeps_all_but_its_imports(python, tmp_path):
    cells = ["%matplotlib inline\nimport torch", "x = torch.zeros(2)\n!ls\nx.int_repr()", "%%bash\nimport torch", "not python at all"]
    notebook = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": [{"ü": 1}], "metadata": {}} for cell in cells],
                "metadata": {"own": 1}, "nbformat": 4, "nbformat_minor": 5}
    source, target = tmp_path / "book.ipynb", tmp_path / "ported.ipynb"
    source.write_text(json.dumps(notebook))
    finished = python("-m", "facade", "port", str(source), "-o", str(target))
    found = json.loads(target.read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in found["cells"]]
    assert texts[0] == "%matplotlib inline\nimport facade as torch" and texts[2:] == cells[2:], finished.stderr
    assert texts[1].startswith(cells[1] + "  # facade: torch.Tensor.int_repr is missing")
    for cell, before in zip(found["cells"], notebook["cells"]):
        assert cell | {"source": before["source"]} == before
    assert found | {"cells": notebook["cells"]} == notebook


@pytest.mark.parametrize("name, content", [("bad.py", "print 1"), ("bad.ipynb", "{"), ("absent.py", None)])
def test_what_cannot_be_ported_is_said(python, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_text(content)
    finished = python("-m", "facade", "port", name, "-o", "out.py")
    assert finished.returncode == 2 and name in finished.stderr and not (tmp_path / "out.py").exists()
