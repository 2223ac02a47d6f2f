"""Where two runs part: the witness changes no program, and the first difference beyond rounding is named with its line."""

import ast
import importlib.util
import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.port.test_verify import cell, needs_notebooks

if importlib.util.find_spec("nbclient") is not None:
    from facade.port.replay import Agreement, Record, relative_difference, side_by_side
    from facade.port.witness import Instrument

pytestmark = needs_notebooks
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="replays a notebook under PyTorch too")

PROGRAM = """
def double(x: 'int' = 2) -> 'int':
    'a docstring'
    return x * 2
class Base:
    def __init__(self): self.data = [1, -2, 3]
class Child(Base):
    def __init__(self):
        super().__init__()
        self.data[0] += 4
        self.data[-1] = double()
total = 0
for place, (name, value) in enumerate([('a', 1), ('b', 2)]):
    total += value ** 2 if not place else ~value
match [1, 2]:
    case [first, -1 | 2]: total += first
table = {key: [each for each in range(3) if 0 < each < 9][0] for key in 'ab'}
if (held := len(table)) == 2: total -= held
del table['a']
text = f'{total + 1:>4} {Child().data[0]!r}'
print(text, *(number for number in Child().data), sep='-')
total: int = total + 1
"""


def test_the_witness_changes_no_program(capsys):
    class Silent:
        def __call__(self, value, site):
            return value

        def glance(self, value, site, label=""):
            pass
    tree = Instrument(SimpleNamespace(sites=[]), lambda: 1).visit(ast.parse(PROGRAM))
    shown = []
    for names in ({}, {"__witness__": Silent()}):
        exec(compile(tree if names else ast.parse(PROGRAM), "program", "exec"), names)
        shown.append((capsys.readouterr().out, names["total"], names["table"]))
    assert shown[0] == shown[1] and shown[0][0]


def record(line, values, label="", site=True, dtype="torch.float32"):
    array = np.array(values, np.float32 if "float" in dtype else np.int64)
    return Record((1, line, 0, "mul", "x * y") if site else None, label, 1, dtype, array.shape, array.reshape(-1))


def test_rounding_is_no_parting():
    same = [record(1, [1.0, np.nan, np.inf]), record(2, 3, dtype="torch.int64")]
    near = [record(1, [1.00001, np.nan, np.inf]), record(2, 3, dtype="torch.int64")]
    agreement = side_by_side(same, near)
    assert isinstance(agreement, Agreement) and agreement.apart == pytest.approx(1e-5, rel=0.1) and "agree to 1e-05" in str(agreement)
    cancelled = [[record(1, [1.0, -1.0]), record(2, mean)] for mean in (0.0, 1e-9)]
    assert isinstance(side_by_side(*cancelled), Agreement)
    assert "are the same" in str(side_by_side(same, same))
    assert relative_difference(record(1, [1.0]), record(1, [np.inf])) == relative_difference(record(1, [1.0]), record(1, [1.0, 1.0])) == np.inf


@pytest.mark.parametrize("theirs, ours, said", [
    ([record(1, [[1.0, 2.0]])], [record(1, [[1.0, 3.0]])], "Values part in cell 1, line 1, at 'mul' in `x * y`: element [0, 1] is 2 with PyTorch, 3 with facade"),
    ([record(1, 1, dtype="torch.int64")], [record(1, 2, dtype="torch.int64")], "`x * y`: 1 with PyTorch, 2 with facade"),
    ([record(1, [1.0])], [record(1, [1], dtype="torch.int64")], "float32[1] with PyTorch, int64[1] with facade"),
    ([record(1, 1.0, "Linear", site=False), record(2, 1.0)], [record(1, 2.0, "Linear", site=False), record(2, 2.0)], "line 2, at 'mul' (Linear)"),
    ([record(1, 1.0), record(2, 1.0)], [record(1, 1.00009), record(2, 1.0002)], "values agree to 9e-05 until there, so this is rounding that has grown"),
    ([record(1, 1.0, "Linear", site=False), record(2, 1.0)], [record(2, 2.0)], "line 2, at 'mul' in"),
    ([record(1, 1.0)], [record(2, 1.0)], "The runs part in cell 1, line 1: PyTorch goes on with `x * y`, facade with `x * y` in line 2")])
def test_the_first_difference_is_named(theirs, ours, said):
    assert said in str(side_by_side(theirs, ours))


PLANTED = """
planted = 0.25 * ('facade' in torch.__file__)
for step in range(2):
    optimizer.zero_grad()
    loss = layers(x).square().mean()
    loss.backward()
    with torch.no_grad():
        layers[2].weight += planted
    optimizer.step()
"""


@needs_torch
def test_a_planted_difference_is_found(python, tmp_path):
    cells = ["import torch", "layers = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))\nx = torch.randn(5, 4)\n"
             "optimizer = torch.optim.SGD(layers.parameters(), lr=0.1)", PLANTED.strip()]
    book = {"cells": [{"id": "m", "cell_type": "markdown", "metadata": {}, "source": "# words"}, *map(cell, cells)], "metadata": {}, "nbformat": 4,
            "nbformat_minor": 5}
    (tmp_path / "book.ipynb").write_text(json.dumps(book))
    finished = python("-c", "import nbformat; from facade.port.replay import replayed; print(replayed(nbformat.read('book.ipynb', 4), 'book.ipynb'))")
    assert finished.stdout.startswith("Values part in cell 4, line 7, at '+=' in `layers[2].weight`: element [0, "), finished.stdout + finished.stderr
