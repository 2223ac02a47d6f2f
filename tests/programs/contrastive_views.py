"""SimCLR: two random views of one digit attract, all others repel (the NT-Xent loss); then a linear probe."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32)[:64].unsqueeze(1) / 16
labels = torch.tensor(digits.target)[:64]


def view(x):
    shift = torch.randint(-1, 2, (2,)).tolist()
    x = torch.roll(x, shift, dims=(2, 3)) * (0.8 + 0.4 * torch.rand(len(x), 1, 1, 1))
    keep = torch.rand_like(x) > 0.1
    return torch.where(keep, x, torch.zeros(()))


encoder = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 16))
head = nn.Sequential(nn.ReLU(), nn.Linear(16, 8))
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=5e-3)


def nt_xent(one, two, temperature=0.5):
    z = F.normalize(torch.cat([one, two]), dim=1)
    similarity = (z @ z.t() / temperature).masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
    positives = torch.arange(len(z)).roll(len(one))
    return F.cross_entropy(similarity, positives)


for step in range(8):
    loss = nt_xent(head(encoder(view(images))), head(encoder(view(images))))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 2 == 0:
        print(f"step {step}: {loss.item():.6f}")

with torch.no_grad():
    features = F.layer_norm(encoder(images), (16,))
probe = nn.Linear(16, 10)
fitting = torch.optim.Rprop(probe.parameters(), lr=0.02)
for step in range(8):
    fitting.zero_grad()
    loss = F.cross_entropy(probe(features), labels)
    loss.backward()
    fitting.step()
print(f"probe: {loss.item():.5f}, {(probe(features).argmax(1) == labels).sum().item() > 20}")
