"""Twin networks with a contrastive loss: pictures of one digit come close, of two digits part."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class Pairs(Dataset):
    """Pairs of pictures, half of them of the same digit."""

    def __init__(self, count):
        data = load_digits()
        self.images = torch.tensor(data.images, dtype=torch.float32)[:200] / 16
        self.labels = torch.tensor(data.target)[:200]
        self.first = torch.randint(0, 200, (count,))

    def __len__(self):
        return len(self.first)

    def __getitem__(self, i):
        first = self.first[i]
        same = self.labels == self.labels[first]
        candidates = torch.nonzero(same if i % 2 else ~same).flatten()
        second = candidates[(7 * i) % len(candidates)]
        return self.images[first], self.images[second], torch.tensor(float(i % 2 == 0))


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, one, two, different):
        distance = F.pairwise_distance(one, two)
        return torch.mean((1 - different) * distance ** 2 + different * torch.clamp(self.margin - distance, min=0.0) ** 2)


net = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
loader = DataLoader(Pairs(64), batch_size=16, shuffle=True)
for epoch in range(4):
    for one, two, different in loader:
        optimizer.zero_grad()
        loss = criterion(net(one), net(two), different)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.6f}")
with torch.no_grad():
    one, two, different = next(iter(DataLoader(Pairs(32), batch_size=32)))
    distance = F.pairwise_distance(net(one), net(two))
print("same:", distance[different == 0].mean(), "different:", distance[different == 1].mean())
