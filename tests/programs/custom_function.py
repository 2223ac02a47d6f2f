"""sin(x) by a Legendre polynomial, with an autograd function of our own for P3."""

import math

import torch


class LegendreThree(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 0.5 * (5 * x ** 3 - 3 * x)

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * 1.5 * (5 * x ** 2 - 1)


class Clip(torch.autograd.Function):
    """The identity, through which no gradient larger than `limit` passes."""

    @staticmethod
    def forward(ctx, x, limit):
        ctx.limit = limit
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.clamp(-ctx.limit, ctx.limit), None


dtype = torch.float64
x = torch.linspace(-math.pi, math.pi, 500, dtype=dtype)
y = torch.sin(x)
a, b, c, d = [torch.full((), value, dtype=dtype, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3)]
legendre = LegendreThree.apply
for t in range(60):
    prediction = a + b * legendre(c + d * x)
    loss = (prediction - y).pow(2).sum()
    if t % 12 == 0:
        print(t, f"{loss.item():.6f}")
    loss.backward()
    with torch.no_grad():
        for parameter in (a, b, c, d):
            parameter -= 2e-5 * parameter.grad
            parameter.grad = None
print(f"y = {a.item():.5f} + {b.item():.5f} P3({c.item():.5f} + {d.item():.5f} x)")
print(torch.autograd.gradcheck(legendre, (torch.rand(4, dtype=dtype, requires_grad=True),)))

v = torch.tensor([1.0, -2.0, 30.0], requires_grad=True)
(Clip.apply(v, 5.0) ** 2).sum().backward()
print(v.grad, Clip.apply(v, 5.0).grad_fn.name())
