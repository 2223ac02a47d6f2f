"""A neural differential equation, solved by Runge-Kutta steps, follows a spiral."""

import torch
import torch.nn as nn

torch.manual_seed(0)
true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])


def odeint(f, y, times):
    path = [y]
    for t0, t1 in zip(times[:-1], times[1:]):
        h = t1 - t0
        k1 = f(t0, y)
        k2 = f(t0 + h / 2, y + h * k1 / 2)
        k3 = f(t0 + h / 2, y + h * k2 / 2)
        k4 = f(t1, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        path.append(y)
    return torch.stack(path)


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)

    def forward(self, t, y):
        return self.net(y ** 3)


times = torch.linspace(0.0, 1.0, 6)
start = torch.tensor([[2.0, 0.0], [0.5, 1.0]])
with torch.no_grad():
    true_path = odeint(lambda t, y: torch.mm(y ** 3, true_A), start, times)
exact = torch.linalg.matrix_exp(0.5 * true_A)
print("matrix exponential:", exact)
func = ODEFunc()
optimizer = torch.optim.RMSprop(func.parameters(), lr=1e-2)
for step in range(10):
    optimizer.zero_grad()
    loss = torch.mean(torch.abs(odeint(func, start, times) - true_path))
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{step}: {loss.item():.6f}")
