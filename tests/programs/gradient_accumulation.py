"""Four small batches make one large one; gradients are clipped by norm and by value."""

import copy

import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(32, 6), torch.randn(32, 2)
model = nn.Sequential(nn.Linear(6, 10), nn.SiLU(), nn.Linear(10, 2))
large = copy.deepcopy(model)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
large_optimizer = torch.optim.SGD(large.parameters(), lr=0.1)

for epoch in range(4):
    total = 0.0
    for i, (a, b) in enumerate(zip(x.chunk(4), y.chunk(4))):
        loss = criterion(model(a), b) / 4
        loss.backward()
        total += loss.item()
        if (i + 1) % 4 == 0:
            norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
            optimizer.step()
            optimizer.zero_grad()
    large_optimizer.zero_grad()
    large_loss = criterion(large(x), y)
    large_loss.backward()
    large_norm = nn.utils.clip_grad_norm_(large.parameters(), max_norm=0.5)
    large_optimizer.step()
    print(f"epoch {epoch}: {total:.6f} {large_loss.item():.6f} norm {norm.item():.6f} {large_norm.item():.6f}")

print(all(torch.allclose(p, q, atol=1e-6) for p, q in zip(model.parameters(), large.parameters())))
(100 * criterion(model(x), y)).backward()
nn.utils.clip_grad_value_(model.parameters(), clip_value=0.3)
print(max(p.grad.abs().max().item() for p in model.parameters()))
vector = nn.utils.parameters_to_vector(p.grad for p in model.parameters())
print(vector.shape, f"{vector.norm().item():.6f}")
print("after zero_grad:", {p.grad for p in large.parameters() if large.zero_grad() is None})
