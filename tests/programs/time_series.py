"""Two LSTM cells in double precision learn sine waves with L-BFGS, then go on by themselves."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

np.random.seed(2)
torch.manual_seed(0)
waves = np.sin((np.arange(16) + np.random.randint(-20, 20, (4, 1))) / 2.0).astype("float64")
data = torch.from_numpy(waves)


class Sequence(nn.Module):
    def __init__(self):
        super(Sequence, self).__init__()
        self.lstm1 = nn.LSTMCell(1, 6)
        self.lstm2 = nn.LSTMCell(6, 6)
        self.linear = nn.Linear(6, 1)

    def forward(self, input, future=0):
        outputs = []
        h_t, c_t, h_t2, c_t2 = (torch.zeros(input.size(0), 6, dtype=torch.double) for _ in range(4))
        for input_t in input.split(1, dim=1):
            h_t, c_t = self.lstm1(input_t, (h_t, c_t))
            h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
            output = self.linear(h_t2)
            outputs += [output]
        for i in range(future):
            h_t, c_t = self.lstm1(output, (h_t, c_t))
            h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
            output = self.linear(h_t2)
            outputs += [output]
        return torch.cat(outputs, dim=1)


seq = Sequence()
seq.double()
criterion = nn.MSELoss()
optimizer = optim.LBFGS(seq.parameters(), lr=0.8, max_iter=3)
for i in range(2):
    print("STEP: ", i)

    def closure():
        optimizer.zero_grad()
        loss = criterion(seq(data[1:, :-1]), data[1:, 1:])
        print(f"loss: {loss.item():.8f}")
        loss.backward()
        return loss
    optimizer.step(closure)
    with torch.no_grad():
        prediction = seq(data[:1, :-1], future=4)
        print(f"test loss: {criterion(prediction[:, :-4], data[:1, 1:]).item():.8f}")
        print(prediction.numpy().shape, prediction.detach().numpy()[0, -4:].round(4))
