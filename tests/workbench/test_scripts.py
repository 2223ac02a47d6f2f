"""`facade port --style jax`: the training of a script, written as JAX, gives the script's losses where neither facade nor PyTorch can be imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facade.__main__ import main
from facade.workbench.training.script import lines_of, trace_script
from tests.test_programs import is_torch

PROGRAMS = Path(__file__).parents[1] / "programs"
FAST = ["custom_optimizer", "linear_regression", "schedulers", "skip_gram", "autoencoder", "vae"]
SWEEP = ["char_rnn", "cnn_digits", "diffusion", "gan", "gpt", "graph_convolution", "logistic_regression", "lstm_classifier", "mlp_digits",
         "normalizing_flow", "resnet", "seq2seq_attention", "transformer_classifier", "unet"]

ALONE = """
import json, sys
sys.modules["facade"] = sys.modules["torch"] = None
import runpy
import numpy as np
print(json.dumps({path: runpy.run_path(path + ".py")["train"](dict(np.load(path + ".npz"))) for path in sys.argv[1:]}))
"""


@pytest.fixture(autouse=True)
def pytorch_aside(monkeypatch):
    """Scripts import torch, and that has to be facade, also where PyTorch itself has been imported."""
    for name in [name for name in sys.modules if is_torch(name)]:
        monkeypatch.delitem(sys.modules, name)


def losses_alone(paths):
    """path -> the losses of the program there, in a process that has JAX alone."""
    made = subprocess.run([sys.executable, "-c", ALONE, *map(str, paths)], capture_output=True, text=True, env=os.environ | {"JAX_PLATFORMS": "cpu"})
    assert made.returncode == 0, made.stderr
    return {Path(path).name: losses for path, losses in json.loads(made.stdout).items()}


def reproduce(names, folder):
    """Trace these scripts and hold the losses of what is written against theirs; a line about each is printed."""
    pytest.importorskip("sklearn")
    pytest.importorskip("optax")
    trainings = {name: trace_script(PROGRAMS / f"{name}.py") for name in names}
    for name, training in trainings.items():
        training.write(folder / f"{name}.py")
    alone = losses_alone([folder / name for name in names])
    for name, training in trainings.items():
        apart = np.abs(np.array(alone[name]) / training.losses - 1).max()
        print(f"{name:24} {lines_of((PROGRAMS / f'{name}.py').read_text()):4} lines of PyTorch, {lines_of(training.to_source()):4} of JAX, "
              f"{len(alone[name])} losses within {apart:.1e}")
        np.testing.assert_allclose(alone[name], training.losses, rtol=1e-5, err_msg=name)


def test_scripts_become_programs_that_stand_alone(tmp_path):
    reproduce(FAST, tmp_path)


@pytest.mark.sweep
def test_all_kinds_of_scripts_do(tmp_path):
    reproduce(SWEEP, tmp_path)


# ---------------------------------------------------------------- the command
SCRIPT = """
import torch
torch.manual_seed(0)
rows = torch.randn(16, 2)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.{optimizer}
for epoch in range({epochs}):
    picked = rows[epoch:epoch + 4]
    optimizer.zero_grad()
    loss = model(picked + 0.1 * torch.randn(4, 2)).pow(2).mean()
    loss.backward()
    optimizer.step()
print("done")
"""


def ported(tmp_path, optimizer="SGD(model.parameters(), lr=0.1, momentum=0.9)", epochs=9, more=()):
    script, output = tmp_path / "script.py", tmp_path / "made.py"
    script.write_text(SCRIPT.format(optimizer=optimizer, epochs=epochs))
    return main(["port", str(script), "--style", "jax", "-o", str(output), *more]), output


def test_the_command_writes_a_program_and_its_data(tmp_path, capsys):
    pytest.importorskip("optax")
    code, output = ported(tmp_path, more=["--steps", "3"])
    printed = capsys.readouterr().out
    assert code == 0 and "3 steps of 1 kind, losses within" in printed and "done" not in printed
    source = output.read_text()
    assert "optimizer = optax.sgd(0.1, momentum=0.9)" in source and "def step(params, state, picked, data):" in source
    assert "import facade" not in source and "import torch" not in source
    shown = subprocess.run([sys.executable, output], capture_output=True, text=True, check=True, env=os.environ | {"JAX_PLATFORMS": "cpu"}).stdout
    assert shown.count("loss") == 3
    assert all(line.split()[1].rstrip(",")[:6] == line.split()[3][:6] for line in shown.splitlines())


def test_an_optimizer_that_optax_has_not_is_written_out(tmp_path):
    code, output = ported(tmp_path, "SGD(model.parameters(), lr=0.1, momentum=0.9, dampening=0.5)")
    assert code == 0 and "optax" not in output.read_text() and "def sgd(param, grad, state" in output.read_text()


def test_a_script_without_training_is_refused(tmp_path, capsys):
    code, output = ported(tmp_path, epochs=0)
    assert code == 1 and "no training step to show" in capsys.readouterr().err and not output.exists()


def test_what_changes_between_the_steps_is_noticed(tmp_path, capsys):
    script, output = tmp_path / "script.py", tmp_path / "made.py"
    script.write_text(SCRIPT.format(optimizer="SGD(model.parameters(), lr=0.1)", epochs=9).replace(
        "    picked", "    if epoch == 3: model.weight.data.fill_(1.0)\n    picked"))
    assert main(["port", str(script), "--style", "jax", "-o", str(output)]) == 1
    assert "what happens between its steps" in capsys.readouterr().err and not output.exists()
