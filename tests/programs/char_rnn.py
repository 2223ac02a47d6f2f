"""A recurrent network from its three matrices learns to spell one sentence."""

import torch
import torch.nn as nn

torch.manual_seed(0)
text = "hello world, how low"
letters = sorted(set(text))
index = {letter: i for i, letter in enumerate(letters)}


class RNN(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.hidden_size = hidden
        self.i2h = nn.Linear(size + hidden, hidden)
        self.h2o = nn.Linear(hidden, size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, x, hidden):
        hidden = torch.tanh(self.i2h(torch.cat((x, hidden), 1)))
        return self.softmax(self.h2o(hidden)), hidden

    def init_hidden(self):
        return torch.zeros(1, self.hidden_size)


def one_hot(letter):
    row = torch.zeros(1, len(letters))
    row[0][index[letter]] = 1
    return row


rnn = RNN(len(letters), 16)
criterion = nn.NLLLoss()
inputs = [one_hot(letter) for letter in text[:-1]]
targets = [torch.tensor([index[letter]]) for letter in text[1:]]
for epoch in range(12):
    hidden, loss = rnn.init_hidden(), 0
    rnn.zero_grad()
    for x, target in zip(inputs, targets):
        output, hidden = rnn(x, hidden)
        loss += criterion(output, target)
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 5.0)
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.05)
    if epoch % 3 == 0:
        print(f"epoch {epoch}: loss {loss.item() / len(inputs):.6f}")

with torch.no_grad():
    hidden, guess = rnn.init_hidden(), []
    for x in inputs:
        output, hidden = rnn(x, hidden)
        top, i = output.topk(1)
        guess.append(letters[i[0].item()])
print(text[0] + "".join(guess))
