"""Triplet loss on iris: an anchor nearer to its own kind than to another, and a nearest-neighbour check."""

import torch
from sklearn.datasets import load_iris
from torch import nn

torch.manual_seed(4)
iris = load_iris()
x = torch.tensor(iris.data, dtype=torch.float)
x = torch.nn.functional.normalize(x - x.mean(0))
y = torch.tensor(iris.target)
net = nn.Sequential(nn.Linear(4, 16), nn.ELU(), nn.Linear(16, 3))
criterion = nn.TripletMarginLoss(margin=0.5, p=2)
optimizer = torch.optim.Adamax(net.parameters(), lr=0.02)


def triplets(count):
    anchors = torch.randint(len(y), (count,))
    weights = (y[anchors].unsqueeze(1) == y).double()
    positives = torch.multinomial(weights, 1).squeeze(1)
    negatives = torch.multinomial(1 - weights, 1).squeeze(1)
    return x[anchors], x[positives], x[negatives]


for step in range(12):
    anchor, positive, negative = map(net, triplets(24))
    loss = criterion(anchor, positive, negative)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{step:2d} {loss.item():.6f}")

with torch.no_grad():
    code = net(x)
    distance = torch.cdist(code, code)
    distance.fill_diagonal_(float("inf"))
    nearest = distance.argmin(dim=1)
    print("neighbours of the same kind:", (y[nearest] == y).sum().item() > 120)
