"""Adadelta: steps as long as the steps so far, over the root of a running mean of grad**2 (Zeiler, https://arxiv.org/abs/1212.5701)."""

from facade.optim._functional import (Step, check_not_negative, check_rate, filled_for, first_step, over_array, plus, plus_product, root, run,
                                      shifted, times, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["Adadelta"]


def adapt(param, grad, square, moved, *, lr, rho, eps, weight_decay, maximize):
    """square and moved as running means of grad**2 and change**2; change = grad * sqrt(moved + eps) / sqrt(square + eps)."""
    grad = -grad if maximize else grad
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    square = plus_product(times(square, rho), grad, grad, 1 - rho)
    change = over_array(root(shifted(moved, eps)), root(shifted(square, eps))) * grad
    moved = plus_product(times(moved, rho), change, change, 1 - rho)
    return plus(param, change, -lr), square, moved


def _begin(group, param):
    return {"step": first_step(group), "square_avg": filled_for(param), "acc_delta": filled_for(param)}


_STEP = Step(adapt, {"square_avg": 2, "acc_delta": 2}, begin=_begin, captured=(("params", False), ("params", False)))


def _plan(group, params):
    return _STEP, {"lr": group["lr"], "rho": group["rho"], "eps": group["eps"], "weight_decay": unless_zero(group["weight_decay"]),
                   "maximize": group["maximize"]}


class Adadelta(Optimizer):
    """param - lr * grad * sqrt(moved + eps) / sqrt(square + eps); rho: how much the running means of both squares keep.

    >>> optimizer = Adadelta(model.parameters(), rho=0.95)
    """

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *, capturable=False, maximize=False, differentiable=False):
        check_rate(lr)
        check_not_negative(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(lr, eps=eps, weight_decay=weight_decay)
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize, "capturable": capturable,
                                  "foreach": foreach, "differentiable": differentiable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None, maximize=False, differentiable=False, capturable=False)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
