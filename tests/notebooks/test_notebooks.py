"""The lessons in notebooks/: each shows what is stored in it, and what PyTorch shows where that is installed."""

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

from tests import oracle

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

from facade.port.notebook import run_notebook  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"), key=lambda path: int(path.stem.split("_")[0]))
OF_PYTORCH = [*NOTEBOOKS[:5], NOTEBOOKS[9]]
IMPORT = "import facade as torch"
names = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def is_tagged(cell, tag):
    """`jaxpr`: the cell shows JAX's own notation, which changes with JAX; `varies`: it shows times and places."""
    return tag in cell.metadata.get("tags", ())


def without_digits(text):
    return re.sub(r" *[\d.]+", "#", re.sub(r"\S*ipykernel_\S+", "FILE", text))


def shown(cell):
    """The text of a cell's outputs."""
    return "".join(output.get("text") or output["data"]["text/plain"] + "\n" for output in cell.outputs)


def shown_by(torch, cells):
    """What the cells show when run in this process with `torch` bound."""
    names, texts = {"torch": torch}, []
    for cell in cells:
        statements = ast.parse(cell.source.removeprefix(IMPORT)).body
        last = statements.pop() if isinstance(statements[-1], ast.Expr) else None
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)
            value = last and eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        texts.append(printed.getvalue() + ("" if value is None else f"{value!r}\n"))
    return texts


def test_there_are_ten():
    assert [int(path.stem.split("_")[0]) for path in NOTEBOOKS] == list(range(1, 11))


@names
def test_a_fresh_run_shows_what_is_stored(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    stored, fresh_path = code_cells(path), tmp_path / path.name
    assert stored[0].source.startswith(IMPORT)
    assert run_notebook(str(path), str(fresh_path)) == 0
    for before, after in zip(stored, code_cells(fresh_path), strict=True):
        if is_tagged(before, "jaxpr"):
            assert "{ lambda " in shown(before) and "{ lambda " in shown(after)
        elif is_tagged(before, "varies"):
            assert without_digits(shown(after)) == without_digits(shown(before)) != "", before.source
        else:
            assert shown(after) == shown(before), before.source


@pytest.mark.skipif(not oracle.HAVE_TORCH, reason="needs PyTorch")
@pytest.mark.parametrize("path", OF_PYTORCH, ids=[path.stem for path in OF_PYTORCH])
def test_pytorch_shows_the_same(path):
    cells = code_cells(path)
    for cell, text in zip(cells, shown_by(oracle.torch, cells), strict=True):
        assert shown(cell) == text, cell.source


def test_the_comparison_notices_a_difference():
    cell = nbformat.v4.new_code_cell("print(1)\n2")
    assert shown_by(None, [cell]) == ["1\n2\n"] != [shown(cell)]
