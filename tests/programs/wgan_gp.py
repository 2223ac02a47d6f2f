"""A Wasserstein critic kept smooth by a penalty on its gradient: a derivative of a derivative."""

import torch
import torch.autograd as autograd
from torch import nn

torch.manual_seed(2)
generator = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
critic = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1, bias=False))
optimizer_g = torch.optim.RMSprop(generator.parameters(), lr=1e-3)
optimizer_c = torch.optim.RMSprop(critic.parameters(), lr=5e-3)


def gradient_penalty(real, fake):
    mix = torch.rand(real.size(0), 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    gradients = autograd.grad(
        outputs=critic(between), inputs=between, grad_outputs=torch.ones(real.size(0), 1),
        create_graph=True, retain_graph=True, only_inputs=True,
    )[0]
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


for step in range(8):
    for _ in range(2):
        angle = torch.rand(24) * 2 * torch.pi
        real = torch.stack([angle.cos(), angle.sin()], dim=1)
        fake = generator(torch.randn(24, 2)).detach()
        penalty = gradient_penalty(real, fake)
        loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        optimizer_c.zero_grad()
        loss.backward()
        optimizer_c.step()
    for parameter in critic.parameters():
        parameter.requires_grad = False
    optimizer_g.zero_grad()
    loss_g = -critic(generator(torch.randn(24, 2))).mean()
    loss_g.backward()
    optimizer_g.step()
    for parameter in critic.parameters():
        parameter.requires_grad_()
    print(f"{step}: critic {loss.item():.6f} penalty {penalty.item():.6f} generator {loss_g.item():.6f}")
