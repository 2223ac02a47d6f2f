"""A small student learns from a large teacher's softened answers."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
digits = load_digits()
x = torch.tensor(digits.data[:320], dtype=torch.float32) / 16
y = torch.tensor(digits.target[:320])
teacher = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
student = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))


def train(model, loss_of, steps, name):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model(x))
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(f"{name} {step}: {loss.item():.6f}")
    return loss.item()


train(teacher, lambda logits: F.cross_entropy(logits, y), 20, "teacher")
teacher.eval()
T, weight = 2.0, 0.25
with torch.no_grad():
    soft = F.softmax(teacher(x) / T, dim=-1)


def distill(logits):
    soft_loss = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(logits / T, dim=-1), soft) * T ** 2
    return weight * soft_loss + (1 - weight) * F.cross_entropy(logits, y)


train(student, distill, 20, "student")
agree = (student(x).argmax(1) == teacher(x).argmax(1)).float().mean()
cosine = F.cosine_similarity(F.softmax(student(x), 1), F.softmax(teacher(x), 1), dim=1).mean()
print(f"agree {agree > 0.5}, cosine {cosine:.5f}")
