"""An encoder and a decoder with attention learn to reverse short sequences, with teacher forcing."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

torch.manual_seed(0)
random.seed(0)
SOS, LENGTH, LETTERS, HIDDEN, BATCH = 0, 4, 6, 16, 8


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(LETTERS, HIDDEN)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)

    def forward(self, x):
        return self.gru(self.embedding(x))


class AttentionDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(LETTERS, HIDDEN)
        self.query = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.cell = nn.GRUCell(2 * HIDDEN, HIDDEN)
        self.out = nn.Linear(HIDDEN, LETTERS)

    def forward(self, token, hidden, memory):
        scores = torch.bmm(memory, self.query(hidden).unsqueeze(2)).squeeze(2)
        weights = F.softmax(scores, dim=1)
        context = torch.einsum("bl,blh->bh", weights, memory)
        hidden = self.cell(torch.cat([self.embedding(token), context], dim=-1), hidden)
        return self.out(hidden), hidden, weights


encoder, decoder = Encoder(), AttentionDecoder()
optimizer = optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
for step in range(16):
    source = torch.randint(1, LETTERS, (BATCH, LENGTH))
    target = source.flip(1)
    memory, hidden = encoder(source)
    hidden, token, loss = hidden[-1], torch.full((BATCH,), SOS), 0.0
    forced = random.random() < 0.7
    for position in range(LENGTH):
        logits, hidden, weights = decoder(token, hidden, memory)
        loss = loss + F.cross_entropy(logits, target[:, position])
        token = target[:, position] if forced else logits.argmax(1).detach()
    optimizer.zero_grad()
    (loss / LENGTH).backward()
    optimizer.step()
    if step % 5 == 0:
        print(f"step {step:2d} forced {forced} loss {loss.item() / LENGTH:.6f}")
print("attention of the last letter:", weights[0].detach())
print("sums to one:", torch.allclose(weights.sum(1), torch.ones(BATCH)))
