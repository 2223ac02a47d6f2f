"""RAdam: Adam that trusts its running mean of squares only when it has seen enough (Liu et al., https://arxiv.org/abs/1908.03265)."""

import jax.numpy as jnp

from facade.optim._functional import (Step, check_betas, check_not_negative, check_rate, filled_for, first_step, lerp, over, plus, plus_product, root,
                                      run, shifted, times, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["RAdam"]


def _prepare(lr, beta1, beta2, eps, weight_decay, step, maximize, decoupled):
    left2, full = 1 - beta2**step, 2 / (1 - beta2) - 1
    seen = full - 2 * step * beta2**step / left2
    trusted = seen > 5.0
    safe = jnp.where(trusted, seen, 6.0)
    rectified = jnp.sqrt((safe - 4) * (safe - 2) * full / ((full - 4) * (full - 2) * safe))
    return {"lr": lr, "left1": 1 - beta1**step, "gain1": 1 - beta1, "keep2": beta2, "gain2": 1 - beta2, "scale": jnp.sqrt(left2), "trusted": trusted,
            "rectified": rectified, "eps": eps, "keep": None if weight_decay is None or not decoupled else 1 - times(lr, weight_decay),
            "weight_decay": None if decoupled else weight_decay, "maximize": maximize}


def adapt(param, grad, mean, square, *, lr, left1, gain1, keep2, gain2, scale, trusted, rectified, eps, keep, weight_decay, maximize):
    """A step along the running mean, over the root of the one of squares times `rectified` once that is trusted."""
    grad = -grad if maximize else grad
    param = param if keep is None else times(param, keep)
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    mean = lerp(mean, grad, gain1)
    square = plus_product(times(square, keep2), grad, grad, gain2)
    change = times(over(mean, left1), lr)
    divisor = shifted(root(jnp.where(trusted, square, 1)), eps)
    adapted = times(change * times(1 / divisor, scale), rectified)
    return param - jnp.where(trusted, adapted, change), mean, square


def _begin(group, param):
    return {"step": first_step(group), "exp_avg": filled_for(param), "exp_avg_sq": filled_for(param)}


_COUPLED, _DECOUPLED = (Step(adapt, {"exp_avg": 1, "exp_avg_sq": 2}, writes=writes, begin=_begin, prepare=_prepare, counts=True) for writes in (1, 2))


def _plan(group, params):
    (beta1, beta2), decay, decoupled = group["betas"], unless_zero(group["weight_decay"]), group["decoupled_weight_decay"]
    return _DECOUPLED if decoupled and decay is not None else _COUPLED, {
        "lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"], "weight_decay": decay, "maximize": group["maximize"],
        "decoupled": decoupled}


class RAdam(Optimizer):
    """Adam whose first steps are along the running mean alone; decoupled_weight_decay: as in AdamW.

    >>> optimizer = RAdam(model.parameters(), lr=1e-3)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *, foreach=None, maximize=False,
                 capturable=False, differentiable=False):
        check_rate(lr)
        check_not_negative(lr, eps=eps)
        check_betas(betas)
        check_not_negative(lr, weight_decay=weight_decay)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize, "foreach": foreach,
                                  "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None, maximize=False, differentiable=False, decoupled_weight_decay=False, capturable=False)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
