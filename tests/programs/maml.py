"""Model-agnostic meta-learning of sine waves: the gradient of a loss after a gradient step."""

import torch
import torch.nn.functional as F
from torch.func import functional_call

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
meta = torch.optim.Adam(net.parameters(), lr=0.02)


def task():
    amplitude, phase = 0.5 + 2 * torch.rand(1), torch.pi * torch.rand(1)
    x = 6 * torch.rand(20, 1) - 3
    return x, amplitude * torch.sin(x + phase)


def adapted(params, x, y, rate=0.05):
    loss = F.mse_loss(functional_call(net, params, x), y)
    gradients = torch.autograd.grad(loss, params.values(), create_graph=True)
    return {name: p - rate * g for (name, p), g in zip(params.items(), gradients)}


for step in range(8):
    total = 0.0
    for _ in range(3):
        x, y = task()
        params = dict(net.named_parameters())
        for _ in range(2):
            params = adapted(params, x[:10], y[:10])
        total = total + F.mse_loss(functional_call(net, params, x[10:]), y[10:]) / 3
    meta.zero_grad()
    total.backward()
    meta.step()
    print(f"step {step}: {total.item():.6f}")

x, y = task()
before = F.mse_loss(net(x), y)
after = F.mse_loss(functional_call(net, adapted(dict(net.named_parameters()), x, y), x), y)
print("adapting helps:", (after < before).item(), f"{before.item():.5f} {after.item():.5f}")
