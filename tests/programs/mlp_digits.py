"""A multilayer perceptron on handwritten digits, with a DataLoader, a train and a test loop."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
digits = load_digits()
data = TensorDataset(torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target))
training, testing, _ = random_split(data, [640, 128, len(data) - 768])
train_loader = DataLoader(training, batch_size=64, shuffle=True)
test_loader = DataLoader(testing, batch_size=64)

model = nn.Sequential(
    nn.Linear(64, 48),
    nn.ReLU(),
    nn.Dropout(0.1),
    nn.Linear(48, 10),
)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)


def train(epoch):
    model.train()
    for batch, (x, y) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        if batch % 3 == 0:
            print(f"epoch {epoch} [{batch * len(x):>3d}/{len(training)}] loss {loss.item():.6f}")


def test():
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for x, y in test_loader:
            logits = model(x)
            total += F.cross_entropy(logits, y, reduction="sum").item()
            correct += (logits.argmax(1) == y).sum().item()
    print(f"test: loss {total / len(testing):.6f}, {correct}/{len(testing)} correct")


for epoch in range(2):
    train(epoch)
    test()
