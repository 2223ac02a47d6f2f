"""Stochastic weight averaging and an exponential moving average of a network with batch normalization."""

import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(48, 5)
y = (x[:, :2].prod(1, keepdim=True) > 0).float()
loader = DataLoader(TensorDataset(x, y), batch_size=16)
model = nn.Sequential(nn.Linear(5, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 1))
swa_model = AveragedModel(model)
ema_model = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
swa_scheduler = SWALR(optimizer, anneal_strategy="linear", anneal_epochs=2, swa_lr=0.05)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(8):
    for batch, target in loader:
        optimizer.zero_grad()
        loss = criterion(model(batch), target)
        loss.backward()
        optimizer.step()
        ema_model.update_parameters(model)
    if epoch >= 4:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()
    print(f"epoch {epoch}: loss {loss.item():.6f} lr {optimizer.param_groups[0]['lr']:.6f}")
update_bn(loader, swa_model)
for name, each in [("last", model), ("swa", swa_model), ("ema", ema_model)]:
    each.eval()
    print(f"{name}: {criterion(each(x), y).item():.6f}")
print(swa_model.n_averaged, ema_model.n_averaged, swa_model.module[1].running_mean[:3])
