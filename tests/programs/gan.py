"""A generator learns a bell curve from a discriminator's complaints."""

import torch
from torch import nn

torch.manual_seed(5)
latent, batch = 4, 32
G = nn.Sequential(nn.Linear(latent, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
D = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0.0, 0.2)
        nn.init.zeros_(m.bias)


G.apply(weights_init)
D.apply(weights_init)
criterion = nn.BCELoss()
optimizer_d = torch.optim.Adam(D.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizer_g = torch.optim.Adam(G.parameters(), lr=0.01, betas=(0.5, 0.999))
ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
for step in range(24):
    real = torch.normal(4.0, 1.25, size=(batch, 1))

    D.zero_grad()
    loss_real = criterion(D(real), ones)
    loss_real.backward()
    fake = G(torch.randn(batch, latent))
    loss_fake = criterion(D(fake.detach()), zeros)
    loss_fake.backward()
    optimizer_d.step()

    G.zero_grad()
    loss_g = criterion(D(fake), ones)
    loss_g.backward()
    optimizer_g.step()
    if step % 6 == 0 or step == 23:
        print(f"[{step:02d}] D {(loss_real + loss_fake).item():.6f} G {loss_g.item():.6f} mean of fakes {fake.mean().item():.5f}")
