"""Actor and critic with one shared layer balance a stick whose physics is four lines of arithmetic."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical

torch.manual_seed(3)


class Stick:
    def reset(self):
        self.angle, self.speed, self.steps = 0.05, 0.0, 0
        return self.angle, self.speed

    def step(self, action):
        self.speed += 0.3 * math.sin(self.angle) + (0.06 if action else -0.06)
        self.angle += 0.3 * self.speed
        self.steps += 1
        done = abs(self.angle) > 0.5 or self.steps >= 15
        return (self.angle, self.speed), 1.0, done


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine = nn.Linear(2, 12)
        self.action_head = nn.Linear(12, 2)
        self.value_head = nn.Linear(12, 1)

    def forward(self, x):
        x = F.relu(self.affine(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


model = ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
env = Stick()
for episode in range(8):
    state, done, saved, rewards = env.reset(), False, [], []
    while not done:
        probabilities, value = model(torch.tensor(state))
        m = Categorical(probabilities)
        action = m.sample()
        saved.append((m.log_prob(action), value))
        state, reward, done = env.step(action.item())
        rewards.append(reward)
    R, returns = 0.0, []
    for reward in rewards[::-1]:
        R = reward + 0.95 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    policy_losses, value_losses = [], []
    for (log_prob, value), R in zip(saved, returns):
        policy_losses.append(-log_prob * (R - value.item()))
        value_losses.append(F.smooth_l1_loss(value, R.unsqueeze(0)))
    loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"episode {episode}: {len(rewards)} steps, loss {loss.item():.6f}")
