"""Regressions trained as a first lesson trains them: gradient descent written out under `no_grad`."""

import numpy

from benchmarks.workload import Workload

LEARNING_RATE = 0.1


def linear_data():
    """100 points of three features on a plane, with noise."""
    random = numpy.random.RandomState(0)
    features = random.randn(100, 3).astype("float32")
    targets = features @ numpy.float32([1.5, -2.0, 0.5]) + 0.3
    return features, (targets + 0.01 * random.randn(100)).astype("float32")


def logistic_data():
    """455 samples of 30 features and a class each, the size of a well-known training set on tumours."""
    random = numpy.random.RandomState(0)
    features = random.randn(455, 30).astype("float32")
    return features, (features @ random.randn(30) > 0).astype("float32")


def squared_error(predictions, targets):
    return ((predictions - targets) ** 2).mean()


def descend(torch, data, loss_of):
    """Gradient descent on `loss_of(scores, targets)` for the scores `features @ weights + bias`."""
    features, targets = map(torch.tensor, data)
    weights = torch.zeros(features.shape[1], requires_grad=True)
    bias = torch.zeros((), requires_grad=True)

    def step():
        loss = loss_of(features @ weights + bias, targets)
        loss.backward()
        with torch.no_grad():
            for parameter in (weights, bias):
                parameter -= LEARNING_RATE * parameter.grad
                parameter.grad.zero_()
        return loss

    return step


def descend_by_hand(jax, data, loss_of):
    features, targets = map(jax.numpy.asarray, data)
    parameters = jax.numpy.zeros(features.shape[1]), jax.numpy.zeros(())

    def loss(parameters):
        weights, bias = parameters
        return loss_of(features @ weights + bias, targets)

    def update(parameters):
        value, gradients = jax.value_and_grad(loss)(parameters)
        return value, tuple(old - LEARNING_RATE * gradient for old, gradient in zip(parameters, gradients))

    update = jax.jit(update, donate_argnums=0)

    def step():
        nonlocal parameters
        value, parameters = update(parameters)
        return value

    return step


def linear(torch):
    return descend(torch, linear_data(), squared_error)


def linear_by_hand(jax):
    return descend_by_hand(jax, linear_data(), squared_error)


def logistic(torch):
    def cross_entropy(scores, targets):
        probabilities = torch.sigmoid(scores)
        return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()

    return descend(torch, logistic_data(), cross_entropy)


def logistic_by_hand(jax):
    def cross_entropy(scores, targets):
        probabilities = jax.nn.sigmoid(scores)
        return -(targets * jax.numpy.log(probabilities) + (1 - targets) * jax.numpy.log(1 - probabilities)).mean()

    return descend_by_hand(jax, logistic_data(), cross_entropy)


WORKLOADS = [
    Workload("linear regression 100x3", linear, linear_by_hand, steps=1500),
    Workload("logistic regression 455x30", logistic, logistic_by_hand, steps=800),
]
