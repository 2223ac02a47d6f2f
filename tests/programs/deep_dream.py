"""Deep dream: gradient ascent on an image to please one layer, over two sizes, with a hook to catch the layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3),
)
for p in net.parameters():
    if not nn.parameter.is_lazy(p):
        p.requires_grad_(False)


class Catch:
    def __init__(self, module):
        self.handle = module.register_forward_hook(self)

    def __call__(self, module, inputs, output):
        self.features = output

    def close(self):
        self.handle.remove()


def total_variation(image):
    return (image[..., 1:] - image[..., :-1]).abs().mean() + (image[..., 1:, :] - image[..., :-1, :]).abs().mean()


image = torch.rand(1, 1, 8, 8)
catch = Catch(net[3])
for octave, size in enumerate((8, 12)):
    image = F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False).detach()
    image.requires_grad_(True)
    for step in range(4):
        net[:5](image)
        objective = catch.features[:, 2].mean() - 0.1 * total_variation(image)
        gradient, = torch.autograd.grad(objective, image)
        with torch.no_grad():
            image += 0.05 * gradient / (gradient.std() + 1e-8)
            image.clamp_(0, 1)
        print(f"octave {octave} step {step}: {objective.item():.6f}")
catch.close()
print(image.shape, f"{image.mean().item():.6f}")
rolled = torch.roll(image.detach(), shifts=(2, -1), dims=(2, 3))
print(net(rolled).shape, net[-1])
