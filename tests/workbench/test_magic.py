"""`%%facade` in IPython, in a process of its own."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("IPython")

SESSION = '''
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.colors = "NoColor"
shell.run_line_magic("load_ext", "facade")
shell.run_cell("%%facade\\nimport torch\\nw = torch.ones(3, requires_grad=True)")
shell.run_cell("%%facade\\nloss = ((torch.eye(3) @ w) ** 2).mean()\\nloss.backward()\\nprint(loss.item())\\nloss")
shell.run_cell("%%facade\\nhalf = w / 2")
shell.run_cell("model = torch.nn.Linear(3, 1)\\nx = torch.ones(2, 3)")
shell.run_cell("%%facade\\ntotal = model(x).exp().sum()")
shell.run_cell("report = _\\ntotal.backward()\\nnames = {}\\nexec(repr(report), names)\\ngrads = names['gradient'](*report.program.arguments.values())\\n"
               "print(sorted(grads), all(abs(float((p.grad.numpy() - grads[n]).max())) < 1e-5 for n, p in model.named_parameters()))")
shell.run_cell("%%facade\\nmissing")
'''


def test_a_cell_shows_its_pure_function():
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    shown = subprocess.run([sys.executable, "-c", SESSION], capture_output=True, text=True, check=True, env=environment).stdout
    assert "# no tensor was computed for the last result" in shown
    assert "1.0\n" in shown and "grad_fn=<MeanBackward0>" in shown
    assert "jnp.mean((" in shown and "@ w)**2)" in shown
    assert "def program(w):" in shown and "w / 2.0" in shown
    assert "def program(constants, w):" in shown and "gradient = jax.grad(program, argnums=1)" in shown
    assert shown.count("gradient = ") == 2, "of loss, and of total: half is not one number"
    assert "['bias', 'weight'] True" in shown
    assert "nothing compiled; " in shown and "JAX holds" in shown
    assert "NameError" in shown
