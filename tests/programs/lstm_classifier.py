"""Sentences of different lengths, packed, through a two-way LSTM: is the sentiment good?"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)
sentences = ["i love this film", "what a bad bad idea", "love it", "this is bad", "i love a good idea", "a sad film"]
labels = torch.tensor([1, 0, 1, 0, 1, 0])
words = {"<pad>": 0}
for sentence in sentences:
    for word in sentence.split():
        words.setdefault(word, len(words))
encoded = [torch.tensor([words[word] for word in sentence.split()]) for sentence in sentences]
lengths = torch.tensor([len(each) for each in encoded])
batch = pad_sequence(encoded, batch_first=True)
print(batch)


class Classifier(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        output, (h, c) = self.lstm(packed)
        output, lengths = pad_packed_sequence(output, batch_first=True)
        return self.head(torch.cat([h[-2], h[-1]], dim=1)), output


model = Classifier(len(words))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(12):
    logits, output = model(batch, lengths)
    loss = nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 3 == 0:
        print(f"{epoch}: loss {loss.item():.6f}")
print(logits.argmax(1).tolist(), output.shape, output[2, 2:].abs().sum().item())
print(model.embedding.weight.grad[0].sum().item(), model)
