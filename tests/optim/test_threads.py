"""Threads that train at the same time do not see each other."""

import threading

from tests.worlds import world


def trained(torch, seed):
    """The losses of a network whose weights and data the seed gives."""
    generator = torch.Generator().manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.5)
    inputs = torch.rand(16, 4, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(12):
        loss = (model(inputs) - inputs.sum(1, keepdim=True)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_eight_models_in_eight_threads():
    torch = world("facade")
    alone, together = [trained(torch, seed) for seed in range(8)], {}
    threads = [threading.Thread(target=lambda seed=seed: together.update({seed: trained(torch, seed)})) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, losses in enumerate(alone):
        assert all(abs(one - other) <= 1e-5 * abs(one) for one, other in zip(losses, together[seed], strict=True)), seed
