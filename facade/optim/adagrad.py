"""Adagrad: steps over the root of the sum of grad**2 (Duchi et al., https://jmlr.org/papers/v12/duchi11a.html)."""

from facade.optim._functional import (Step, check_not_negative, check_rate, filled_for, first_step, plus, plus_product, plus_quotient, root, run,
                                      shifted, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["Adagrad"]


def adapt(param, grad, total, *, lr, lr_decay, eps, weight_decay, step, maximize):
    """total = total + grad**2, and param - rate * grad / (sqrt(total) + eps); the rate is lr / (1 + (step - 1) * lr_decay)."""
    grad = -grad if maximize else grad
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    total = plus_product(total, grad, grad)
    return plus_quotient(param, grad, shifted(root(total), eps), -(lr / (1 + (step - 1) * lr_decay).astype(lr.dtype))), total


def _begin(group, param):
    first = group["initial_accumulator_value"]
    return {"step": first_step(group), "sum": filled_for(param, complex(first, first) if param.is_complex() else first)}


_STEP = Step(adapt, {"sum": 1}, begin=_begin, counts=True)


def _plan(group, params):
    return _STEP, {"lr": group["lr"], "lr_decay": group["lr_decay"], "eps": group["eps"], "weight_decay": unless_zero(group["weight_decay"]),
                   "maximize": group["maximize"]}


class Adagrad(Optimizer):
    """param - lr / (1 + (step - 1) * lr_decay) * grad / (sqrt(total) + eps), of the sum of all squares so far.

    >>> optimizer = Adagrad(model.parameters(), lr=0.01)
    """

    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, maximize=False,
                 differentiable=False, fused=None):
        check_rate(lr)
        check_not_negative(lr, lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps)
        super().__init__(params, {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                                  "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
                                  "differentiable": differentiable, "fused": fused})
        self._check_implementation(fused, foreach, differentiable)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param].update(_begin(group, param))

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None, maximize=False, differentiable=False, fused=None)

    def share_memory(self):
        """Let other processes see the state."""
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["sum"].share_memory_()

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
