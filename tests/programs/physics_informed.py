"""A network that satisfies u'' = -u with u(0) = 0 and u'(0) = 1: second derivatives with respect to the input."""

import torch
from torch import nn
from torch.autograd.functional import hessian, jacobian
from torch.func import hessian as func_hessian
from torch.func import jacrev, vmap

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 1)).double()
t = torch.linspace(0, 2, 15, dtype=torch.float64).view(-1, 1).requires_grad_(True)
zero = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)


def derivative(u, x):
    return torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)[0]


optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(12):
    optimizer.zero_grad()
    u = net(t)
    residual = derivative(derivative(u, t), t) + u
    start = net(zero)
    boundary = start.pow(2).sum() + (derivative(start, zero) - 1).pow(2).sum()
    loss = residual.pow(2).mean() + boundary
    loss.backward()
    optimizer.step()
    if step % 4 == 0 or step == 11:
        print(f"step {step}: residual {residual.pow(2).mean().item():.8f} boundary {boundary.item():.8f}")

point = torch.tensor([0.7], dtype=torch.float64)
print(jacobian(net, point), hessian(lambda x: net(x).sum(), point))
slope = vmap(jacrev(lambda x: net(x)[0]))(t.detach()[:3])
curvature = vmap(func_hessian(lambda x: net(x)[0]))(t.detach()[:3])
print(slope.squeeze(), curvature.squeeze())
