"""A U-Net with one skip connection marks the squares in noisy pictures; measured by the Dice coefficient."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def pictures(count, size=16):
    masks = torch.zeros(count, 1, size, size)
    for mask in masks:
        top, left = torch.randint(2, 9, (2,)).tolist()
        mask[0, top:top + 5, left:left + 5] = 1
    return masks + 0.3 * torch.randn(masks.shape), masks


def double_conv(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(2, outputs), nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1), nn.GroupNorm(2, outputs), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = double_conv(1, 4), double_conv(4, 8)
        self.up = nn.ConvTranspose2d(8, 4, kernel_size=2, stride=2)
        self.smooth = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv = double_conv(4 + 4 + 8, 4)
        self.outc = nn.Conv2d(4, 1, kernel_size=1)

    def forward(self, x):
        x1 = self.down1(x)
        x2 = self.down2(F.max_pool2d(x1, 2))
        return self.outc(self.conv(torch.cat([x1, self.up(x2), self.smooth(x2)], dim=1)))


def dice(probability, mask):
    both = (probability * mask).sum(dim=(1, 2, 3))
    return (2 * both / (probability.sum(dim=(1, 2, 3)) + mask.sum(dim=(1, 2, 3)) + 1e-6)).mean()


x, y = pictures(8)
net = UNet()
optimizer = torch.optim.RMSprop(net.parameters(), lr=3e-3, momentum=0.5)
for step in range(8):
    logits = net(x)
    loss = F.binary_cross_entropy_with_logits(logits, y, pos_weight=torch.tensor(3.0)) + 1 - dice(logits.sigmoid(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step} loss {loss.item():.6f}")
print(f"dice {dice((logits > 0).float(), y).item():.3f}", logits.shape)
