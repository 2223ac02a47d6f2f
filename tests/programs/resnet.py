"""A small residual network with batch normalization, trained and then judged in evaluation mode."""

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)


def conv3x3(in_channels, out_channels, stride=1):
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = conv3x3(in_channels, out_channels, stride)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(out_channels, out_channels)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(conv3x3(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))

    def forward(self, x):
        residual = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += residual
        return self.relu(out)


model = nn.Sequential(
    conv3x3(1, 4), nn.BatchNorm2d(4), nn.ReLU(),
    ResidualBlock(4, 4), ResidualBlock(4, 8, stride=2),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10),
)
for m in model.modules():
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
images, labels = load_digits(return_X_y=True)
images = torch.tensor(images).float().view(-1, 1, 8, 8) / 8 - 1
labels = torch.tensor(labels)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[4, 6], gamma=0.1)
for epoch in range(8):
    rows = torch.arange(32) + 32 * epoch
    loss = nn.CrossEntropyLoss()(model(images[rows]), labels[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if epoch % 2 == 0:
        print(f"epoch {epoch}: lr {optimizer.param_groups[0]['lr']:.4f} loss {loss.item():.6f}")
print(model[1].num_batches_tracked, model[1].running_mean)
model.eval()
with torch.no_grad():
    print(model(images[:2]))
