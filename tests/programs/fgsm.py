"""The fast gradient sign attack: a small step on the pixels undoes a classifier."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32) / 16
labels = torch.tensor(digits.target)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for step in range(20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images[:256]), labels[:256])
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print("loss %.6f" % loss.item())


def fgsm_attack(image, epsilon, data_grad):
    return torch.clamp(image + epsilon * data_grad.sign(), 0, 1)


def test(epsilon):
    data = images[256:384].clone()
    data.requires_grad = True
    loss = F.cross_entropy(model(data), labels[256:384])
    model.zero_grad()
    loss.backward()
    perturbed = fgsm_attack(data, epsilon, data.grad.data)
    attacked = F.cross_entropy(model(perturbed), labels[256:384])
    return attacked.item(), (perturbed - data).abs().max().item()


model.eval()
for epsilon in (0, 0.05, 0.1, 0.2):
    print("epsilon {}: loss {:.6f}, largest change {:.4f}".format(epsilon, *test(epsilon)))
