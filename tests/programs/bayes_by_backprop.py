"""A network with a distribution over its weights, trained by Bayes by backprop."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

torch.manual_seed(0)


class BayesianLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.mu = nn.Parameter(torch.empty(outputs, inputs + 1).uniform_(-0.3, 0.3))
        self.rho = nn.Parameter(torch.full((outputs, inputs + 1), -3.0))
        self.prior = Normal(0.0, 1.0)

    def forward(self, x):
        posterior = Normal(self.mu, F.softplus(self.rho))
        weight = posterior.rsample()
        self.complexity = (posterior.log_prob(weight) - self.prior.log_prob(weight)).sum()
        return F.linear(x, weight[:, :-1], weight[:, -1])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = BayesianLinear(1, 8), BayesianLinear(8, 1)

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))

    def complexity(self):
        return self.one.complexity + self.two.complexity


x = torch.linspace(-1, 1, 30).view(-1, 1)
y = 0.5 * x + x.pow(2) + 0.05 * torch.randn_like(x)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
for step in range(16):
    optimizer.zero_grad()
    loss = 0.0
    for _ in range(2):
        likelihood = Normal(net(x), 0.2).log_prob(y).sum()
        loss = loss + (net.complexity() / 10 - likelihood) / 2
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print(f"{step}: {loss.item():.5f}")
with torch.no_grad():
    samples = torch.stack([net(torch.tensor([[0.0], [2.0]])) for _ in range(6)])
print("mean", samples.mean(0).flatten(), "spread", samples.std(0).flatten())
