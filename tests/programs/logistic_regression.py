"""Two species of iris told apart by a linear layer and a sigmoid."""

import torch
from sklearn.datasets import load_iris
from torch import nn

torch.manual_seed(0)
iris = load_iris()
keep = iris.target < 2
features = torch.from_numpy(iris.data[keep]).float()
target = torch.tensor(iris.target[keep], dtype=torch.float32).view(-1, 1)
features = (features - features.mean(0)) / features.std(0)
order = torch.randperm(len(features))
train, test = order[:80], order[80:]


class LogisticRegression(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.linear = nn.Linear(inputs, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


model = LogisticRegression(features.shape[1])
print(model)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
for epoch in range(30):
    loss = criterion(model(features[train]), target[train])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if epoch % 5 == 0:
        print(f"epoch {epoch}, loss {loss.item():.6f}")

with torch.no_grad():
    predicted = model(features[test]).round()
    accuracy = predicted.eq(target[test]).sum() / float(len(test))
    print(f"accuracy: {accuracy.item():.4f}")
