"""Adamax: Adam with the largest gradient, slowly forgotten, in the place of the root (Kingma and Ba, https://arxiv.org/abs/1412.6980)."""

import jax.numpy as jnp

from facade.optim._functional import (Step, check_betas, check_not_negative, check_rate, filled_for, first_step, lerp, plus, plus_quotient, run,
                                      shifted, times, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["Adamax"]


def adapt(param, grad, mean, largest, *, lr, beta1, beta2, eps, weight_decay, step, maximize):
    """largest = max(beta2 * largest, |grad| + eps), and param - lr * mean / (1 - beta1**step) / largest."""
    grad = -grad if maximize else grad
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    mean = lerp(mean, grad, 1 - beta1)
    largest = jnp.maximum(times(largest, beta2), shifted(jnp.abs(grad), eps))
    return plus_quotient(param, mean, largest, -(lr / (1 - beta1**step).astype(lr.dtype))), mean, largest


def _begin(group, param):
    return {"step": first_step(group), "exp_avg": filled_for(param), "exp_inf": filled_for(param)}


_STEP = Step(adapt, {"exp_avg": 1, "exp_inf": 2}, begin=_begin, counts=True)


def _plan(group, params):
    beta1, beta2 = group["betas"]
    return _STEP, {"lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"], "weight_decay": unless_zero(group["weight_decay"]),
                   "maximize": group["maximize"]}


class Adamax(Optimizer):
    """param - lr * mean / largest; betas: how much the running mean of the gradient and its largest size keep.

    >>> optimizer = Adamax(model.parameters(), lr=2e-3)
    """

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *, maximize=False, differentiable=False,
                 capturable=False):
        check_rate(lr)
        check_not_negative(lr, eps=eps)
        check_betas(betas)
        check_not_negative(lr, weight_decay=weight_decay)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize,
                                  "differentiable": differentiable, "capturable": capturable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None, maximize=False, differentiable=False, capturable=False)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
