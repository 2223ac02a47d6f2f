"""Part-of-speech tags for padded sentences; the padding is ignored by the loss."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(1)
training_data = [
    ("the dog ate the apple".split(), ["DET", "NN", "V", "DET", "NN"]),
    ("everybody read that book".split(), ["NN", "V", "DET", "NN"]),
    ("the book".split(), ["DET", "NN"]),
]
word_to_ix = {}
for sentence, _ in training_data:
    for word in sentence:
        word_to_ix.setdefault(word, len(word_to_ix) + 1)
tag_to_ix = {"DET": 0, "NN": 1, "V": 2}
longest = max(len(sentence) for sentence, _ in training_data)
inputs = torch.zeros(len(training_data), longest, dtype=torch.long)
targets = torch.full((len(training_data), longest), -100)
for row, (sentence, tags) in enumerate(training_data):
    inputs[row, :len(sentence)] = torch.tensor([word_to_ix[word] for word in sentence])
    targets[row, :len(tags)] = torch.tensor([tag_to_ix[tag] for tag in tags])


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.word_embeddings = nn.Embedding(len(word_to_ix) + 1, 6)
        self.gru = nn.GRU(6, 10, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(20, len(tag_to_ix))

    def forward(self, sentences):
        out, _ = self.gru(self.word_embeddings(sentences))
        return self.hidden2tag(out)


model = Tagger()
loss_function = nn.CrossEntropyLoss(ignore_index=-100)
optimizer = optim.SGD(model.parameters(), lr=0.5)
for epoch in range(20):
    model.zero_grad()
    scores = model(inputs)
    loss = loss_function(scores.transpose(1, 2), targets)
    loss.backward()
    optimizer.step()
    if epoch % 5 == 0:
        print("epoch %d loss %.6f" % (epoch, loss.item()))
with torch.no_grad():
    names = {value: key for key, value in tag_to_ix.items()}
    best = model(inputs).max(-1).indices
    for (sentence, _), row in zip(training_data, best):
        print(" ".join(f"{word}/{names[tag.item()]}" for word, tag in zip(sentence, row)))
