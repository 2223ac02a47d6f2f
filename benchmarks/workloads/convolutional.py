"""Classifiers of small colour images: LeNet and a residual network with batch normalization, gradient descent with momentum.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document recognition, 1998.
K. He, X. Zhang, S. Ren and J. Sun, Deep residual learning for image recognition, 2015, https://arxiv.org/abs/1512.03385.
"""

import functools

import numpy

from benchmarks.descent import cross_entropy_by_hand, descent_by_hand, initial, loaded, minimised, minimised_by_hand
from benchmarks.workload import Workload

LEARNING_RATE, MOMENTUM, CLASSES = 0.01, 0.9, 10
STATISTICS_RATE, EPSILON = 0.1, 1e-5

LENET_SHAPES = {
    "0.weight": (6, 3, 5, 5), "0.bias": (6,), "3.weight": (16, 6, 5, 5), "3.bias": (16,),
    "7.weight": (120, 400), "7.bias": (120,), "9.weight": (84, 120), "9.bias": (84,), "11.weight": (CLASSES, 84), "11.bias": (CLASSES,),
}


def images(batch):
    """A batch of images of three channels and 32 by 32 pixels, and a class for each."""
    random = numpy.random.RandomState(1)
    return random.randn(batch, 3, 32, 32).astype("float32"), random.randint(0, CLASSES, size=batch)


def trained(torch, module, parameters, batch):
    """A step of training of a classifier that starts from `parameters`."""
    features, targets = map(torch.tensor, images(batch))
    loaded(torch, module, parameters)
    optimizer = torch.optim.SGD(module.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    return minimised(optimizer, lambda: torch.nn.functional.cross_entropy(module(features), targets))


# ---------------------------------------------------------------- LeNet
def lenet(torch, batch):
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, CLASSES),
    )
    return trained(torch, module, initial(LENET_SHAPES), batch)


def lenet_by_hand(jax, batch):
    def loss_of(parameters, features, targets):
        def affine(name, features):
            return features @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]

        for name in ("0", "3"):
            features = convolved(jax, features, parameters[f"{name}.weight"], padding=0) + parameters[f"{name}.bias"][:, None, None]
            features = pooled(jax, jax.nn.relu(features))
        features = features.reshape(len(features), -1)
        for name in ("7", "9"):
            features = jax.nn.relu(affine(name, features))
        return cross_entropy_by_hand(jax, affine("11", features), targets)

    return minimised_by_hand(jax, descent_by_hand(jax, LEARNING_RATE, MOMENTUM), loss_of, initial(LENET_SHAPES), *images(batch))


def convolved(jax, features, weights, padding, stride=1):
    axes = ("NCHW", "OIHW", "NCHW")
    return jax.lax.conv_general_dilated(features, weights, (stride, stride), [(padding, padding)] * 2, dimension_numbers=axes)


