"""NAdam: Adam with Nesterov's momentum (Dozat, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ)."""

from facade.optim._counting import scalar_for
from facade.optim._functional import (Step, check_betas, check_not_negative, check_rate, filled_for, first_step, lerp, over, plus, plus_product,
                                      plus_quotient, root, run, shifted, times, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["NAdam"]


def _prepare(lr, beta1, beta2, eps, weight_decay, momentum_decay, step, maximize, decoupled):
    now, following = (beta1 * (1.0 - 0.5 * 0.96 ** (number * momentum_decay)) for number in (step, step + 1))
    return {"lr": lr, "now": now, "following": following, "gain1": 1 - beta1, "keep2": beta2, "gain2": 1 - beta2, "left2": 1 - beta2**step,
            "eps": eps, "keep": None if weight_decay is None or not decoupled else 1 - times(lr, weight_decay),
            "weight_decay": None if decoupled else weight_decay, "maximize": maximize}


def adapt(param, grad, product, mean, square, *, lr, now, following, gain1, keep2, gain2, left2, eps, keep, weight_decay, maximize):
    """A step along the gradient and one along its running mean, weighed by the momentum now, the one that follows, and the product of all."""
    grad = -grad if maximize else grad
    param = param if keep is None else times(param, keep)
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    product = times(product, now)
    mean = lerp(mean, grad, gain1)
    square = plus_product(times(square, keep2), grad, grad, gain2)
    divisor = shifted(root(over(square, left2)), eps)
    wide = product.astype(now.dtype)
    param = plus_quotient(param, grad, divisor, -lr * ((1.0 - now) / (1.0 - wide)).astype(lr.dtype))
    return plus_quotient(param, mean, divisor, -lr * (following / (1.0 - wide * following)).astype(lr.dtype)), product, mean, square


def _begin(group, param):
    return {"step": first_step(group), "mu_product": scalar_for(group, 1.0), "exp_avg": filled_for(param), "exp_avg_sq": filled_for(param)}


_COUPLED, _DECOUPLED = (Step(adapt, {"mu_product": 1, "exp_avg": 1, "exp_avg_sq": 2}, writes=writes, begin=_begin, prepare=_prepare, counts=True,
                             captured=(("params, mu_products", True), ("params, mu_products,", False))) for writes in (2, 3))


def _plan(group, params):
    (beta1, beta2), decay, decoupled = group["betas"], unless_zero(group["weight_decay"]), group["decoupled_weight_decay"]
    return _DECOUPLED if decoupled and decay is not None else _COUPLED, {
        "lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"], "weight_decay": decay, "momentum_decay": group["momentum_decay"],
        "maximize": group["maximize"], "decoupled": decoupled}


class NAdam(Optimizer):
    """Adam that looks one step ahead; momentum_decay: how the momentum grows to betas[0]; decoupled_weight_decay: as in AdamW.

    >>> optimizer = NAdam(model.parameters(), lr=2e-3)
    """

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3, decoupled_weight_decay=False, *,
                 foreach=None, maximize=False, capturable=False, differentiable=False):
        check_rate(lr)
        check_not_negative(lr, eps=eps)
        check_betas(betas)
        check_not_negative(lr, weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(maximize=False, foreach=None, capturable=False, differentiable=False, decoupled_weight_decay=False)
        self._to_tensors("mu_product")

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
