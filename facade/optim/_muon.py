"""Muon: steps along the momentum with all its singular values made one (Jordan, https://kellerjordan.github.io/posts/muon/)."""

import functools
import math

import jax.numpy as jnp

from facade.optim._functional import Step, check_rate, filled_for, plus, run, times
from facade.optim.optimizer import Optimizer

__all__ = ["Muon"]


def _half(array):
    return array.astype(jnp.bfloat16)


def _product(one, other):
    """The matrix product of two arrays in half precision, summed in float32."""
    return jnp.matmul(one, other, preferred_element_type=jnp.float32)


def _multiply_add(factor, array, rest):
    """factor * array + rest with one rounding to the dtype of `rest`, as torch has it: a last digit can turn one in half precision."""
    return (factor.astype(jnp.float64) * array + rest).astype(rest.dtype)


def orthogonalized(matrix, factors, steps, eps):
    """The matrix in half precision, its singular values near one: steps of Newton and Schulz's iteration with these three factors."""
    result = _half(matrix.T if matrix.shape[0] > matrix.shape[1] else matrix)
    norm = _half(jnp.sqrt(jnp.sum(jnp.square(result.astype(jnp.float32)))))
    result = _half(result.astype(jnp.float32) / jnp.maximum(norm, _half(eps)).astype(jnp.float32))
    first, second, third = (each.astype(jnp.float32) for each in factors)
    for _ in range(steps):
        gram = _half(_product(result, result.T))
        change = _half(_multiply_add(second, gram, third * _product(gram, gram)))
        result = _half(_multiply_add(first, result, _product(change, result)))
    return result.T if matrix.shape[0] > matrix.shape[1] else result


def _between(start, end, weight):
    """The point between start and end at `weight`, rounded as torch's."""
    weight, span = weight.astype(start.dtype), end - start
    near = weight < 0.5
    return _multiply_add(jnp.where(near, weight, weight - 1), span, jnp.where(near, start, end))


def _ratio(shape, adjust):
    """What the rate is multiplied by for a matrix of this shape."""
    rows, columns = shape
    if adjust == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns)) if adjust in (None, "original") else 1.0


@functools.lru_cache
def _step(iterations, adjust):
    def move(param, grad, total, *, lr, weight_decay, momentum, eps, first, second, third, nesterov):
        total = _between(total, grad, 1 - momentum)
        change = orthogonalized(_between(grad, total, momentum) if nesterov else total, (first, second, third), iterations, eps)
        param = times(param, 1 - times(lr, weight_decay))
        return plus(param, change.astype(param.dtype), -lr * _ratio(param.shape, adjust)), total
    return Step(move, {"momentum_buffer": 1}, writes=2, begin=lambda group, param: {"momentum_buffer": filled_for(param)})


def _plan(group, params):
    if any(param.is_complex() for param in params):
        raise RuntimeError("Muon does not support complex parameters")
    if any(param.ndim != 2 for param in params):
        raise ValueError("Param gradient must be a 2D matrix")
    if group["ns_steps"] >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(group["ns_coefficients"]) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    options = {name: group[name] for name in ("lr", "weight_decay", "momentum", "eps")}
    options.update(zip(("first", "second", "third"), group["ns_coefficients"]), nesterov=bool(group["nesterov"]))
    return _step(group["ns_steps"], group["adjust_lr_fn"]), options


class Muon(Optimizer):
    """For matrices: param * (1 - lr * weight_decay) - rate * the momentum, orthogonalized by `ns_steps` of an iteration in bfloat16.

    adjust_lr_fn: "original" (or None) for a rate of lr * sqrt(max(1, rows / columns)), "match_rms_adamw" for one that suits AdamW's lr.

    >>> optimizer = Muon([each for each in model.parameters() if each.ndim == 2], lr=0.02)
    """

    __module__ = "facade.optim"

    def __init__(self, params, lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.775, 2.0315), eps=1e-7,
                 ns_steps=5, adjust_lr_fn=None):
        check_rate(lr)
        for name, value in (("Learning rate", lr), ("momentum", momentum), ("weight decay", weight_decay)):
            if not 0.0 <= value:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
                                  "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn})
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(f"Muon only supports 2D parameters whereas we found a parameter with size: {param.shape}")

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _plan)
