"""Affine coupling layers turn a bell into two moons; the inverse takes the moons back."""

import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.distributions import MultivariateNormal

torch.manual_seed(0)
data = torch.tensor(make_moons(96, noise=0.05, random_state=0)[0], dtype=torch.float32)


class Coupling(nn.Module):
    def __init__(self, swap):
        super().__init__()
        self.swap = swap
        self.net = nn.Sequential(nn.Linear(1, 12), nn.LeakyReLU(), nn.Linear(12, 2))

    def split(self, x):
        one, two = x.chunk(2, dim=1)
        return (two, one) if self.swap else (one, two)

    def forward(self, x):
        kept, moved = self.split(x)
        s, t = self.net(kept).unbind(1)
        s = torch.tanh(s).unsqueeze(1)
        moved = (moved - t.unsqueeze(1)) * torch.exp(-s)
        return torch.cat([moved, kept] if self.swap else [kept, moved], 1), -s.squeeze(1)

    def inverse(self, z):
        kept, moved = self.split(z)
        s, t = self.net(kept).split(1, dim=1)
        moved = moved * torch.exp(torch.tanh(s)) + t
        return torch.cat([moved, kept] if self.swap else [kept, moved], 1)


layers = nn.ModuleList([Coupling(False), Coupling(True), Coupling(False)])
base = MultivariateNormal(torch.zeros(2), torch.eye(2))
optimizer = torch.optim.Adam(layers.parameters(), lr=0.02)


def log_prob(x):
    total = torch.zeros(len(x))
    for layer in layers:
        x, log_det = layer(x)
        total += log_det
    return base.log_prob(x) + total, x


for step in range(16):
    optimizer.zero_grad()
    loss = -log_prob(data)[0].mean()
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print(f"step {step}: {loss.item():.6f}")
with torch.no_grad():
    _, z = log_prob(data)
    for layer in reversed(layers):
        z = layer.inverse(z)
    print("there and back:", torch.allclose(z, data, atol=1e-4))
    print(base.sample((3,)).shape, base.entropy())
