"""Policy gradient (REINFORCE) on a corridor: the agent learns to walk right."""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

torch.manual_seed(0)
GOAL, LIMIT, GAMMA = 4, 20, 0.95


class Corridor:
    def reset(self):
        self.place, self.steps = 0, 0
        return self.observe()

    def observe(self):
        return torch.eye(GOAL + 1)[self.place]

    def step(self, action):
        self.place = max(self.place + (1 if action == 1 else -1), 0)
        self.steps += 1
        done = self.place == GOAL or self.steps == LIMIT
        return self.observe(), 1.0 if self.place == GOAL else -0.05, done


policy = nn.Sequential(nn.Linear(GOAL + 1, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = optim.Adam(policy.parameters(), lr=0.03)
env = Corridor()
for episode in range(10):
    state, done, log_probs, rewards = env.reset(), False, [], []
    while not done:
        distribution = Categorical(logits=policy(state))
        action = distribution.sample()
        log_probs.append(distribution.log_prob(action))
        state, reward, done = env.step(action.item())
        rewards.append(reward)
    returns, R = [], 0.0
    for reward in reversed(rewards):
        R = reward + GAMMA * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    loss = torch.stack([-log_prob * R for log_prob, R in zip(log_probs, returns)]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"episode {episode}: {len(rewards)} steps, loss {loss.item():.6f}, entropy {distribution.entropy().item():.6f}")
