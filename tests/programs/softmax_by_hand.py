"""Softmax regression on iris with cross entropy from its parts, against the built-in loss."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_iris

torch.manual_seed(3)
iris = load_iris()
x = torch.tensor(iris.data[10:], dtype=torch.float32)
x = (x - x.mean(dim=0)) / x.std(dim=0)
y = torch.tensor(iris.target[10:])
one_hot = torch.zeros(len(y), 3).scatter_(1, y.unsqueeze(1), 1)
W = torch.zeros((4, 3), requires_grad=True)
b = torch.zeros(1, 3, requires_grad=True)
optimizer = torch.optim.Adam([W, b], lr=0.1)

for epoch in range(25):
    logits = x.matmul(W) + b
    shifted = logits - logits.max(dim=1, keepdim=True).values
    probabilities = shifted.exp() / shifted.exp().sum(dim=1, keepdim=True)
    cost = -(one_hot * torch.log(probabilities)).sum(dim=1).mean()
    if epoch % 5 == 0:
        builtin = F.cross_entropy(logits, y)
        print(f"epoch {epoch:2d} cost {cost.item():.6f} same {torch.allclose(cost, builtin, atol=1e-6)}")
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()

prediction = (x @ W + b).argmax(1)
confusion = torch.zeros(3, 3, dtype=torch.int64)
for truth, guess in zip(y.tolist(), prediction.tolist()):
    confusion[truth, guess] += 1
print(confusion)
