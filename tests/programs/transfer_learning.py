"""Layers learned on the digits 0-4 are frozen, and a new head learns 5-9."""

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
data, target = load_digits(return_X_y=True)
data, target = torch.tensor(data).float() / 16, torch.tensor(target)
low, high = data[target < 5][:128], data[target >= 5][:128]
low_y, high_y = target[target < 5][:128], target[target >= 5][:128] - 5


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(64, 24), nn.BatchNorm1d(24), nn.ReLU())
        self.fc = nn.Linear(24, 5)

    def forward(self, x):
        return self.fc(self.features(x))


def fit(model, parameters, x, y):
    optimizer = torch.optim.SGD(parameters, lr=0.2, momentum=0.9)
    for step in range(10):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        if step % 3 == 0:
            print(f"  {step}: {loss.item():.6f}")


model = Net()
print("learn 0-4")
fit(model, model.parameters(), low, low_y)
for parameter in model.parameters():
    parameter.requires_grad = False
before = {name: value.clone() for name, value in model.state_dict().items()}
model.fc = nn.Linear(model.fc.in_features, 5)
model.features.eval()
print("trainable:", [name for name, p in model.named_parameters() if p.requires_grad])
print("learn 5-9")
fit(model, filter(lambda p: p.requires_grad, model.parameters()), high, high_y)
after = model.state_dict()
print("unchanged:", [name for name in after if torch.equal(before[name], after[name])])
result = Net().load_state_dict({name: value for name, value in after.items() if name.startswith("features")}, strict=False)
print(result)
