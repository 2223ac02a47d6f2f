"""LeNet's little sister on 8 by 8 digits."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits

torch.manual_seed(42)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 12, 3)
        self.drop = nn.Dropout2d(p=0.2)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(12 * 2 * 2, 24)
        self.fc2 = nn.Linear(24, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = F.relu(self.drop(self.conv2(x)))
        x = torch.flatten(x, 1)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


images, labels = load_digits(return_X_y=True)
images = torch.from_numpy(images).to(torch.float32).reshape(-1, 1, 8, 8).div_(16).sub_(0.3)
labels = torch.from_numpy(labels).long()
net = Net()
print(net)
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
running = 0.0
for step, (x, y) in enumerate(zip(images[:1024].split(32), labels[:1024].split(32))):
    optimizer.zero_grad()
    loss = F.nll_loss(net(x), y)
    loss.backward()
    optimizer.step()
    running += loss.item()
    if step < 2 or step % 8 == 7:
        print("[%2d] loss: %.6f" % (step + 1, loss.item()))
print("mean loss: %.6f" % (running / 32))

net.eval()
with torch.inference_mode():
    output = net(images[1024:1152])
_, predicted = torch.max(output.data, 1)
truth = labels[1024:1152]
for digit in range(10):
    mask = truth == digit
    print(digit, int((predicted[mask] == digit).sum()), "of", int(mask.sum()))
