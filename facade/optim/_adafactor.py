"""Adafactor: a step over the root of a mean of squares that is kept by rows and columns (Shazeer and Stern, https://arxiv.org/abs/1804.04235)."""

import jax.numpy as jnp

from facade.core.numeric_limits import finfo
from facade.optim._functional import Step, check_rate, filled_for, first_step, lerp, plus, run, times, unless_zero
from facade.optim.optimizer import Optimizer

__all__ = ["Adafactor"]


def _norm(array, dim=None):
    return jnp.sqrt(jnp.sum(jnp.square(array), dim, keepdims=dim is not None))


def _mean_square(array, dim):
    return jnp.square(_norm(array, dim)) / array.shape[dim]


def _move(param, grad, squares, lr, eps1, eps2, d, weight_decay, step):
    """param - size * change: change is grad / sqrt(squares), clipped to a mean size of d; size is in proportion to the parameter."""
    param_size = _norm(param).astype(eps2.dtype) / param.size**0.5
    size = jnp.maximum(eps2, param_size) * jnp.minimum(lr, 1 / jnp.sqrt(step))
    param = param if weight_decay is None else times(param, 1 - times(lr, weight_decay))
    change = 1 / jnp.sqrt(jnp.maximum(squares, (eps1 * eps1).astype(squares.dtype))) * grad
    excess = jnp.maximum(1.0, _norm(change).astype(d.dtype) / (change.size**0.5 * d))
    return plus(param, change, -size / excess)


def adapt_matrix(param, grad, rows, columns, *, lr, beta2_decay, eps1, eps2, d, weight_decay, step, maximize):
    """The mean of squares is the product of the means of rows and of columns, over the mean of all."""
    grad = -grad if maximize else grad
    gain = step**beta2_decay
    rows = lerp(rows, _mean_square(grad, -1), gain)
    columns = lerp(columns, _mean_square(grad, -2), gain)
    squares = rows @ columns / jnp.maximum(jnp.mean(rows, -2, keepdims=True), eps1.astype(rows.dtype))
    return _move(param, grad, squares, lr, eps1, eps2, d, weight_decay, step), rows, columns


def adapt_vector(param, grad, variance, *, lr, beta2_decay, eps1, eps2, d, weight_decay, step, maximize):
    """The mean of squares as it is."""
    grad = -grad if maximize else grad
    variance = lerp(variance, grad * grad, step**beta2_decay)
    return _move(param, grad, variance, lr, eps1, eps2, d, weight_decay, step), variance


def _zeros(param, dim):
    shape = list(param.shape)
    shape[dim] = 1
    return param.grad.new_zeros(shape)


def _begin_matrix(group, param):
    return {"step": first_step({}), "row_var": _zeros(param, -1), "col_var": _zeros(param, -2)}


def _begin_vector(group, param):
    return {"step": first_step({}), "variance": filled_for(param)}


_STEPS = {writes: (Step(adapt_vector, {"variance": 1}, writes=writes, begin=_begin_vector, counts=True),
                   Step(adapt_matrix, {"row_var": 1, "col_var": 1}, writes=writes, begin=_begin_matrix, counts=True)) for writes in (1, 2)}


def _by_rank(state, params):
    """Vectors and matrices; the state has them in the order of the group."""
    for param in params:
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        state[param]
    return [param for param in params if param.ndim < 2], [param for param in params if param.ndim >= 2]


def _plan(group, params):
    (eps1, eps2), decay = group["eps"], unless_zero(group["weight_decay"])
    steps = _STEPS[1 if decay is None else 2]
    return steps[params[0].ndim >= 2], {
        "lr": group["lr"], "beta2_decay": group["beta2_decay"], "eps1": finfo(params[0].dtype).eps if eps1 is None else eps1, "eps2": eps2,
        "d": group["d"], "weight_decay": decay, "maximize": group["maximize"]}


class Adafactor(Optimizer):
    """Adam with little memory: a matrix's squares are kept as a row and a column; the step is in proportion to the parameter.

    beta2_decay: how the mean of squares slows down; eps: the smallest squares, None for the dtype's eps, and the smallest size of a parameter;
    d: the largest mean size of a change.

    >>> optimizer = Adafactor(model.parameters(), lr=0.01)
    """

    __module__ = "facade.optim"

    def __init__(self, params, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0, *, foreach=None, maximize=False):
        check_rate(lr)
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 >= beta2_decay:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        for name, value in (("epsilon1", eps[0]), ("epsilon2", eps[1])):
            if value is not None and not 0.0 <= value:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(params, {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
                                  "maximize": maximize})

    def __setstate__(self, state):
        super().__setstate__(state)
        self._complete(foreach=None)

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan, _by_rank)
