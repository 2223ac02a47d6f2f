"""Weights that are functions of other weights: symmetric, orthogonal, weight norm, spectral norm."""

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm

torch.manual_seed(0)


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)


class Scaled(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, X):
        return self.factor * X


x, y = torch.randn(20, 4), torch.randn(20, 4)
model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
parametrize.register_parametrization(model[0], "weight", Symmetric())
parametrize.register_parametrization(model[0], "weight", Scaled(0.5))
weight_norm(model[2])
orthogonal(model[4], orthogonal_map="cayley")
print(model)
print([name for name, _ in model.named_parameters()])
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for step in range(6):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    print(f"{step}: {loss.item():.6f}")
W, Q = model[0].weight, model[4].weight
print(torch.allclose(W, W.T), torch.allclose(Q @ Q.T, torch.eye(4), atol=1e-5), parametrize.is_parametrized(model[2], "weight"))
with parametrize.cached():
    print(model[0].weight is model[0].weight)
parametrize.remove_parametrizations(model[0], "weight")
print(type(model[0]), torch.equal(model[0].weight, W))

critic = spectral_norm(nn.Linear(4, 3))
for _ in range(20):
    critic(x)
print(f"largest singular value {torch.linalg.matrix_norm(critic.weight, 2).item():.4f}")
