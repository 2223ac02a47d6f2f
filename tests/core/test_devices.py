"""Tensors on another device than the CPU. JAX can divide the CPU into two devices: the second stands for an accelerator here."""

import os
import subprocess
import sys
import textwrap

PROGRAM = """
import jax
import facade as torch
from facade.core import devices, engine

engine.graph.device_name = lambda device: "cpu" if device is None else "tpu:0"
engine.device_name = engine.graph.device_name
devices.found = lambda kind: jax.devices("cpu")[1:] if kind == "tpu" else []

x = torch.arange(6.0).view(2, 3).to("tpu")
w = torch.ones(3, 1, device="tpu", requires_grad=True)
b = torch.zeros(1, requires_grad=True, device="tpu")
for _ in range(5):
    loss = ((x @ w + b) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
        b -= 0.01 * b.grad
        w.grad.zero_()
print(w.device, engine.computed(w.value).array.devices() == {jax.devices("cpu")[1]}, loss.item() < 30, (x + torch.tensor(1.0)).device, torch.zeros_like(x).device)
try:
    x + torch.ones(3)
except RuntimeError as error:
    print(error)
h = torch.ones(2, requires_grad=True)
(h.to("tpu") * 3).sum().backward()
print(h.grad, h.grad.device, x.cpu().device, x[0])
y = torch.ones(2) * 2
print(y.device, (y.to("tpu") + 1).cpu())
"""

EXPECTED = """\
tpu:0 True True tpu:0 tpu:0
Expected all tensors to be on the same device, but found at least two devices, tpu:0 and cpu!
tensor([3., 3.]) cpu cpu tensor([0., 1., 2.], device='tpu:0')
cpu tensor([3., 3.])
"""


def test_training_on_a_second_device():
    environment = dict(os.environ, XLA_FLAGS="--xla_force_host_platform_device_count=2", JAX_PLATFORMS="cpu")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(PROGRAM)], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout == EXPECTED, done.stdout + done.stderr
