"""Films recommended by factors of users and films: sparse gradients, biases, and a cold start."""

import torch
from torch import nn

torch.manual_seed(0)
users, films = 6, 5
ratings = torch.tensor([
    [5, 4, 0, 1, 0], [4, 5, 1, 0, 1], [0, 4, 1, 1, 0], [1, 0, 5, 4, 0], [0, 1, 4, 5, 4], [1, 1, 0, 4, 5],
], dtype=torch.float)
user, film = ratings.nonzero(as_tuple=True)
score = ratings[user, film]
print(len(score), "ratings, mean", score.mean())


class Factors(nn.Module):
    def __init__(self, size=3):
        super().__init__()
        self.users, self.films = nn.Embedding(users, size), nn.Embedding(films, size)
        self.user_bias, self.film_bias = nn.Embedding(users, 1), nn.Embedding(films, 1)
        self.mean = nn.Parameter(score.mean())
        for embedding in (self.users, self.films, self.user_bias, self.film_bias):
            embedding.weight.data.normal_(std=0.3)

    def forward(self, user, film):
        product = (self.users(user) * self.films(film)).sum(-1)
        return product + self.user_bias(user).squeeze(-1) + self.film_bias(film).squeeze(-1) + self.mean


model = Factors()
optimizer = torch.optim.ASGD(model.parameters(), lr=0.3)
for epoch in range(16):
    optimizer.zero_grad()
    loss = nn.functional.huber_loss(model(user, film), score, delta=1.5)
    loss.backward()
    optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch}: {loss.item():.6f}")
with torch.no_grad():
    everything = model(torch.arange(users).unsqueeze(1), torch.arange(films))
    unseen = everything.masked_fill(ratings > 0, float("-inf"))
    print("recommended:", unseen.argmax(dim=1).tolist())
    values, order = everything[0].sort(descending=True)
    print(order, values)
    left, singular, right = torch.linalg.svd(ratings - ratings.mean(), full_matrices=False)
    print("singular values:", singular)
bag = nn.EmbeddingBag(films, 3, mode="mean")
print(bag(torch.tensor([0, 2, 4, 1]), torch.tensor([0, 3])).shape)
