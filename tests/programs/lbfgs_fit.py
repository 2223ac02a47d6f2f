"""L-BFGS: the Rosenbrock valley, and a damped oscillation's four constants, in double precision."""

import torch

point = torch.tensor([-1.2, 1.0], dtype=torch.double, requires_grad=True)
optimizer = torch.optim.LBFGS([point], lr=1, max_iter=10, history_size=6, line_search_fn="strong_wolfe")
calls = 0


def closure():
    global calls
    calls += 1
    optimizer.zero_grad()
    loss = (1 - point[0]) ** 2 + 100 * (point[1] - point[0] ** 2) ** 2
    loss.backward()
    return loss


for step in range(3):
    loss = optimizer.step(closure)
    print(f"step {step}: {loss.item():.6f} at {point[0].item():.6f}, {point[1].item():.6f} after {calls} calls")

torch.manual_seed(0)
t = torch.linspace(0, 4, 50, dtype=torch.float64)
truth = 1.5 * torch.exp(-0.4 * t) * torch.cos(3 * t + 0.2)
data = truth + 0.02 * torch.randn(50, dtype=torch.float64)
constants = torch.tensor([1.0, 0.1, 2.8, 0.0], dtype=torch.float64, requires_grad=True)
fit = torch.optim.LBFGS([constants], lr=0.5, max_iter=5)


def misfit():
    fit.zero_grad()
    amplitude, decay, frequency, phase = constants
    loss = (amplitude * torch.exp(-decay * t) * torch.cos(frequency * t + phase) - data).square().mean()
    loss.backward()
    return loss


for step in range(5):
    print(f"misfit {fit.step(misfit).item():.6f}")
print("constants:", constants.data)
print(f"distance from the truth: {(constants.data - torch.tensor([1.5, 0.4, 3.0, 0.2]).double()).abs().max().item():.4f}")
