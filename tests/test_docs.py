"""The site builds without a warning, and its made pages say what they are made from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("material")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.mark.parametrize("page, texts", [
    ("index.html", ["import facade as torch"]),
    ("how_it_works/index.html", ["how_it_works.svg", "epoch"]),
    ("differences/index.html", ["FACADE_EAGER", "singular vectors may have another sign", "Devices and processes"]),
    ("coverage/index.html", ["torch.nn.functional", "torch.fx lacks"]),
    ("notebooks/7_from_pytorch_to_jax/index.html", ["<svg", "ms a step", "../8_why_is_my_gradient_none/"]),
    ("notebooks/10_same_seed_same_digits/index.html", ["0.4963, 0.7682, 0.0885"]),
    ("reference/facade/index.html", ["facade.draw", "facade.find_nan"]),
    ("reference/torch/index.html", ["input + alpha * other.", 'id="torch.exp"', "Reduction"]),
    ("reference/torch.nn/index.html", ["nn.Conv2d(", "Pooling"]),
])
def test_pages(site, page, texts):
    found = (site / page).read_text("utf-8")
    assert [text for text in texts if text not in found] == []


def test_every_lesson_has_a_page(site):
    lessons = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert lessons <= {path.name for path in (site / "notebooks").iterdir()}


def test_nothing_is_fetched_from_elsewhere(site):
    assert "fonts.googleapis" not in (site / "index.html").read_text("utf-8")
