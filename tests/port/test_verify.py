"""`facade verify` compares what a notebook shows with what it showed, as a reader would."""

import importlib.util
import json

import pytest

from facade.port.comparison import Likeness, compare

needs_notebooks = pytest.mark.skipif(importlib.util.find_spec("nbclient") is None, reason="needs the notebooks extra")


@pytest.mark.parametrize("expected, found, likeness, line", [
    ("tensor([1., 2.])", "tensor([1., 2.])", "SAME", 0), ("a  b\n\n", "a b", "SAME", 0), ("<A at 0x12ab>", "<A at 0xff>", "SAME", 0),
    ("8828.3095703125", "8828.30859375", "CLOSE", 0), ("18906.166016", "18906.164062", "CLOSE", 0), ("18906.166016", "18906.1621", "DIFFERS", 1), ("8828.3095703125", "8828.307", "DIFFERS", 1), ("2.8290698237936858", "2.8290587642907794", "DIFFERS", 1),
    ("2.13.0+cpu", "2.13.0", "SAME", 0), ("<class 'torch.Tensor'>", "<class 'facade.Tensor'>", "SAME", 0),
    ("0.1234", "0.1235", "CLOSE", 0), ("0.1234", "0.1236", "DIFFERS", 1), ("1.", "2.", "DIFFERS", 1), ("3", "4", "DIFFERS", 1),
    ("tensor(0.5)", "tensor(0.5000)", "CLOSE", 0), ("1.0000e-01", "9.9999e-02", "CLOSE", 0), ("1e-05", "2e-05", "DIFFERS", 1),
    ("[0.1000, 0.2000,\n 0.3000]", "[0.1000,\n 0.2001, 0.3000]", "CLOSE", 0), ("-0.0001", "0.0000", "CLOSE", 0), ("nan", "0.1", "DIFFERS", 1),
    ("a 1.0\nb 2.00\nc", "a 1.0\nb 2.02\nc", "DIFFERS", 2), ("MulBackward0", "MulBackward1", "DIFFERS", 1), ("a", "a\nb", "DIFFERS", 2),
    ("Wall time: 3 ms\n1", "Wall time: 4 ms\n1", "SAME", 0), ("10%\r90%\rdone", "50%\rdone", "SAME", 0), ("", "x", "DIFFERS", 1)])
def test_texts_are_compared_to_the_last_printed_digit(expected, found, likeness, line):
    comparison = compare(expected, found)
    assert (comparison.likeness, comparison.line) == (Likeness[likeness], line)


def cell(source, *outputs, count=1):
    return {"id": f"c{abs(hash(source))}", "cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs), "execution_count": count}


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


@needs_notebooks
def test_command(python, tmp_path):
    cells = [cell("import torch, sys\ntorch.manual_seed(0);"),
             cell("print(torch.rand(1))", stream("tensor([0.4963])\n")),
             cell("print(torch.rand(1)); print('warned', file=sys.stderr)", stream("tensor([0.7681])\n")),
             cell("print('a <b>')\nprint(1)", stream("a <b>\n2\n")), cell("print(3)", count=None), cell("1 / 0"),
             cell("raise ValueError('x')", {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": []})]
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    finished = python("-m", "facade", "verify", str(path), "--html", "page.html")
    lines = finished.stdout.split("\n")
    assert lines[:6] == ["cell 1: same", "cell 2: same", "cell 3: same within the last printed digit", "cell 4: differs in line 2", "    expected  2",
                         "    found     1"], finished.stdout + finished.stderr
    assert lines[6:9] == ["cell 5: nothing to compare with", "cell 6: error: ZeroDivisionError: division by zero", "cell 7: same"]
    assert finished.returncode == 1 and lines[9].startswith("7 cells: 3 same, 1 same within")
    page = (tmp_path / "page.html").read_text()
    assert "a &lt;b&gt;" in page and "ZeroDivisionError" in page and page.count("<h2>") == 7


@needs_notebooks
def test_another_notebook_or_nothing_to_read(python, tmp_path):
    for name, text in (("one.ipynb", "1"), ("two.ipynb", "2")):
        cells = [cell("print(1)", stream(f"{text}\n"))]
        (tmp_path / name).write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert python("-m", "facade", "verify", "two.ipynb", "--against", "one.ipynb").returncode == 0
    assert python("-m", "facade", "verify", "absent.ipynb").returncode == 2
