"""A teacher that is the moving average of its student gives targets for points without labels."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons

torch.manual_seed(0)
points, kinds = make_moons(80, noise=0.1, random_state=1)
points, kinds = torch.tensor(points).float(), torch.tensor(kinds)
labelled = torch.cat([(kinds == kind).nonzero().squeeze(1)[:5] for kind in (0, 1)])
student = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
teacher = copy.deepcopy(student)
for parameter in teacher.parameters():
    parameter.detach_()
optimizer = torch.optim.RAdam(student.parameters(), lr=0.05)


@torch.no_grad()
def update_teacher(step, decay=0.95):
    decay = min(1 - 1 / (step + 1), decay)
    for average, parameter in zip(teacher.parameters(), student.parameters()):
        average.data.mul_(decay).add_(parameter.data, alpha=1 - decay)


for step in range(20):
    noisy = points + 0.1 * torch.randn_like(points)
    logits = student(noisy)
    with torch.no_grad():
        target = F.softmax(teacher(points), dim=1)
    supervised = F.cross_entropy(logits[labelled], kinds[labelled])
    consistency = F.mse_loss(F.softmax(logits, dim=1), target)
    loss = supervised + min(1.0, step / 10) * consistency
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    update_teacher(step)
    if step % 5 == 0:
        print(f"{step}: supervised {supervised.item():.6f} consistency {consistency.item():.7f}")
for name, model in (("student", student), ("teacher", teacher)):
    accuracy = (model(points).argmax(1) == kinds).double().mean()
    print(name, f"{F.cross_entropy(model(points), kinds).item():.6f}", accuracy > 0.7)
