"""What each learning rate schedule does in ten steps, on one and the same small problem."""

import torch
from torch import nn
from torch.optim import lr_scheduler as S

schedules = {
    "StepLR": lambda o: S.StepLR(o, step_size=3, gamma=0.5),
    "MultiStepLR": lambda o: S.MultiStepLR(o, milestones=[2, 5], gamma=0.3),
    "ExponentialLR": lambda o: S.ExponentialLR(o, gamma=0.8),
    "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, T_max=8, eta_min=0.01),
    "LambdaLR": lambda o: S.LambdaLR(o, lr_lambda=lambda epoch: 1 / (1 + epoch)),
    "LinearLR": lambda o: S.LinearLR(o, start_factor=0.25, total_iters=4),
    "CyclicLR": lambda o: S.CyclicLR(o, base_lr=0.02, max_lr=0.2, step_size_up=3),
    "OneCycleLR": lambda o: S.OneCycleLR(o, max_lr=0.3, total_steps=10),
    "WarmRestarts": lambda o: S.CosineAnnealingWarmRestarts(o, T_0=4, T_mult=2),
    "Sequential": lambda o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.7)], milestones=[3]),
}
torch.manual_seed(0)
x, y = torch.randn(16, 3), torch.randn(16, 1)
for name, make in schedules.items():
    torch.manual_seed(1)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    scheduler = make(optimizer)
    rates = []
    for epoch in range(10):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    print(f"{name}: loss {loss.item():.6f}", " ".join(f"{rate:.5f}" for rate in rates))

plateau = S.ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=1)
for metric in (1.0, 0.9, 0.9, 0.9, 0.95):
    plateau.step(metric)
    print(metric, plateau.get_last_lr(), plateau.num_bad_epochs)
state = plateau.state_dict()
print(sorted(state))
