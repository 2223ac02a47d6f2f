"""Word vectors by skip-gram with negative sampling, and the neighbours of a word."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
corpus = "the king rules the land the queen rules the land the dog eats the bone the cat eats the fish".split()
vocabulary = sorted(set(corpus))
ids = torch.tensor([vocabulary.index(word) for word in corpus])
counts = torch.bincount(ids, minlength=len(vocabulary)).float()
noise = counts.pow(0.75) / counts.pow(0.75).sum()
pairs = [(i, j) for i in range(len(ids)) for j in range(max(i - 2, 0), min(i + 3, len(ids))) if i != j]
centres = ids[[i for i, _ in pairs]]
contexts = ids[[j for _, j in pairs]]
print(len(vocabulary), "words,", len(pairs), "pairs; most frequent:", vocabulary[counts.argmax()])


class SkipGram(nn.Module):
    def __init__(self, words, size):
        super().__init__()
        self.center = nn.Embedding(words, size)
        self.outer = nn.Embedding(words, size)
        nn.init.uniform_(self.outer.weight, -0.1, 0.1)

    def forward(self, centre, context, negative):
        v = self.center(centre)
        positive = (v * self.outer(context)).sum(1)
        negative = torch.bmm(self.outer(negative), v.unsqueeze(2)).squeeze(2)
        return -(F.logsigmoid(positive) + F.logsigmoid(-negative).sum(1)).mean()


model = SkipGram(len(vocabulary), 8)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for epoch in range(12):
    negative = torch.multinomial(noise, len(pairs) * 3, replacement=True).view(-1, 3)
    loss = model(centres, contexts, negative)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 4 == 0 or epoch == 11:
        print(f"epoch {epoch} loss {loss.item():.6f}")
with torch.no_grad():
    vectors = F.normalize(model.center.weight, dim=1)
    similarity = vectors @ vectors.T
    similarity.fill_diagonal_(-1)
    value, nearest = similarity[vocabulary.index("king")].topk(2)
    print([vocabulary[i] for i in nearest], value)
