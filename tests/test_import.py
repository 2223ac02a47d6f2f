"""What importing facade costs and touches, each seen in a process of its own."""

import json
import os
import subprocess
import sys

COMMAND_LINE = {f"facade.{name}" for name in ("__main__", "port.coverage", "port.replay", "port.run", "port.verification", "workbench.training.script")}
LOADED = """
import json, sys
import jax
before = set(sys.modules)
import facade
from facade.core.engine import stats
from jax._src import xla_bridge
print(json.dumps({
    "modules": sorted(set(sys.modules) - before),
    "outside": sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)),
    "backends": list(xla_bridge._backends),
    "programs": stats.compiles(),
}))
"""

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


def test_importing_facade_changes_nothing_else():
    seen = json.loads(run("-c", IMPORTED))
    assert seen["modules"] == ["jax"]
    assert seen["dtypes"] == ["int32", "int32"]
    assert seen["x64"] == [False, False]
    assert seen["changed"] == []
    assert seen["double"] == 10.107337927389695


def test_importing_facade_loads_and_starts_nothing_that_a_script_may_not_need():
    seen = json.loads(run("-c", LOADED))
    assert set(seen["outside"]) <= {"facade", "jax", "numpy", "__mp_main__"}      # jax has loaded its other dependencies itself
    assert seen["backends"] == []           # a device is opened by the first tensor, not by the import
    assert not seen["programs"]
    assert not COMMAND_LINE & set(seen["modules"])


def test_the_command_tells_its_version():
    version = run("-m", "facade", "--version")
    assert version.startswith("facade ")
