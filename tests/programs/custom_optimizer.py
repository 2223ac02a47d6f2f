"""An optimizer of our own: Lion, with parameter groups, state, a closure, and a checkpoint of it."""

import torch
from torch import nn
from torch.optim import Optimizer


class Lion(Optimizer):
    def __init__(self, params, lr=1e-2, betas=(0.9, 0.99), weight_decay=0.0):
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["exp_avg"] = 0, torch.zeros_like(p)
                average = state["exp_avg"]
                state["step"] += 1
                p.mul_(1 - group["lr"] * group["weight_decay"])
                update = average.mul(beta1).add_(p.grad, alpha=1 - beta1)
                p.add_(update.tanh(), alpha=-group["lr"])
                average.mul_(beta2).add_(p.grad, alpha=1 - beta2)
        return loss


torch.manual_seed(0)
x = torch.randn(40, 3)
y = (x @ torch.tensor([1.0, -2.0, 0.5])).tanh().unsqueeze(1)
model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = Lion([{"params": model[0].parameters(), "weight_decay": 0.01}, {"params": model[2].parameters(), "lr": 0.05}], lr=0.1)
print(optimizer)


def closure():
    optimizer.zero_grad()
    loss = nn.functional.l1_loss(model(x), y)
    loss.backward()
    return loss


for step in range(12):
    loss = optimizer.step(closure)
    if step % 3 == 0:
        print(f"{step}: {loss.item():.6f}")
state = optimizer.state_dict()
print(state["param_groups"][1], {index: sorted(each) for index, each in state["state"].items()})
again = Lion(model.parameters())
try:
    again.load_state_dict(state)
except ValueError as error:
    print(error)
