"""A variational autoencoder written with torch.distributions: Normal.rsample and kl_divergence."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

torch.manual_seed(0)
data = (torch.tensor(load_digits().data[:192]).float() / 16).round()


class VAE(nn.Module):
    def __init__(self, latent=4):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.mu = nn.Linear(32, latent)
        self.log_sigma = nn.Linear(32, latent)
        self.decode = nn.Sequential(nn.Linear(latent, 32), nn.ReLU(), nn.Linear(32, 64))

    def forward(self, x):
        h = torch.relu(self.hidden(x))
        posterior = Normal(self.mu(h), self.log_sigma(h).exp())
        z = posterior.rsample()
        return posterior, Bernoulli(logits=self.decode(z))


model = VAE()
prior = Normal(torch.zeros(4), torch.ones(4))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(5):
    for x in data.split(64):
        posterior, likelihood = model(x)
        reconstruction = -likelihood.log_prob(x).sum(1).mean()
        divergence = kl_divergence(posterior, prior).sum(-1).mean()
        loss = reconstruction + divergence
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: elbo {-loss.item():.6f} reconstruction {reconstruction.item():.5f} kl {divergence.item():.6f}")

with torch.no_grad():
    probabilities = torch.sigmoid(model.decode(prior.sample((2,))))
print(posterior, likelihood)
print(probabilities.shape, probabilities.mean())
