"""An image is changed, not a network: content by features, style by Gram matrices, of a random frozen network."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
cnn = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU()).eval()
cnn.requires_grad_(False)
ramp = torch.linspace(0, 1, 12)
content_img = torch.stack([ramp.repeat(12, 1), ramp.repeat(12, 1).t(), torch.zeros(12, 12)]).unsqueeze(0)
style_img = ((torch.arange(12).view(-1, 1) + torch.arange(12)) % 2).float().expand(1, 3, 12, 12)


def gram_matrix(features):
    a, b, c, d = features.size()
    flat = features.view(a * b, c * d)
    return torch.mm(flat, flat.t()).div(a * b * c * d)


class StyleLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = gram_matrix(target).detach()

    def forward(self, x):
        self.loss = F.mse_loss(gram_matrix(x), self.target)
        return x


class ContentLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = target.detach()

    def forward(self, x):
        self.loss = F.mse_loss(x, self.target)
        return x


model, style_losses, content_losses = nn.Sequential(), [], []
for i, layer in enumerate(cnn):
    model.add_module(f"layer_{i}", layer)
    if isinstance(layer, nn.Conv2d):
        style_losses.append(StyleLoss(model(style_img)))
        model.add_module(f"style_{i}", style_losses[-1])
        content_losses.append(ContentLoss(model(content_img)))
        model.add_module(f"content_{i}", content_losses[-1])
print([name for name, _ in model.named_children()])

image = content_img.clone().requires_grad_(True)
optimizer = torch.optim.Adam([image], lr=0.03)
for step in range(15):
    with torch.no_grad():
        image.clamp_(0, 1)
    optimizer.zero_grad()
    model(image)
    style = sum(each.loss for each in style_losses) * 1e4
    content = sum(each.loss for each in content_losses)
    (style + content).backward()
    optimizer.step()
    if step % 4 == 0:
        print(f"step {step}: style {style.item():.5f} content {content.item():.6f}")
print(image.detach().mean((0, 2, 3)))
