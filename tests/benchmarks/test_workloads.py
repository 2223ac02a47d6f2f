"""A workload compares speeds only while it computes the same on every backend."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import facade
import jax
import numpy
import pytest

from benchmarks import micro, micro_worker, table
from benchmarks.workloads import WORKLOADS
from tests import oracle

ROOT = Path(__file__).resolve().parents[2]
needs_torch = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="needs torch")
NAMESPACES = [
    pytest.param(facade, id="facade"),
    pytest.param(oracle.torch, id="torch", marks=needs_torch),
]
# Depths of one network are the same program in tiny sizes.
DISTINCT = [name for name, workload in WORKLOADS.items() if workload.depth in (None, 2)]
TRAINED = "linear", "logistic", "MLP", "LeNet", "ResNet", "LSTM", "names", "GPT"


def losses(step, count):
    return [step().tolist() for _ in range(count)]


@functools.cache
def losses_by_hand(name):
    workload = WORKLOADS[name]
    return losses(workload.reduced().build("jax", jax), workload.steps if workload.is_cold else 4)


@pytest.mark.parametrize("torch", NAMESPACES)
@pytest.mark.parametrize("name", DISTINCT)
def test_losses_are_those_of_the_step_written_by_hand(torch, name):
    expected = losses_by_hand(name)
    for number, loss in enumerate(losses(WORKLOADS[name].reduced().build(torch.__name__, torch), len(expected))):
        numpy.testing.assert_allclose(loss, expected[number], rtol=1e-4, atol=1e-6, err_msg=f"step {number}")


@pytest.mark.parametrize("name", [name for name in DISTINCT if name.startswith(TRAINED)])
def test_the_step_written_by_hand_learns(name):
    first, *_, last = losses_by_hand(name)
    assert last < first


def test_tiny_sizes_are_sizes():
    assert all(workload.tiny.keys() <= workload.sizes.keys() for workload in WORKLOADS.values())


def test_the_command_measures_and_the_table_shows_it():
    command = [sys.executable, "-m", "benchmarks", "--only", "accumulation", "--rounds", "1", "--backends", "jax", "--wall", "--json"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    results = json.loads(finished.stdout)
    measured = results["accumulation loop"]["jax"]
    assert 0 < measured["step"] < measured["second"] < measured["first"]
    assert measured["programs"] >= 1 and measured["wall"] > 0
    assert "accumulation loop" in table.render(results)


def test_the_cost_of_a_layer_is_shown_for_each_pair_of_depths():
    names = [name for name, workload in WORKLOADS.items() if workload.depth]
    results = {name: {"torch": {"step": 0.001 * (5 + 2 * WORKLOADS[name].depth)}} for name in names}
    assert list(table.by_depth(results)) == ["torch, a further layer of the GPT: 2.0 ms (1 to 2), 2.0 ms (2 to 4), 2.0 ms (4 to 8)"]


def test_recording_is_shown_for_each_operation():
    figures = {f"dispatch, {count:,} arrays": 1e-5 for count in micro.ARRAYS}
    figures |= {f"record, {count:,} operations": 2.004e-6 * count for count in micro.OPERATIONS}
    assert [line.split()[-1] for line in micro.render({"facade": figures}).splitlines()[2:]] == ["10"] * 3 + ["2.00"] * 3


@pytest.mark.parametrize("make", [micro_worker.dispatch, micro_worker.recording])
def test_what_is_timed_runs(make):
    prepare, action = make(facade, 3)
    assert micro_worker.median_time(prepare, action, 2) > 0
