"""Per-sample gradients by torch.func, checked against a loop, and used for a differentially private step."""

import torch
from torch import nn
from torch.func import functional_call, grad, grad_and_value, vmap

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
x, y = torch.randn(10, 6), torch.randint(0, 3, (10,))
params = {name: p.detach() for name, p in model.named_parameters()}


def compute_loss(params, sample, target):
    logits = functional_call(model, params, (sample.unsqueeze(0),))
    return nn.functional.cross_entropy(logits, target.unsqueeze(0))


per_sample = vmap(grad(compute_loss), in_dims=(None, 0, 0))(params, x, y)
print({name: tuple(value.shape) for name, value in per_sample.items()})
for i in range(3):
    model.zero_grad()
    nn.functional.cross_entropy(model(x[i:i + 1]), y[i:i + 1]).backward()
    print(i, all(torch.allclose(p.grad, per_sample[name][i], atol=1e-6) for name, p in model.named_parameters()))

step_of = vmap(grad_and_value(compute_loss), in_dims=(None, 0, 0))
for step in range(6):
    gradients, losses = step_of(params, x, y)
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients.values()], dim=1).norm(dim=1)
    scale = (1.0 / norms).clamp(max=1.0)
    noisy = {name: torch.einsum("b...,b->...", g, scale) + 0.01 * torch.randn(g.shape[1:]) for name, g in gradients.items()}
    params = {name: p - 0.1 * noisy[name] for name, p in params.items()}
    print(f"step {step}: loss {losses.mean().item():.6f} norms {norms.min().item():.5f} to {norms.max().item():.5f}")
