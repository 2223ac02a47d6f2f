"""`facade run FILE` behaves as `python FILE` does and a notebook as Jupyter runs it, with `torch` meaning facade."""

import importlib.util
import json
import textwrap

import pytest

needs_notebooks = pytest.mark.skipif(importlib.util.find_spec("nbclient") is None, reason="needs the notebooks extra")

STALE = {"output_type": "stream", "name": "stdout", "text": "of an earlier run"}
ENVIRONMENT_REPORT = """
    import json, sys
    import beside
    print(json.dumps([__name__, __file__, sys.argv, sys.path[0], beside.__file__, sorted(n for n in globals() if n[:2] != "__")]))
"""


@pytest.fixture
def script(tmp_path):
    def write(source, name="script.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(source))
        return str(path)

    return write


@pytest.fixture
def notebook(tmp_path):
    """A function that writes a notebook of these code cells and returns its path."""

    def write(*sources, tags=()):
        cells = [
            {"id": f"cell-{n}", "cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": [STALE], "execution_count": 9}
            for n, source in enumerate(sources)
        ]
        path = tmp_path / "notebook.ipynb"
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return str(path)

    return write


def test_a_script_sees_what_python_shows_it(python, facade_run, script):
    script("", "beside.py")
    path = script(ENVIRONMENT_REPORT)
    arguments = (path, "one", "--help", "-o", "two")
    expected, found = python(*arguments), facade_run(*arguments)
    assert found.stdout == expected.stdout != "", found.stderr


def test_torch_is_facade_in_a_script(facade_run, script):
    finished = facade_run(script("import torch.autograd as a, facade\nprint(a is facade.autograd)"))
    assert (finished.returncode, finished.stdout) == (0, "True\n"), finished.stderr


@pytest.mark.parametrize(
    "source",
    [
        "import sys; sys.exit(7)",
        "raise SystemExit('last words')",
        "def divide():\n    1 / 0\ndivide()",
        "x = (",
        "raise KeyboardInterrupt",
    ],
)
def test_exit_code_and_last_words_are_pythons(python, facade_run, script, source):
    path = script(source)
    expected, found = python(path), facade_run(path)
    assert found.returncode == expected.returncode != 0
    if "Interrupt" not in source:
        assert found.stderr == expected.stderr.replace("python: ", "facade: ")


def test_a_file_that_is_not_there(facade_run):
    finished = facade_run("missing.py")
    assert finished.returncode == 2 and "can't open file" in finished.stderr


def test_version_and_help(python):
    assert python("-m", "facade", "--version").stdout.startswith("facade ")
    assert "run" in python("-m", "facade", "--help").stdout


def test_notebook_options_are_refused_for_a_script(facade_run, script):
    finished = facade_run("-o", "out.ipynb", script(""))
    assert finished.returncode == 2 and "is a script" in finished.stderr


def test_a_missing_extra_is_named(facade_run, script, notebook, tmp_path):
    script("raise ModuleNotFoundError(\"No module named 'nbclient'\", name='nbclient')", "nbclient.py")
    path = notebook("1")
    finished = facade_run(path)
    if finished.returncode == 0:
        pytest.skip("this Python does not look into the current folder")
    assert finished.returncode == 1 and "[notebooks]" in finished.stderr and "Traceback" not in finished.stderr


@needs_notebooks
def test_a_notebook_keeps_its_outputs_and_counts_from_one(facade_run, script, notebook, tmp_path):
    script("value = 42", "beside.py")
    path = notebook(
        "import torch.autograd, facade, beside\nprint(beside.value)\ntorch.autograd is facade.autograd",
        "[name for name in dir() if 'facade' in name or 'install' in name]",
    )
    finished = facade_run(path, "-o", str(tmp_path / "out.ipynb"))
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
    first, second = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    assert (first["execution_count"], second["execution_count"]) == (1, 2)
    assert [output["output_type"] for output in first["outputs"]] == ["stream", "execute_result"]
    assert first["outputs"][0]["text"] == ["42\n"]
    assert first["outputs"][1]["data"]["text/plain"] == ["True"]
    assert second["outputs"][0]["data"]["text/plain"] == ["['facade']"]


@needs_notebooks
def test_an_error_stands_in_its_cell_and_in_the_exit_code(facade_run, notebook, tmp_path):
    path = notebook("1 / 0", "print('after')")
    finished = facade_run("-o", str(tmp_path / "out.ipynb"), path)
    failed, after = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    assert finished.returncode == 1 and "ZeroDivisionError" in finished.stderr and "cell 1 of 2" in finished.stderr
    assert failed["outputs"][0]["ename"] == "ZeroDivisionError" and after["outputs"] == []

    finished = facade_run(path, "--keep-going")
    assert (finished.returncode, finished.stdout) == (1, "after\n")


@needs_notebooks
def test_an_expected_error_is_no_failure(facade_run, notebook):
    assert facade_run(notebook("1 / 0", tags=["raises-exception"])).returncode == 0


@needs_notebooks
def test_a_kernel_that_dies_is_said(facade_run, notebook):
    finished = facade_run(notebook("import os; os._exit(3)", "print('after')"))
    assert finished.returncode == 1 and "the kernel died" in finished.stderr
    assert finished.stdout == "" and "Traceback" not in finished.stderr


@needs_notebooks
def test_an_output_that_cannot_be_written_is_said_before_anything_runs(facade_run, notebook):
    finished = facade_run(notebook("print('ran')"), "-o", "no/such/folder.ipynb")
    assert finished.returncode == 2 and "can't write" in finished.stderr and finished.stdout == ""


@needs_notebooks
def test_what_is_no_notebook_is_said(facade_run, script):
    finished = facade_run(script("not json", "broken.ipynb"))
    assert finished.returncode == 2 and "can't read notebook" in finished.stderr and "Traceback" not in finished.stderr
