"""Two-layer perceptrons with Adam, both written out in tensor arithmetic.

D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, 2015, https://arxiv.org/abs/1412.6980.
"""

import functools

import numpy

from benchmarks.workload import Workload

LEARNING_RATE, DECAY_FIRST, DECAY_SECOND, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def dataset(inputs, hidden, classes, batch):
    """A batch with a class for each row, and the four starting parameters."""
    random = numpy.random.RandomState(0)
    features = random.randn(batch, inputs).astype("float32")
    targets = random.randint(0, classes, size=(batch, 1))
    shapes = (inputs, hidden), (hidden,), (hidden, classes), (classes,)
    parameters = [(random.randn(*shape) / numpy.sqrt(shape[0])).astype("float32") for shape in shapes]
    return features, targets, parameters


def perceptron(torch, *sizes):
    features, targets, parameters = dataset(*sizes)
    features, targets = torch.tensor(features), torch.tensor(targets)
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


def perceptron_by_hand(jax, *sizes):
    features, targets, parameters = jax.tree.map(jax.numpy.asarray, dataset(*sizes))
    zeros = functools.partial(jax.tree.map, jax.numpy.zeros_like)
    state = parameters, zeros(parameters), zeros(parameters), jax.numpy.zeros(())

    def loss(parameters):
        weights, bias, weights_out, bias_out = parameters
        scores = jax.nn.relu(features @ weights + bias) @ weights_out + bias_out
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(scores), targets, 1).mean()

    def update(state):
        parameters, firsts, seconds, count = state
        value, gradients = jax.value_and_grad(loss)(parameters)
        return value, adam_by_hand(jax, parameters, gradients, firsts, seconds, count + 1)

    update = jax.jit(update, donate_argnums=0)

    def step():
        nonlocal state
        value, state = update(state)
        return value

    return step


def adam_by_hand(jax, parameters, gradients, firsts, seconds, count):
    """The state after Adam's step number `count`."""

    def stepped(parameter, first, second):
        rate = LEARNING_RATE / (1 - DECAY_FIRST**count)
        return parameter - rate * first / (jax.numpy.sqrt(second / (1 - DECAY_SECOND**count)) + EPSILON)

    firsts = jax.tree.map(lambda old, gradient: DECAY_FIRST * old + (1 - DECAY_FIRST) * gradient, firsts, gradients)
    seconds = jax.tree.map(lambda old, gradient: DECAY_SECOND * old + (1 - DECAY_SECOND) * gradient**2, seconds, gradients)
    return jax.tree.map(stepped, parameters, firsts, seconds), firsts, seconds, count


def workload(inputs, hidden, classes, batch, steps):
    sizes = inputs, hidden, classes, batch

    return Workload(
        f"MLP {inputs}-{hidden}-{classes} Adam, batch {batch}",
        lambda torch: perceptron(torch, *sizes),
        lambda jax: perceptron_by_hand(jax, *sizes),
        steps,
    )


WORKLOADS = [
    workload(1, 8, 2, batch=64, steps=500),
    workload(64, 64, 10, batch=64, steps=500),
    workload(784, 500, 10, batch=64, steps=60),
]
