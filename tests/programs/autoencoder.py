"""Digits squeezed through three numbers, and denoised on the way."""

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(7)
data = torch.tensor(load_digits().data[:256], dtype=torch.float32) / 16


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 3))
        self.decoder = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 64), nn.Sigmoid())

    def forward(self, x):
        encoded = self.encoder(x)
        return encoded, self.decoder(encoded)


model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()
for epoch in range(4):
    for batch in data.chunk(4):
        noisy = batch + 0.1 * torch.randn_like(batch)
        encoded, decoded = model(noisy)
        loss = criterion(decoded, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "| train loss: %.6f" % loss.data.numpy())

with torch.no_grad():
    codes, pictures = model(data)
print(codes.shape, codes.mean(0), codes.std(0))
picture = (pictures[0].view(8, 8) * 16).round().int()
print(picture.shape, picture.dtype, int(picture.min()) >= 0, int(picture.max()) <= 16)