def pooled(jax, features):
    """The largest of each 2 by 2 pixels."""
    return jax.lax.reduce_window(features, -jax.numpy.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


# ---------------------------------------------------------------- a residual network
def blocks(widths):
    """(name, inputs, outputs, stride) of each residual block: each but the first halves the image."""
    return [(f"blocks.{number}", inputs, outputs, 1 if number == 0 else 2)
            for number, (inputs, outputs) in enumerate(zip((widths[0], *widths), widths))]


def resnet_shapes(widths):
    shapes = convolution_shapes("first", 3, widths[0], 3)
    for name, inputs, outputs, _ in blocks(widths):
        shapes |= convolution_shapes(f"{name}.first", inputs, outputs, 3) | convolution_shapes(f"{name}.second", outputs, outputs, 3)
        if inputs != outputs:
            shapes |= convolution_shapes(f"{name}.shortcut", inputs, outputs, 1)
    return shapes | {"last.weight": (CLASSES, widths[-1]), "last.bias": (CLASSES,)}


def convolution_shapes(name, inputs, outputs, size):
    """Shapes of a convolution without bias and of the normalization after it."""
    return {f"{name}.0.weight": (outputs, inputs, size, size), f"{name}.1.weight": (outputs,), f"{name}.1.bias": (outputs,)}


def resnet(torch, batch, widths):
    return trained(torch, resnet_module(torch, widths), initial(resnet_shapes(widths)), batch)


def resnet_module(torch, widths):
    nn = torch.nn

    def convolution(inputs, outputs, size, stride=1):
        return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(outputs))

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.first = convolution(inputs, outputs, 3, stride)
            self.second = convolution(outputs, outputs, 3)
            self.shortcut = nn.Identity() if inputs == outputs else convolution(inputs, outputs, 1, stride)

        def forward(self, features):
            inner = torch.relu(self.first(features))
            return torch.relu(self.second(inner) + self.shortcut(features))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = convolution(3, widths[0], 3)
            self.blocks = nn.Sequential(*(Block(inputs, outputs, stride) for _, inputs, outputs, stride in blocks(widths)))
            self.last = nn.Linear(widths[-1], CLASSES)

        def forward(self, features):
            features = self.blocks(torch.relu(self.first(features)))
            return self.last(nn.functional.adaptive_avg_pool2d(features, 1).flatten(1))

    return ResNet()


def resnet_by_hand(jax, batch, widths):
    parameters, batch = jax.tree.map(jax.numpy.array, (initial(resnet_shapes(widths)), images(batch)))
    names = [name.removesuffix(".1.bias") for name in parameters if name.endswith(".1.bias")]
    zeros = {name: jax.numpy.zeros_like(parameters[f"{name}.1.bias"]) for name in names}
    start, update = descent_by_hand(jax, LEARNING_RATE, MOMENTUM)
    state = parameters, start(parameters), {name: (zeros[name], zeros[name] + 1) for name in names}

    @functools.partial(jax.jit, donate_argnums=0)
    def advance(state, features, targets):
        parameters, memory, statistics = state

        def loss_of(parameters):
            scores, seen = scored(jax, parameters, features, widths)
            return cross_entropy_by_hand(jax, scores, targets), seen

        (loss, seen), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
        statistics = jax.tree.map(lambda old, new: (1 - STATISTICS_RATE) * old + STATISTICS_RATE * new, statistics, seen)
        return loss, (*update(parameters, gradients, memory), statistics)

    def step():
        nonlocal state
        loss, state = advance(state, *batch)
        return loss

    return step


def scored(jax, parameters, features, widths):
    """The score of each class, and the mean and variance of each normalization by name."""
    seen = {}

    def convolution(name, features, stride=1):
        weights = parameters[f"{name}.0.weight"]
        features = convolved(jax, features, weights, weights.shape[-1] // 2, stride)
        mean, variance = features.mean((0, 2, 3), keepdims=True), features.var((0, 2, 3), keepdims=True)
        count = features.size // features.shape[1]
        seen[name] = mean.ravel(), variance.ravel() * (count / (count - 1))
        scale, shift = (parameters[f"{name}.1.{part}"][:, None, None] for part in ("weight", "bias"))
        return (features - mean) * jax.lax.rsqrt(variance + EPSILON) * scale + shift

    features = jax.nn.relu(convolution("first", features))
    for name, inputs, outputs, stride in blocks(widths):
        inner = convolution(f"{name}.second", jax.nn.relu(convolution(f"{name}.first", features, stride)))
        shortcut = features if inputs == outputs else convolution(f"{name}.shortcut", features, stride)
        features = jax.nn.relu(inner + shortcut)
    return features.mean((2, 3)) @ parameters["last.weight"].T + parameters["last.bias"], seen


WORKLOADS = [
    Workload("LeNet 64x3x32x32", lenet, lenet_by_hand, 10, {"batch": 64}, {"batch": 2}),
    Workload("ResNet 16-32-64", resnet, resnet_by_hand, 8, {"batch": 16, "widths": (16, 32, 64)}, {"batch": 2, "widths": (2, 4)}),
]
