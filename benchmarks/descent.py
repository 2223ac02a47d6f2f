"""What several workloads share: starting parameters, the loop of training, and optimizers written by hand.

Parameters are a dict from the names torch gives them to arrays of NumPy, so that every backend starts from the same.
An optimizer by hand is a pair of functions: its memory for some parameters, and parameters and memory after a step.
"""

import functools

import numpy


def initial(shapes):
    """Parameters of these shapes by name: weights of variance one over their inputs, scales of one, biases of zero."""
    random = numpy.random.RandomState(0)
    return {name: filled(random, name, shape).astype("float32") for name, shape in shapes.items()}


def filled(random, name, shape):
    if len(shape) == 1:
        return numpy.full(shape, float(name.endswith("weight")))
    return random.randn(*shape) / numpy.sqrt(numpy.prod(shape[1:]))


def loaded(torch, module, parameters):
    """The module with each of its parameters set to the one of that name."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.tensor(parameters[name]))
    return module


def minimised(optimizer, loss_of, before_update=lambda: None):
    """A step of training as torch code writes it."""

    def step():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        before_update()
        optimizer.step()
        return loss

    return step


def minimised_by_hand(jax, optimizer, loss_of, parameters, *batch):
    """A step of training as one program that updates parameters and memory where they lie."""
    start, update = optimizer
    parameters, batch = jax.tree.map(jax.numpy.array, (parameters, batch))
    state = parameters, start(parameters)

    @functools.partial(jax.jit, donate_argnums=0)
    def advance(state, batch):
        parameters, memory = state
        loss, gradients = jax.value_and_grad(loss_of)(parameters, *batch)
        return loss, update(parameters, gradients, memory)

    def step():
        nonlocal state
        loss, state = advance(state, batch)
        return loss

    return step


def descent_by_hand(jax, rate, momentum):
    """Gradient descent; the memory is a velocity for each parameter."""

    def update(parameters, gradients, velocities):
        velocities = jax.tree.map(lambda velocity, gradient: momentum * velocity + gradient, velocities, gradients)
        return jax.tree.map(lambda parameter, velocity: parameter - rate * velocity, parameters, velocities), velocities

    return functools.partial(jax.tree.map, jax.numpy.zeros_like), update


def adam_by_hand(jax, rate, shrinkage=0.0, first_decay=0.9, second_decay=0.999, epsilon=1e-8):
    """Adam, with decoupled weight decay `shrinkage`; the memory is both moments and the number of steps.

    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, 2015, https://arxiv.org/abs/1412.6980.
    I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019, https://arxiv.org/abs/1711.05101.
    """

    def start(parameters):
        zeros = functools.partial(jax.tree.map, jax.numpy.zeros_like, parameters)
        return zeros(), zeros(), jax.numpy.zeros(())

    def update(parameters, gradients, memory):
        firsts, seconds, count = memory
        count += 1
        first_share, second_share = 1 - first_decay**count, 1 - second_decay**count
        firsts = jax.tree.map(lambda old, gradient: first_decay * old + (1 - first_decay) * gradient, firsts, gradients)
        seconds = jax.tree.map(lambda old, gradient: second_decay * old + (1 - second_decay) * gradient**2, seconds, gradients)

        def updated(parameter, first, second):
            change = first / first_share / (jax.numpy.sqrt(second / second_share) + epsilon)
            return parameter * (1 - rate * shrinkage) - rate * change

        return jax.tree.map(updated, parameters, firsts, seconds), (firsts, seconds, count)

    return start, update


def clipped_by_hand(jax, optimizer, largest):
    """The optimizer on gradients scaled down to a norm of at most `largest` over all of them."""
    start, update = optimizer

    def clipped_update(parameters, gradients, memory):
        norm = jax.numpy.sqrt(sum((gradient**2).sum() for gradient in jax.tree.leaves(gradients)))
        scale = jax.numpy.minimum(largest / (norm + 1e-6), 1.0)
        return update(parameters, jax.tree.map(lambda gradient: gradient * scale, gradients), memory)

    return start, clipped_update


def cross_entropy_by_hand(jax, scores, targets):
    """The mean negative logarithm of the softmax at each row's target."""
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(scores), targets[..., None], -1).mean()
