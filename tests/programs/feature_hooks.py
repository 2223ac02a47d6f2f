"""Hooks: features on the way forward, gradients on the way back, and a change made by each."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential()
model.add_module("conv1", nn.Conv2d(1, 3, 3))
model.add_module("relu", nn.ReLU())
model.add_module("pool", nn.AdaptiveAvgPool2d(2))
model.add_module("flat", nn.Flatten())
model.add_module("fc", nn.Linear(12, 2))
features, gradients = {}, {}


def save(name):
    def hook(module, inputs, output):
        features[name] = output.detach()
    return hook


handles = [layer.register_forward_hook(save(name)) for name, layer in model.named_children()]
handles.append(model.fc.register_full_backward_hook(lambda m, gin, gout: gradients.update(fc=(gin[0].shape, gout[0].shape))))
handles.append(model.conv1.register_forward_pre_hook(lambda m, inputs: (inputs[0] * 2,)))
x = torch.randn(4, 1, 8, 8, requires_grad=True)
model(x).pow(2).mean().backward()
for name, value in features.items():
    print(f"{name}: {tuple(value.shape)} mean {value.mean().item():.6f}")
print(gradients)
print(f"pixels {x.grad.abs().sum().item():.6f}")
for handle in handles:
    handle.remove()
print(len(model.conv1._forward_hooks), len(model.fc._backward_hooks))

# A tensor's own hooks: Grad-CAM's weights, and a gradient halved on its way.
kept = []
hidden = model.conv1(x)
hidden.register_hook(kept.append)
hidden.retain_grad()
scores = model.fc(model.flat(model.pool(model.relu(hidden))))
halved = model.fc.bias.register_hook(lambda grad: grad / 2)
model.zero_grad()
scores[:, 1].sum().backward()
print(torch.equal(kept[0], hidden.grad), model.fc.bias.grad)
halved.remove()
cam = torch.relu((hidden.grad.mean((2, 3), keepdim=True) * hidden).sum(1)).detach()
print(cam.shape, f"{cam.sum().item():.6f}")
counter = nn.modules.module.register_module_forward_hook(lambda *args: kept.append(None))
model(x)
counter.remove()
print("modules called:", len(kept) - 1)
