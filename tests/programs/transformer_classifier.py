"""nn.TransformerEncoder decides whether a sequence holds more ones than twos."""

import math

import torch
from torch import nn

torch.manual_seed(0)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=12):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        frequency = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * frequency)
        pe[:, 1::2] = torch.cos(position * frequency)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[:x.size(1)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(4, 16, padding_idx=0)
        self.position = PositionalEncoding(16)
        layer = nn.TransformerEncoderLayer(16, nhead=2, dim_feedforward=32, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens):
        padding = tokens == 0
        hidden = self.encoder(self.position(self.embedding(tokens) * math.sqrt(16)), src_key_padding_mask=padding)
        mean = hidden.masked_fill(padding.unsqueeze(-1), 0).sum(1) / (~padding).sum(1, keepdim=True)
        return self.head(mean)


tokens = torch.randint(1, 4, (32, 8))
lengths = torch.randint(3, 9, (32,))
tokens[torch.arange(8) >= lengths.unsqueeze(1)] = 0
labels = ((tokens == 1).sum(1) > (tokens == 2).sum(1)).long()
model = Classifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
model.train()
for step in range(10):
    loss = nn.functional.cross_entropy(model(tokens), labels)
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 3 == 0:
        print(f"step {step} loss {loss.item():.6f} norm {norm.item():.6f}")
model.eval()
with torch.no_grad():
    print("accuracy %.3f" % (model(tokens).argmax(-1) == labels).float().mean())
print(len(model.state_dict()), [name for name, _ in model.named_buffers()])
