"""A mixture density network for a relation with several answers, by logsumexp and by MixtureSameFamily."""

import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

torch.manual_seed(0)
y = torch.rand(64, 1) * 4 - 2
x = y + 0.6 * torch.sin(4 * y) + 0.1 * torch.randn(64, 1)


class MDN(nn.Module):
    def __init__(self, hidden=16, components=3):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
        self.pi = nn.Linear(hidden, components)
        self.mu = nn.Linear(hidden, components)
        self.sigma = nn.Linear(hidden, components)

    def forward(self, x):
        h = self.hidden(x)
        return torch.log_softmax(self.pi(h), 1), self.mu(h), torch.exp(self.sigma(h))


def negative_log_likelihood(log_pi, mu, sigma, y):
    component = -0.5 * ((y - mu) / sigma) ** 2 - torch.log(sigma) - 0.5 * torch.log(torch.tensor(2 * torch.pi))
    return -torch.logsumexp(log_pi + component, dim=1).mean()


net = MDN()
optimizer = torch.optim.NAdam(net.parameters(), lr=0.01)
for step in range(20):
    log_pi, mu, sigma = net(x)
    loss = negative_log_likelihood(log_pi, mu, sigma, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        print(f"{step}: {loss.item():.6f}")
with torch.no_grad():
    log_pi, mu, sigma = net(x)
    mixture = MixtureSameFamily(Categorical(logits=log_pi), Normal(mu, sigma))
    print(mixture)
    print(f"{-mixture.log_prob(y.squeeze(1)).mean().item():.6f} {negative_log_likelihood(log_pi, mu, sigma, y).item():.6f}")
    print(mixture.mean[:4], mixture.sample().shape)
