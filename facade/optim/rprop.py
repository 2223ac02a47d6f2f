"""Rprop: only the signs of the gradient count (Riedmiller and Braun, https://doi.org/10.1109/ICNN.1993.298623)."""

import jax.numpy as jnp

from facade.core.tensor.tensor import Tensor, to_numpy_scalar
from facade.optim._functional import Step, check_not_negative, check_rate, filled_for, first_step, run
from facade.optim.optimizer import Optimizer

__all__ = ["Rprop"]


def follow_signs(param, grad, before, size, *, eta_minus, eta_plus, smallest, largest, maximize):
    """size grows where the gradient kept its sign and shrinks where that changed (there nothing moves); param - sign(grad) * size."""
    grad = -grad if maximize else grad
    sign, dtype = jnp.sign(grad * before), size.dtype
    unmoved = jnp.where(sign == 0, jnp.ones((), dtype), sign)           # NaN stays
    factor = jnp.where(sign > 0, eta_plus.astype(dtype), jnp.where(sign < 0, eta_minus.astype(dtype), unmoved))
    size = jnp.clip(size * factor, smallest.astype(dtype), largest.astype(dtype))
    grad = jnp.where(factor == eta_minus.astype(dtype), jnp.zeros((), grad.dtype), grad)
    return param - jnp.sign(grad) * size, grad, size


def _begin(group, param):
    rate = to_numpy_scalar(group["lr"]) if isinstance(group["lr"], Tensor) else group["lr"]
    return {"step": first_step(group), "prev": filled_for(param), "step_size": filled_for(param, complex(rate, rate) if param.is_complex() else rate)}


_STEP = Step(follow_signs, {"prev": 1, "step_size": 2}, begin=_begin, captured=(("params", True), ("params", True)))


def _plan(group, params):
    (eta_minus, eta_plus), (smallest, largest) = group["etas"], group["step_sizes"]
    return _STEP, {"eta_minus": eta_minus, "eta_plus": eta_plus, "smallest": smallest, "largest": largest, "maximize": group["maximize"]}


class Rprop(Optimizer):
    """Each element has its own step size, from lr on; etas: what it shrinks and grows by; step_sizes: the smallest and the largest.

    >>> optimizer = Rprop(model.parameters(), lr=0.01)
    """

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, capturable=False, foreach=None, maximize=False,
                 differentiable=False):
        check_rate(lr)
        check_not_negative(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
                                  "differentiable": differentiable, "capturable": capturable})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None, maximize=False, differentiable=False, capturable=False)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
