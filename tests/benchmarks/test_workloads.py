"""A workload compares speeds only while it computes the same on every backend."""

import json
import subprocess
import sys
from pathlib import Path

import facade
import jax
import numpy
import pytest

from benchmarks.table import render
from benchmarks.workloads import WORKLOADS
from tests import oracle

ROOT = Path(__file__).resolve().parents[2]
needs_torch = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="needs torch")
NAMESPACES = [
    pytest.param(facade, id="facade"),
    pytest.param(oracle.torch, id="torch", marks=needs_torch),
]


def losses(step, count):
    return [step().tolist() for _ in range(count)]


@pytest.mark.parametrize("torch", NAMESPACES)
@pytest.mark.parametrize("name", WORKLOADS)
def test_losses_are_those_of_the_step_written_by_hand(torch, name):
    workload = WORKLOADS[name]
    count = workload.steps if workload.is_cold else 5
    expected = losses(workload.by_hand(jax), count)
    for number, loss in enumerate(losses(workload.with_torch(torch), count)):
        numpy.testing.assert_allclose(loss, expected[number], rtol=1e-4, atol=1e-6, err_msg=f"step {number}")


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name.startswith(("linear", "logistic", "MLP"))])
def test_the_step_written_by_hand_learns(name):
    first, *_, last = losses(WORKLOADS[name].by_hand(jax), 20)
    assert last < first


def test_the_command_measures_and_the_table_shows_it():
    command = [sys.executable, "-m", "benchmarks", "--only", "accumulation", "--rounds", "1", "--backends", "jax", "--json"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    results = json.loads(finished.stdout)
    measured = results["accumulation loop"]["jax"]
    assert 0 < measured["step"] < measured["second"] < measured["first"]
    assert measured["programs"] >= 1
    assert "accumulation loop" in render(results)
