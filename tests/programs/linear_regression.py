"""A line through noisy points: first with the gradient written by hand, then with autograd, then with nn.Linear."""

import torch
from torch import nn

torch.manual_seed(1)
x = torch.linspace(-1, 1, 40).unsqueeze(1)
y = 3 * x - 0.5 + 0.1 * torch.randn(40, 1)

weight, bias = 0.0, 0.0
for epoch in range(5):
    error = weight * x + bias - y
    weight -= 0.5 * (2 * error * x).mean().item()
    bias -= 0.5 * (2 * error).mean().item()
    print(f"by hand {epoch}: loss {error.pow(2).mean().item():.6f}")

w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(5):
    loss = ((w * x + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad
        b -= 0.5 * b.grad
    w.grad.zero_()
    b.grad.zero_()
    print(f"autograd {epoch}: loss {loss.item():.6f}")
print("by hand and by autograd:", abs(weight - w.item()) < 1e-5, abs(bias - b.item()) < 1e-5)

model = nn.Linear(1, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(60):
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 20 == 0:
        print(f"epoch {epoch + 1}: loss {loss.item():.6f}")
for name, parameter in model.named_parameters():
    print(name, parameter.data)
