"""What importing facade costs and touches, each seen in a process of its own."""

import json
import os
import statistics
import subprocess
import sys

CPU_TIME = "import time, {0}; print(time.process_time())"

IMPORTED = """
import json, sys
import jax
import jax.numpy as jnp
before = str(jnp.arange(3).dtype), jax.config.jax_enable_x64, dict(jax.config.values)
import facade as torch
double = torch.tensor([1.0, 2.0], dtype=torch.float64).exp().sum().item()
print(json.dumps({
    "modules": [name for name in ("torch", "jax") if name in sys.modules],
    "dtypes": [before[0], str(jnp.arange(3).dtype)],
    "x64": [before[1], jax.config.jax_enable_x64],
    "changed": [name for name, value in jax.config.values.items() if before[2].get(name) != value],
    "double": double,
}))
"""


def run(*arguments):
    """What another Python prints."""
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment).stdout


def cpu_time(*names, times=3):
    """The median CPU time of a process that imports these, in seconds."""
    return statistics.median(float(run("-c", CPU_TIME.format(", ".join(names)))) for _ in range(times))


def test_importing_facade_changes_nothing_else():
    seen = json.loads(run("-c", IMPORTED))
    assert seen["modules"] == ["jax"]
    assert seen["dtypes"] == ["int32", "int32"]
    assert seen["x64"] == [False, False]
    assert seen["changed"] == []
    assert seen["double"] == 10.107337927389695


def test_importing_facade_takes_little_longer_than_jax():
    more = cpu_time("facade") - cpu_time("jax")
    print(f"import facade takes {more:.2f} s of CPU time more than import jax")
    assert more < 1.0      # the aim is 0.3 s: a busy machine needs room


def test_the_command_tells_its_version():
    version = run("-m", "facade", "--version")
    assert version.startswith("facade ")
