"""Automatic mixed precision in bfloat16: which dtypes come out, and a loop with and without a GradScaler."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.LayerNorm(32), nn.Linear(32, 4))
x, y = torch.randn(32, 8), torch.randint(0, 4, (32,))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
criterion = nn.CrossEntropyLoss()

with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
    hidden = model[0](x)
    print(hidden.dtype, torch.relu(hidden).dtype, hidden.float().sum().dtype, torch.mm(x, x.T).dtype)
    print(torch.nn.functional.softmax(hidden, dim=-1).dtype, criterion(model(x), y).dtype, torch.is_autocast_enabled("cpu"))
    with torch.autocast("cpu", enabled=False):
        print(torch.mm(x, x.T).dtype)

for epoch in range(8):
    optimizer.zero_grad()
    with torch.amp.autocast("cpu", dtype=torch.bfloat16):
        loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.2f}")
print({p.dtype for p in model.parameters()}, {p.grad.dtype for p in model.parameters()})

scaler = torch.amp.GradScaler("cpu", init_scale=256.0, growth_interval=2)
for step in range(5):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    if step == 3:
        model[0].bias.grad.fill_(float("inf"))
    scaler.step(optimizer)
    scaler.update()
    print(f"step {step}: scale {scaler.get_scale()}")
half = nn.Linear(8, 4).to(torch.bfloat16)
print(half.weight.dtype, half(x.bfloat16()).dtype, half)
