"""A conditional random field over an LSTM: the forward algorithm for the loss, Viterbi for the answer."""

import torch
import torch.nn as nn

torch.manual_seed(1)
START, STOP, TAGS = 3, 4, 5
sentence = torch.tensor([0, 1, 2, 3, 4, 1])
tags = torch.tensor([0, 1, 1, 2, 0, 1])


class BiLSTM_CRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 5)
        self.lstm = nn.LSTM(5, 4, bidirectional=True)
        self.hidden2tag = nn.Linear(8, TAGS)
        self.transitions = nn.Parameter(torch.randn(TAGS, TAGS))
        self.transitions.data[START, :] = -10000
        self.transitions.data[:, STOP] = -10000

    def features(self, sentence):
        out, _ = self.lstm(self.embedding(sentence).view(len(sentence), 1, -1))
        return self.hidden2tag(out.view(len(sentence), -1))

    def partition(self, features):
        forward = torch.full((TAGS,), -10000.0)
        forward[START] = 0.0
        for emission in features:
            forward = torch.logsumexp(forward.unsqueeze(0) + self.transitions + emission.unsqueeze(1), dim=1)
        return torch.logsumexp(forward + self.transitions[STOP], dim=0)

    def score(self, features, tags):
        path = torch.cat([torch.tensor([START]), tags, torch.tensor([STOP])])
        return self.transitions[path[1:], path[:-1]].sum() + features[torch.arange(len(tags)), tags].sum()

    def viterbi(self, features):
        best = torch.full((TAGS,), -10000.0)
        best[START] = 0
        pointers = []
        for emission in features:
            value, index = (best + self.transitions).max(dim=1)
            best = value + emission
            pointers.append(index)
        best = best + self.transitions[STOP]
        path = [int(best.argmax())]
        for index in reversed(pointers):
            path.append(int(index[path[-1]]))
        return best.max(), path[-2::-1]


model = BiLSTM_CRF()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1e-4)
with torch.no_grad():
    value, path = model.viterbi(model.features(sentence))
    print(f"before: {value.item():.5f}", path)
for epoch in range(15):
    model.zero_grad()
    features = model.features(sentence)
    loss = model.partition(features) - model.score(features, tags)
    loss.backward()
    optimizer.step()
    if epoch % 4 == 0:
        print(f"epoch {epoch}: {loss.item():.5f}")
with torch.no_grad():
    print("after:", model.viterbi(model.features(sentence)))
