"""Two-layer perceptrons with Adam, both written out in tensor arithmetic.

D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, 2015, https://arxiv.org/abs/1412.6980.
"""

import numpy

from benchmarks.descent import adam_by_hand, cross_entropy_by_hand, minimised_by_hand
from benchmarks.workload import Workload

LEARNING_RATE, DECAY_FIRST, DECAY_SECOND, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def dataset(inputs, hidden, classes, batch):
    """A batch with a class for each row, and the four starting parameters."""
    random = numpy.random.RandomState(0)
    features = random.randn(batch, inputs).astype("float32")
    targets = random.randint(0, classes, size=batch)
    shapes = (inputs, hidden), (hidden,), (hidden, classes), (classes,)
    parameters = [(random.randn(*shape) / numpy.sqrt(shape[0])).astype("float32") for shape in shapes]
    return features, targets, parameters


def perceptron(torch, **sizes):
    features, targets, parameters = dataset(**sizes)
    features, targets = torch.tensor(features), torch.tensor(targets).unsqueeze(1)
    parameters = [torch.tensor(parameter, requires_grad=True) for parameter in parameters]
    update = adam(torch, parameters)

    def step():
        weights, bias, weights_out, bias_out = parameters
        scores = torch.relu(features @ weights + bias) @ weights_out + bias_out
        loss = -torch.log_softmax(scores, 1).gather(1, targets).mean()
        loss.backward()
        update()
        return loss

    return step


def adam(torch, parameters):
    """Adam as torch code writes it: the moments and the parameters are changed in place."""
    moments = [(torch.zeros_like(parameter), torch.zeros_like(parameter)) for parameter in parameters]
    count = 0

    @torch.no_grad()
    def update():
        nonlocal count
        count += 1
        for parameter, (first, second) in zip(parameters, moments):
            gradient = parameter.grad
            first.mul_(DECAY_FIRST).add_(gradient, alpha=1 - DECAY_FIRST)
            second.mul_(DECAY_SECOND).addcmul_(gradient, gradient, value=1 - DECAY_SECOND)
            denominator = (second / (1 - DECAY_SECOND**count)).sqrt_().add_(EPSILON)
            parameter.addcdiv_(first, denominator, value=-LEARNING_RATE / (1 - DECAY_FIRST**count))
            gradient.zero_()

    return update


def perceptron_by_hand(jax, **sizes):
    features, targets, parameters = dataset(**sizes)

    def loss_of(parameters, features, targets):
        weights, bias, weights_out, bias_out = parameters
        return cross_entropy_by_hand(jax, jax.nn.relu(features @ weights + bias) @ weights_out + bias_out, targets)

    return minimised_by_hand(jax, adam_by_hand(jax, LEARNING_RATE), loss_of, parameters, features, targets)


def workload(steps, **sizes):
    name = "MLP {inputs}-{hidden}-{classes} Adam, batch {batch}".format(**sizes)
    return Workload(name, perceptron, perceptron_by_hand, steps, sizes)


WORKLOADS = [
    workload(500, inputs=1, hidden=8, classes=2, batch=64),
    workload(500, inputs=64, hidden=64, classes=10, batch=64),
    workload(60, inputs=784, hidden=500, classes=10, batch=64),
]
