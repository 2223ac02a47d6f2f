"""The smallest loop of the tutorials: accumulate a gradient, zero it, again."""

from benchmarks.workload import Workload


def accumulation(torch):
    weights = torch.ones(4, requires_grad=True)

    def step():
        loss = (weights * 3).sum()
        loss.backward()
        weights.grad.zero_()
        return loss

    return step


def accumulation_by_hand(jax):
    weights = jax.numpy.ones(4)
    value_and_gradient = jax.jit(jax.value_and_grad(lambda weights: (weights * 3).sum()))

    def step():
        loss, _ = value_and_gradient(weights)
        return loss

    return step


WORKLOADS = [Workload("accumulation loop", accumulation, accumulation_by_hand, steps=4000)]
