"""Averaged stochastic gradient descent: `ax` of the state is the mean of the parameters (Polyak and Juditsky, https://doi.org/10.1137/0330046)."""

import jax.numpy as jnp

from facade.core.tensor.tensor import Tensor, to_numpy_scalar
from facade.optim._counting import scalar_for
from facade.optim._functional import Step, check_not_negative, check_rate, filled_for, first_step, plus, run, times, unless_zero
from facade.optim.optimizer import Optimizer

__all__ = ["ASGD"]


def average(param, grad, rate, share, mean, *, lr, lambd, alpha, t0, weight_decay, step, maximize):
    """param * (1 - lambd * rate) - rate * grad, whose mean from step t0 on is kept; the rate is lr / (1 + lambd * lr * step) ** alpha."""
    grad = -grad if maximize else grad
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    wide = rate.astype(lambd.dtype)
    param = plus(times(param, 1 - lambd * wide), grad, -wide)
    mean = jnp.where(share != 1, mean + times(param - mean, share), param)
    return param, (lr / (1 + lambd * lr * step) ** alpha).astype(rate.dtype), (1 / jnp.maximum(1, step - t0)).astype(share.dtype), mean


def _begin(group, param):
    rate = group["lr"]
    return {"step": first_step(group), "eta": scalar_for(group, to_numpy_scalar(rate) if isinstance(rate, Tensor) else rate),
            "mu": scalar_for(group, 1.0), "ax": filled_for(param)}


_CAPTURED = "params, mus, etas,"
_STEP = Step(average, {"eta": 1, "mu": 1, "ax": 1}, writes=2, begin=_begin, counts=True, captured=((_CAPTURED, True), (_CAPTURED, False)))


def _plan(group, params):
    return _STEP, {"lr": group["lr"], "lambd": group["lambd"], "alpha": group["alpha"], "t0": group["t0"],
                   "weight_decay": unless_zero(group["weight_decay"]), "maximize": group["maximize"]}


class ASGD(Optimizer):
    """Steps that get shorter, and the mean of where they lead: lambd, alpha: how they get shorter; t0: where the mean begins.

    >>> optimizer = ASGD(model.parameters(), lr=0.01, t0=1000)
    """

    def __init__(self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None, maximize=False, differentiable=False,
                 capturable=False):
        check_rate(lr)
        check_not_negative(lr, weight_decay=weight_decay)
        super().__init__(params, {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
                                  "maximize": maximize, "differentiable": differentiable, "capturable": capturable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None, maximize=False, differentiable=False, capturable=False)
        self._to_tensors("eta", "mu")

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
