"""A graph convolutional and a graph attention layer find the two clubs among twelve friends."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (3, 5), (0, 5), (6, 7), (7, 8), (6, 8), (8, 9), (9, 10), (10, 11), (9, 11), (5, 6)]
source, target = torch.tensor(edges + [(b, a) for a, b in edges]).t()
labels = (torch.arange(12) >= 6).long()
known = torch.tensor([0, 3, 8, 11])
adjacency = torch.eye(12).index_put((source, target), torch.ones(len(source)))
degree = adjacency.sum(1)
normalized = adjacency / torch.sqrt(torch.outer(degree, degree))


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(12, 8), nn.Linear(8, 2)

    def forward(self, x):
        x = F.relu(torch.mm(normalized, self.one(x)))
        return normalized @ self.two(F.dropout(x, 0.2, training=self.training))


class GAT(nn.Module):
    def __init__(self):
        super().__init__()
        self.project, self.head = nn.Linear(12, 8, bias=False), nn.Linear(8, 2)
        self.attention = nn.Parameter(torch.randn(16) * 0.3)

    def forward(self, x):
        h = self.project(x)
        score = F.leaky_relu(torch.cat([h[source], h[target]], dim=1) @ self.attention, 0.2)
        weight = torch.exp(score - score.max())
        total = torch.zeros(12).scatter_add(0, target, weight)
        message = h[source] * (weight / total[target]).unsqueeze(1)
        return self.head(F.elu(torch.zeros_like(h).index_add(0, target, message)))


features = torch.eye(12)
for model in (GCN(), GAT()):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=5e-4)
    for epoch in range(16):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(features)[known], labels[known])
        loss.backward()
        optimizer.step()
        if epoch % 5 == 0:
            print(type(model).__name__, epoch, f"{loss.item():.6f}")
    model.eval()
    print(model(features).argmax(1).tolist())
