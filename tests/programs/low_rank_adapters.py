"""LoRA: a frozen model learns a new task through small matrices beside its weights; then they are merged."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class LoRALinear(nn.Module):
    def __init__(self, linear, rank=2, alpha=4):
        super().__init__()
        self.linear, self.scale = linear, alpha / rank
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        return self.linear(x) + self.scale * (x @ self.lora_A.T @ self.lora_B.T)

    def merged(self):
        with torch.no_grad():
            self.linear.weight += self.scale * self.lora_B @ self.lora_A
        return self.linear


class Attention(nn.Module):
    """Causal attention that keeps the keys and values it has seen."""

    def __init__(self, size=8):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(size, size), nn.Linear(size, size), nn.Linear(size, size)

    def forward(self, x, cache=None):
        k, v = self.key(x), self.value(x)
        if cache is not None:
            k, v = torch.cat([cache[0], k], 1), torch.cat([cache[1], v], 1)
        return F.scaled_dot_product_attention(self.query(x), k, v, is_causal=cache is None), (k, v)


model = Attention()
x = torch.randn(4, 5, 8)
y = torch.cumsum(x, dim=1) / torch.arange(1, 6).view(1, -1, 1)
for p in model.parameters():
    p.requires_grad_(False)
for name, module in list(model.named_children()):
    setattr(model, name, LoRALinear(module))
trainable = [p for p in model.parameters() if p.requires_grad]
print(sum(p.numel() for p in trainable), "of", sum(p.numel() for p in model.parameters()), "are trained")
optimizer = torch.optim.Adam(trainable, lr=0.05)
for step in range(12):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x)[0], y)
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        print(f"step {step}: {loss.item():.6f}")

model.eval()
with torch.no_grad():
    whole, cache = model(x)
    for name, module in list(model.named_children()):
        setattr(model, name, module.merged())
    print(model)
    print("merged:", torch.allclose(model(x)[0], whole, atol=1e-5))
    out, cache = model(x[:, :1])
    for i in range(1, 5):
        out, cache = model(x[:, i:i + 1], cache)
    print("cached:", torch.allclose(out, whole[:, -1:], atol=1e-5), cache[0].shape)
