"""Stop when the validation loss rises, keep the best in a checkpoint, go on from it exactly where it was."""

import os

import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(24, 1) * 4 - 2
y = torch.sin(2 * x) + 0.3 * torch.randn(24, 1)
train_x, train_y, valid_x, valid_y = x[:16], y[:16], x[16:], y[16:]


def make():
    model = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
    return model, torch.optim.Adam(model.parameters(), lr=0.05)


def train_step(model, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(train_x), train_y)
    loss.backward()
    optimizer.step()
    return loss.item()


model, optimizer = make()
best, waited, patience, PATH = float("inf"), 0, 3, "best.pt"
for epoch in range(40):
    loss = train_step(model, optimizer)
    with torch.no_grad():
        valid = nn.functional.mse_loss(model(valid_x), valid_y).item()
    print(f"epoch {epoch}: train {loss:.6f} valid {valid:.6f}")
    if valid < best - 1e-4:
        best, waited = valid, 0
        torch.save({"epoch": epoch, "model_state_dict": model.state_dict(),
                    "optimizer_state_dict": optimizer.state_dict(), "loss": valid}, PATH)
    else:
        waited += 1
        if waited == patience:
            print("stopped after epoch", epoch)
            break

again, again_optimizer = make()
checkpoint = torch.load(PATH)
print(sorted(checkpoint), checkpoint["epoch"])
print(again.load_state_dict(checkpoint["model_state_dict"]))
again_optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
print(f"best {checkpoint['loss']:.6f}, once more {nn.functional.mse_loss(again(valid_x), valid_y).item():.6f}")
print(f"next step: {train_step(again, again_optimizer):.6f}")
os.remove(PATH)
