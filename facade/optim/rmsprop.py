"""RMSprop: steps over the root of a running mean of grad**2 (Hinton, https://www.cs.toronto.edu/~hinton/coursera/lecture6/lec6.pdf)."""

import itertools

from facade.optim._functional import (Step, check_not_negative, check_rate, filled_for, first_step, lerp, plus, plus_product, plus_quotient, root,
                                      run, shifted, times, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["RMSprop"]


def adapt(param, grad, square, *more, lr, alpha, eps, momentum, weight_decay, maximize, centered):
    """square as a running mean of grad**2, and param - lr * grad / (sqrt(square) + eps).

    more: with `momentum` a running sum of those quotients, to step along; if `centered` a running mean of grad, whose square comes off.
    """
    grad = -grad if maximize else grad
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    square = plus_product(times(square, alpha), grad, grad, 1 - alpha)
    mean = (lerp(more[-1], grad, 1 - alpha),) if centered else ()
    divisor = shifted(root(plus_product(square, -mean[0], mean[0]) if centered else square), eps)
    if momentum is None:
        return plus_quotient(param, grad, divisor, -lr), square, *mean
    total = plus_quotient(times(more[0], momentum), grad, divisor)
    return plus(param, total, -lr), square, total, *mean


def _begin(group, param):
    names = ["square_avg"] + ["momentum_buffer"] * (group["momentum"] > 0) + ["grad_avg"] * bool(group["centered"])
    return {"step": first_step(group)} | {name: filled_for(param) for name in names}


_STEPS = {(momentum, centered): Step(adapt, {"square_avg": 2} | ({"momentum_buffer": 2} if momentum else {}) | ({"grad_avg": 1} if centered else {}),
                                     begin=_begin, captured=(("params", True), ("params", True)))
          for momentum, centered in itertools.product((False, True), repeat=2)}


def _plan(group, params):
    momentum, centered = group["momentum"], bool(group["centered"])
    return _STEPS[momentum > 0, centered], {
        "lr": group["lr"], "alpha": group["alpha"], "eps": group["eps"], "momentum": momentum if momentum > 0 else None,
        "weight_decay": unless_zero(group["weight_decay"]), "maximize": group["maximize"], "centered": centered}


class RMSprop(Optimizer):
    """param - lr * grad / (sqrt(square) + eps); alpha: how much the mean keeps; centered: by the variance (https://arxiv.org/abs/1308.0850).

    >>> optimizer = RMSprop(model.parameters(), lr=0.01, momentum=0.9)
    """

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False, foreach=None,
                 maximize=False, differentiable=False):
        check_rate(lr)
        check_not_negative(lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(params, {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
                                  "capturable": capturable, "foreach": foreach, "maximize": maximize, "differentiable": differentiable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(momentum=0, centered=False, foreach=None, maximize=False, differentiable=False, capturable=False)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
