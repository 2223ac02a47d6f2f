"""Proximal policy optimization with a Gaussian policy: point at a target that moves around a circle."""

import torch
from torch import nn
from torch.distributions import Independent, Normal

torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
log_std = nn.Parameter(torch.full((2,), -0.5))
value = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam([
    {"params": [*policy.parameters(), log_std], "lr": 1e-2},
    {"params": value.parameters(), "lr": 3e-2},
])


def act(state):
    return Independent(Normal(policy(state), log_std.exp()), 1)


for iteration in range(5):
    angle = torch.rand(48) * 2 * torch.pi
    states = torch.stack((torch.cos(angle), torch.sin(angle)), dim=-1)
    with torch.no_grad():
        actions = act(states).sample()
        old_log_prob = act(states).log_prob(actions)
        rewards = -(actions - states.roll(1, dims=1)).square().sum(-1)
        advantage = rewards - value(states).squeeze(-1)
        advantage = (advantage - advantage.mean()) / advantage.std()
    for epoch in range(3):
        distribution = act(states)
        ratio = (distribution.log_prob(actions) - old_log_prob).exp()
        clipped = ratio.clamp(0.8, 1.2)
        policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
        value_loss = (value(states).squeeze(-1) - rewards).pow(2).mean()
        loss = policy_loss + 0.5 * value_loss - 0.01 * distribution.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{iteration}: reward {rewards.mean().item():.6f} loss {loss.item():.6f} ratio up to {ratio.max().item():.5f}")
print(log_std.data)
