"""Training programs, as functions of the namespace `torch`: each returns (step, model, optimizer), where `step()` trains once and returns the loss."""


def _data(torch, *shape):
    return torch.linspace(-1, 1, steps=int(torch.tensor(shape).prod())).reshape(shape).sin() * 1.5


def _labels(torch, count, classes):
    return torch.arange(count) * 7 % classes


def _trained(torch, model, optimizer, loss_of, *batch):
    def step():
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        optimizer.step()
        return loss.item()
    return step, model, optimizer


def linear_by_hand(torch):
    """Linear regression, written to in place under no_grad."""
    weight = torch.zeros(3, requires_grad=True)
    rows = _data(torch, 8, 3)
    targets = rows @ torch.tensor([1.0, -2.0, 0.5])

    def step():
        loss = ((rows @ weight - targets) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            weight.sub_(0.1 * weight.grad)
            weight.grad = None
        return loss.item()
    return step, None, None


def logistic_regression(torch):
    """Binary cross-entropy with weight decay."""
    model = torch.nn.Linear(4, 1)
    batch = _data(torch, 12, 4), (_labels(torch, 12, 2)).float()[:, None]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, weight_decay=1e-2)
    return _trained(torch, model, optimizer, lambda model, x, y: torch.nn.functional.binary_cross_entropy_with_logits(model(x), y), *batch)


def mlp_momentum(torch):
    """A classifier with momentum."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, nesterov=True)
    return _trained(torch, model, optimizer, lambda model, x, y: nn.functional.cross_entropy(model(x), y), _data(torch, 10, 4), _labels(torch, 10, 3))


def mlp_clipped_adam(torch):
    """Adam with two groups on clipped gradients, a frozen layer, and a target behind detach()."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 2))
    model[2].weight.requires_grad_(False)
    optimizer = torch.optim.AdamW([{"params": [model[0].weight, model[0].bias]}, {"params": list(model[4].parameters()), "lr": 0.02}], lr=0.01)
    x = _data(torch, 6, 4)

    def step():
        model.zero_grad()
        out = model(x)
        loss = ((out - out.detach().roll(1, 0)) ** 2).mean() + out.abs().sum() * 0.1
        loss.backward()
        nn.utils.clip_grad_norm_([param for param in model.parameters() if param.grad is not None], 0.5)
        optimizer.step()
        return loss.detach()
    return step, model, optimizer


def cnn(torch):
    """A small convolutional network with batch normalization."""
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, stride=2), nn.GELU(),
                          nn.Flatten(), nn.Linear(6, 3))
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    return _trained(torch, model, optimizer, lambda model, x, y: nn.functional.cross_entropy(model(x), y), _data(torch, 5, 1, 6, 6), _labels(torch, 5, 3))


def gpt_block(torch):
    """A Transformer of two blocks, attention written by hand."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self, width=8, heads=2):
            super().__init__()
            self.heads, self.before, self.between = heads, nn.LayerNorm(width), nn.LayerNorm(width)
            self.three, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            count, length, width = x.shape
            q, k, v = (each.view(count, length, self.heads, -1).transpose(1, 2) for each in self.three(self.before(x)).split(width, dim=2))
            scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5
            weights = scores.masked_fill(torch.ones(length, length).tril() == 0, float("-inf")).softmax(dim=-1)
            x = x + self.out((weights @ v).transpose(1, 2).reshape(count, length, width))
            return x + self.narrow(functional.gelu(self.wide(self.between(x))))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(11, 8), nn.Embedding(6, 8)
            self.blocks, self.head = nn.Sequential(Block(), Block()), nn.Linear(8, 11)

        def forward(self, tokens):
            return self.head(self.blocks(self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))))

    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    tokens = _labels(torch, 12, 11).reshape(2, 6)
    return _trained(torch, model, optimizer, lambda model, x, y: functional.cross_entropy(model(x).flatten(0, 1), y.flatten()), tokens, (tokens + 1) % 11)


def lstm(torch):
    """A recurrent network of two layers that continues a wave."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = nn.LSTM(1, 6, num_layers=2, batch_first=True), nn.Linear(6, 1)

        def forward(self, x):
            return self.head(self.rnn(x)[0][:, -1])

    model = Model()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
    waves = _data(torch, 3, 7, 1)
    return _trained(torch, model, optimizer, lambda model, x, y: nn.functional.mse_loss(model(x), y), waves[:, :6], waves[:, 6])


ALL = [linear_by_hand, logistic_regression, mlp_momentum, mlp_clipped_adam, cnn, gpt_block, lstm]
