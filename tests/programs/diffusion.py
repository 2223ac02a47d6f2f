"""A denoising diffusion model of a two-dimensional spiral: noise is added by a schedule, and taken away step by step."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
T = 8
betas = torch.linspace(1e-3, 0.3, T)
alphas = 1.0 - betas
alphas_cumprod = torch.cumprod(alphas, dim=0)
previous = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
variance = betas * (1.0 - previous) / (1.0 - alphas_cumprod)
turn = torch.linspace(0.5, 3.0, 64)
data = torch.stack([turn * torch.cos(2 * turn), turn * torch.sin(2 * turn)], dim=1) / 3


def time_embedding(t, dim=8):
    frequencies = torch.exp(-math.log(100) * torch.arange(dim // 2) / (dim // 2))
    angles = t[:, None].float() * frequencies[None]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2 + 8, 24)
        self.scale_shift = nn.Linear(8, 48)
        self.outer = nn.Linear(24, 2)

    def forward(self, x, t):
        e = time_embedding(t)
        scale, shift = self.scale_shift(e).chunk(2, dim=-1)
        h = F.silu(self.inner(torch.cat([x, e], dim=-1)))
        return self.outer(F.mish(h * (scale + 1) + shift))


model = Denoiser()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for step in range(16):
    t = torch.randint(0, T, (64,))
    noise = torch.randn_like(data)
    a = alphas_cumprod.gather(0, t).unsqueeze(-1)
    loss = F.smooth_l1_loss(model(a.sqrt() * data + (1 - a).sqrt() * noise, t), noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print(f"step {step}: {loss.item():.6f}")


@torch.no_grad()
def sample(count):
    x = torch.randn(count, 2)
    for i in reversed(range(T)):
        t = torch.full((count,), i, dtype=torch.long)
        x = (x - betas[i] * model(x, t) / (1 - alphas_cumprod[i]).sqrt()) / alphas[i].sqrt()
        if i > 0:
            x = x + variance[i].sqrt() * torch.randn_like(x)
    return x


points = sample(16)
print(points.shape, points.mean(0), points.isfinite().all())
