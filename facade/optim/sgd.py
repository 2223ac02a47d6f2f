"""Stochastic gradient descent, with momentum: Sutskever et al., http://proceedings.mlr.press/v28/sutskever13.html."""

from jax import lax

from facade.core.tensor.tensor import Tensor
from facade.optim._functional import Step, plus, run, times, unless_zero
from facade.optim.optimizer import Optimizer

__all__ = ["SGD"]


def _direction(param, grad, weight_decay, maximize):
    """The gradient of what is minimized."""
    grad = -grad if maximize else grad
    return grad if weight_decay is None else plus(grad, param, weight_decay)


def descend(param, grad, *, lr, weight_decay, maximize):
    """param - lr * grad"""
    return (plus(param, _direction(param, grad, weight_decay, maximize), -lr),)


def descend_with_momentum(param, grad, buffer, *, lr, weight_decay, maximize, momentum, dampening, nesterov):
    """buffer = momentum * buffer + (1 - dampening) * grad, and param - lr * buffer; the buffer begins as the gradient."""
    grad = _direction(param, grad, weight_decay, maximize)
    buffer = lax.stop_gradient(grad) if buffer is None else plus(times(buffer, momentum), grad, 1 - dampening)
    return plus(param, plus(grad, buffer, momentum) if nesterov else buffer, -lr), buffer


_DESCEND, _DESCEND_WITH_MOMENTUM = Step(descend), Step(descend_with_momentum, {"momentum_buffer": 2})


def _plan(group, params):
    options = {"lr": group["lr"], "weight_decay": unless_zero(group["weight_decay"]), "maximize": group["maximize"]}
    if group["momentum"] == 0:
        return _DESCEND, options
    options["momentum"], options["dampening"], options["nesterov"] = group["momentum"], group["dampening"], group["nesterov"]
    return _DESCEND_WITH_MOMENTUM, options


class SGD(Optimizer):
    """param - lr * (grad + weight_decay * param), or with `momentum` along a running sum of these directions.

    nesterov looks ahead along the sum; dampening takes that share off what is added to it; maximize climbs.

    >>> optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    """

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, foreach=None,
                 differentiable=False, fused=None):
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for value, what in ((lr, "learning rate"), (momentum, "momentum value"), (weight_decay, "weight_decay value")):
            if value < 0.0:
                raise ValueError(f"Invalid {what}: {value}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
                                  "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused})
        self._check_implementation(fused, foreach, differentiable)

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(nesterov=False, maximize=False, foreach=None, differentiable=False, fused=False)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
