"""Adam: steps along a running mean of the gradient over the root of one of its square (Kingma and Ba, https://arxiv.org/abs/1412.6980)."""

import jax.numpy as jnp

from facade.core.tensor.tensor import Tensor
from facade.optim._functional import (Step, check_betas, check_not_negative, check_rate, filled_for, first_step, lerp, over, plus, plus_product,
                                      plus_quotient, root, run, shifted, times, unless_zero)
from facade.optim.optimizer import Optimizer

__all__ = ["Adam"]


def corrections(lr, beta1, beta2, step):
    """(minus the size of the step, what divides the root): the means begin at zero, which is corrected for here."""
    left1, left2 = (1 - beta ** step.astype(beta.dtype) for beta in (beta1, beta2))
    return -(lr / left1.astype(lr.dtype)), jnp.sqrt(left2)


def _prepare(lr, beta1, beta2, eps, weight_decay, step, maximize, decoupled):
    size, scale = corrections(lr, beta1, beta2, step)
    keep = None if weight_decay is None or not decoupled else 1 - times(lr, weight_decay)
    return {"size": size, "scale": scale, "gain1": 1 - beta1, "keep2": beta2, "gain2": 1 - beta2, "eps": eps, "keep": keep,
            "weight_decay": None if decoupled else weight_decay, "maximize": maximize}


def adapt(param, grad, mean, square, largest=None, *, size, scale, gain1, keep2, gain2, eps, keep, weight_decay, maximize):
    """mean and square as running means of grad and grad**2, and param + size * mean / (sqrt(square) / scale + eps).

    With `largest` (AMSGrad) the largest square so far divides. keep: what decoupled weight decay leaves of the parameter.
    """
    grad = -grad if maximize else grad
    param = param if keep is None else times(param, keep)
    grad = grad if weight_decay is None else plus(grad, param, weight_decay)
    mean = lerp(mean, grad, gain1)
    square = plus_product(times(square, keep2), grad, grad, gain2)
    kept = () if largest is None else (jnp.maximum(largest, square),)
    divisor = shifted(over(root((*kept, square)[0]), scale), eps)
    return plus_quotient(param, mean, divisor, size), mean, square, *kept


def _begin(group, param):
    state = {"step": first_step(group), "exp_avg": filled_for(param), "exp_avg_sq": filled_for(param)}
    return state | {"max_exp_avg_sq": filled_for(param)} if group["amsgrad"] else state


def _steps(writes):
    means = {"exp_avg": 1, "exp_avg_sq": 2}
    return [Step(adapt, state, writes=writes, begin=_begin, prepare=_prepare, counts=True) for state in (means, means | {"max_exp_avg_sq": 1})]


_COUPLED, _DECOUPLED = _steps(1), _steps(2)


def _plan(group, params):
    rate, (beta1, beta2), decay = group["lr"], group["betas"], unless_zero(group["weight_decay"])
    decoupled = group["decoupled_weight_decay"]
    if group["foreach"] and isinstance(rate, Tensor) and not group["capturable"]:
        raise RuntimeError("lr as a Tensor is not supported for capturable=False and foreach=True")
    step = (_DECOUPLED if decoupled and decay is not None else _COUPLED)[bool(group["amsgrad"])]
    return step, {"lr": rate, "beta1": beta1, "beta2": beta2, "eps": group["eps"], "weight_decay": decay,
                  "maximize": group["maximize"], "decoupled": decoupled}


def _check_tensor_betas(betas, foreach, capturable):
    if not any(isinstance(betas[0], kind) and isinstance(betas[1], kind) for kind in (float, Tensor)):
        raise ValueError("betas must be either both floats or both Tensors")
    for index in (0, 1):
        if isinstance(betas[index], Tensor):
            if not capturable and foreach:
                raise ValueError(f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True")
            if betas[index].numel() != 1:
                raise ValueError(f"Tensor betas[{index}] must be 1-element")


class Adam(Optimizer):
    """param - lr * mean / (sqrt(square) + eps), of running means of the gradient and of its square, corrected for their beginning at zero.

    betas: how much the means keep; amsgrad: the largest square so far divides (https://openreview.net/forum?id=ryQu7f-RZ);
    decoupled_weight_decay: the decay does not go through the means, as in AdamW.

    >>> optimizer = Adam(model.parameters(), lr=1e-3)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, foreach=None, maximize=False,
                 capturable=False, differentiable=False, fused=None, decoupled_weight_decay=False):
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_rate(lr)
        check_not_negative(lr, eps=eps)
        check_betas(betas)
        check_not_negative(lr, weight_decay=weight_decay)
        _check_tensor_betas(betas, foreach, capturable)
        betas = tuple(each.squeeze() if isinstance(each, Tensor) and each.dim() else each for each in betas)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused, "decoupled_weight_decay": decoupled_weight_decay})
        self._check_implementation(fused, foreach, differentiable)

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(amsgrad=False, maximize=False, foreach=None, capturable=False, differentiable=False, decoupled_weight_decay=False, fused=None)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
