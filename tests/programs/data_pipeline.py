"""Datasets, samplers and a collate function: everything between a list and a batch, with a small fit at the end."""

import torch
from torch.utils.data import (ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, TensorDataset, WeightedRandomSampler,
                              random_split)

torch.manual_seed(0)


class Squares(Dataset):
    def __init__(self, start, stop):
        self.numbers = list(range(start, stop))

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, i):
        return {"x": float(self.numbers[i]), "y": self.numbers[i] ** 2, "name": f"n{self.numbers[i]}"}


class Countdown(IterableDataset):
    def __iter__(self):
        return iter(range(5, 0, -1))


both = ConcatDataset([Squares(0, 4), Squares(10, 13)])
for batch in DataLoader(both, batch_size=3):
    print(batch)
print([batch.tolist() for batch in DataLoader(Countdown(), batch_size=2, drop_last=True)])
train, test = random_split(both, [0.7, 0.3], generator=torch.Generator().manual_seed(42))
print(train.indices, test.indices, len(Subset(both, [1, 2])))

ragged = [torch.arange(n) for n in (3, 1, 2, 4)]


def pad(batch):
    longest = max(map(len, batch))
    return torch.stack([torch.nn.functional.pad(each, (0, longest - len(each)), value=-1) for each in batch])


for batch in DataLoader(ragged, batch_size=2, collate_fn=pad):
    print(batch)

labels = torch.tensor([0] * 12 + [1] * 4)
features = torch.randn(16, 2) + labels.unsqueeze(1)
weights = 1.0 / torch.bincount(labels)[labels]
sampler = WeightedRandomSampler(weights, num_samples=16, replacement=True)
loader = DataLoader(TensorDataset(features, labels), batch_size=8, sampler=sampler)
model = torch.nn.Linear(2, 2)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.3)
for epoch in range(3):
    for x, y in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        print(y.tolist(), f"{loss.item():.6f}")
