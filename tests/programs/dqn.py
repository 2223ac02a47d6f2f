"""Deep Q learning on a small grid: replay memory, a target network, an exploring policy."""

import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
Transition = namedtuple("Transition", "state action next_state reward done")
SIZE, GAMMA, BATCH = 3, 0.9, 16
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]


def step(place, action):
    row, column = (min(max(p + d, 0), SIZE - 1) for p, d in zip(place, MOVES[action]))
    done = (row, column) == (SIZE - 1, SIZE - 1)
    return (row, column), (1.0 if done else -0.1), done


def encode(place):
    return torch.tensor([float(each) for each in place]) / SIZE


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(2, 16)
        self.layer2 = nn.Linear(16, len(MOVES))

    def forward(self, x):
        return self.layer2(F.relu(self.layer1(x)))


policy_net, target_net = DQN(), DQN()
print(target_net.load_state_dict(policy_net.state_dict()))
optimizer = torch.optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
memory = deque(maxlen=200)
updates = 0
for episode in range(6):
    place, done, count = (0, 0), False, 0
    while not done and count < 12:
        if random.random() < 0.9 - 0.1 * episode:
            action = random.randrange(len(MOVES))
        else:
            with torch.no_grad():
                action = policy_net(encode(place)).argmax().item()
        after, reward, done = step(place, action)
        memory.append(Transition(encode(place), action, encode(after), reward, done))
        place, count = after, count + 1
        if len(memory) < BATCH:
            continue
        batch = Transition(*zip(*random.sample(memory, BATCH)))
        q = policy_net(torch.stack(batch.state)).gather(1, torch.tensor(batch.action).unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best = target_net(torch.stack(batch.next_state)).max(1).values
        expected = torch.tensor(batch.reward) + GAMMA * best * (~torch.tensor(batch.done))
        loss = nn.SmoothL1Loss()(q, expected)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(policy_net.parameters(), 100)
        optimizer.step()
        updates += 1
        if updates % 10 == 1:
            print(f"update {updates}: loss {loss.item():.6f}")
    target_net.load_state_dict(policy_net.state_dict())
    print(f"episode {episode}: {count} steps, {'reached' if done else 'lost'}")
print(policy_net(encode((2, 1))).detach())
