"""Three models run as one: stacked parameters, vmap over them, and their disagreement."""

import copy

import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

torch.manual_seed(0)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(1, 10)
        self.fc2 = nn.Linear(10, 1)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


models = [MLP() for _ in range(3)]
params, buffers = stack_module_state(models)
base = copy.deepcopy(models[0]).requires_grad_(False)
print({name: tuple(p.shape) for name, p in params.items()}, base.fc1.weight.requires_grad)


def call(params, buffers, x):
    return functional_call(base, (params, buffers), (x,))


def loss_of(params, x, y):
    return nn.functional.mse_loss(call(params, buffers, x), y)


x = torch.linspace(-1, 1, 12).unsqueeze(1)
y = x.abs()
together = vmap(call, in_dims=(0, 0, None))(params, buffers, x)
alone = torch.stack([model(x) for model in models])
print(together.shape, torch.allclose(together, alone, atol=1e-6))

params = {name: p.detach() for name, p in params.items()}
for step in range(20):
    gradients = vmap(grad(loss_of), in_dims=(0, None, None))(params, x, y)
    params = {name: p - 0.2 * gradients[name] for name, p in params.items()}
    if step % 5 == 0:
        losses = vmap(loss_of, in_dims=(0, None, None))(params, x, y)
        print(step, " ".join(f"{loss:.6f}" for loss in losses.tolist()))
outside = vmap(call, in_dims=(0, 0, None))(params, buffers, torch.tensor([[0.0], [3.0]]))
print("spread inside and outside:", outside.std(0).squeeze())
