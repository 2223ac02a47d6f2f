"""L-BFGS: steps along the gradient times an estimate of the inverse Hessian, from the last changes (Nocedal and Wright, chapter 7.2).

All parameters are one vector here. A step takes as many evaluations of the loss as it needs, and decides by their values what comes next,
so it reads as it goes.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax

from facade.autograd.grad_mode import enable_grad, no_grad
from facade.core import engine
from facade.core.ops import expose
from facade.core.tensor.tensor import Tensor
from facade.optim._functional import check_not_negative, check_rate
from facade.optim._line_search import strong_wolfe
from facade.optim.optimizer import Optimizer

__all__ = ["LBFGS"]

_cat, _view_as_real = expose.namespace("torch")["cat"], expose.namespace("torch")["view_as_real"]
_KEPT = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


def _real(tensor):
    return _view_as_real(tensor) if tensor.is_complex() else tensor


def _remember(state, grad, history_size):
    """Take the last step and the change of the gradient along it into the history, the oldest making room."""
    change, step = grad.sub(state["prev_flat_grad"]), state["d"].mul(state["t"])
    curvature = change.dot(step)
    if curvature > 1e-10:
        history = state["old_dirs"], state["old_stps"], state["ro"]
        for entries, entry in zip(history, (change, step, 1.0 / curvature)):
            if len(entries) == history_size:
                entries.pop(0)
            entries.append(entry)
        state["H_diag"] = curvature / change.dot(change)


class _TwoLoops:
    """The operator (gradient, scale, changes, steps, inverse curvatures) -> minus the gradient times the inverse Hessian of this history, shares."""

    def specialize(self, specs, statics):
        """One loop over the history, whatever its length: unrolled, 100 entries took 14 s to compile."""
        def back(rest, entry):
            change, step, inverse = entry
            share = jnp.dot(step, rest) * inverse
            return rest - change * share, share

        def forth(result, entry):
            change, step, inverse, share = entry
            return result + step * (share - jnp.dot(change, result) * inverse), None

        def direction(grad, scale, *history):
            count = len(history) // 3
            stacked = tuple(jnp.stack(history[start:start + count]) for start in range(0, 3 * count, count))
            rest, shares = lax.scan(back, -grad, stacked, reverse=True)
            return lax.scan(forth, rest * scale.astype(grad.dtype), (*stacked, shares))[0], shares
        return direction


_TWO_LOOPS = _TwoLoops()


def _direction(state, grad):
    """(minus the gradient times the inverse Hessian that the history stands for, the share of each entry): the two-loop recursion.

    The history is filled up with zeros, which change nothing, to a power of two: not every length is a program of its own.
    """
    count = len(state["old_dirs"])
    if not count:
        return grad.neg().mul(state["H_diag"]), None
    empty = [engine.constant(np.zeros(spec.shape, spec.dtype)) for spec in (grad.value.spec, state["ro"][0].value.spec)]
    history = []
    for name, padding in (("old_dirs", empty[0]), ("old_stps", empty[0]), ("ro", empty[1])):
        history += [each.value for each in state[name]] + [padding] * ((1 << (count - 1).bit_length()) - count)
    scale = state["H_diag"].value if isinstance(state["H_diag"], Tensor) else state["H_diag"]
    (direction, found), _ = engine.record(_TWO_LOOPS, (), [grad.value, scale, *history])
    return Tensor._of(direction), Tensor._of(found)


class LBFGS(Optimizer):
    """`step(closure)` looks for the minimum along up to `max_iter` directions.

    max_eval: the most evaluations a step, max_iter * 5 // 4 if None; tolerance_grad, tolerance_change: where it ends; history_size: how many
    changes are kept; line_search_fn: None for steps of length lr, or "strong_wolfe".

    >>> optimizer = LBFGS(model.parameters(), line_search_fn="strong_wolfe")
    >>> optimizer.step(closure)     # zeroes the gradients, computes the loss, calls backward, returns the loss
    """

    def __init__(self, params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100, line_search_fn=None):
        check_rate(lr)
        check_not_negative(lr)
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval, "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change, "history_size": history_size, "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    # ------------------------------------------------------------ all parameters as one vector
    def _gather_flat_grad(self):
        grads = (param.new_zeros(param.numel()) if param.grad is None else param.grad for param in self._params)
        return _cat([_real(grad).reshape(-1) for grad in grads])

    def _add_grad(self, step_size, update):
        start = 0
        for param in map(_real, self._params):
            param.add_(update[start:start + param.numel()].view_as(param) * step_size)
            start += param.numel()

    def _directional_evaluate(self, closure, begin, length, direction):
        """(loss, gradient) at a length along the direction; the parameters end where they began."""
        self._add_grad(length, direction)
        loss = float(closure())
        grad = self._gather_flat_grad()
        for param, value in zip(self._params, begin, strict=True):
            param.copy_(value)
        return loss, grad

    # ------------------------------------------------------------ a step
    @no_grad()
    def step(self, closure):
        """Go down; closure: computes the loss and its gradients, again and again. The first loss is returned."""
        if len(self.param_groups) != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {len(self.param_groups)}")
        closure, group, state = enable_grad()(closure), self.param_groups[0], self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        state["func_evals"] += 1
        grad = self._gather_flat_grad()
        if grad.abs().max() <= group["tolerance_grad"]:
            return first
        work = {name: state.get(name) for name in _KEPT}
        self._descend(closure, group, state, work, float(first), grad)
        self._keep(state, work, group["history_size"])
        return first

    def _descend(self, closure, group, state, work, loss, grad):
        """Take steps until one of the ends is reached; work: what the next call goes on from."""
        rate = group["lr"].squeeze() if isinstance(group["lr"], Tensor) else group["lr"]
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            self._turn(group, state, work, grad)
            work["prev_flat_grad"], work["prev_loss"] = grad.clone(), loss
            work["t"] = _least(1.0, 1.0 / grad.abs().sum()) * rate if state["n_iter"] == 1 else rate
            slope = grad.dot(work["d"])
            if slope > -group["tolerance_change"]:
                return
            loss, grad, taken = self._go(closure, group, work, loss, grad, slope, iteration, group["max_eval"] - evaluations)
            evaluations += taken
            state["func_evals"] += taken
            if iteration == group["max_iter"] or evaluations >= group["max_eval"] or self._converged(group, work, loss, grad):
                return

    @staticmethod
    def _turn(group, state, work, grad):
        """Choose the next direction."""
        if state["n_iter"] == 1:
            work.update(d=grad.neg(), old_dirs=[], old_stps=[], ro=[], H_diag=1)
        else:
            _remember(work, grad, group["history_size"])
            work["d"], work["shares"] = _direction(work, grad)

    def _go(self, closure, group, work, loss, grad, slope, iteration, evaluations):
        """Move along the direction: (loss, gradient, evaluations taken) there."""
        search, taken = group["line_search_fn"], 0
        if search is not None:
            if search != "strong_wolfe":
                raise RuntimeError("only 'strong_wolfe' is supported")
            begin = [param.clone() for param in self._params]
            loss, grad, work["t"], taken = strong_wolfe(lambda length: self._directional_evaluate(closure, begin, length, work["d"]),
                                                        work["t"], work["d"], loss, grad, slope, max_ls=evaluations)
        self._add_grad(work["t"], work["d"])
        if search is None and iteration != group["max_iter"]:
            loss, taken = float(closure()), 1
            grad = self._gather_flat_grad()
        return loss, grad, taken

    @staticmethod
    def _keep(state, work, history_size):
        """Leave in the state what the next step goes on from; torch leaves the shares there too, as "al"."""
        if "shares" in work:
            shares, found, count = state.setdefault("al", [None] * history_size), work.pop("shares"), len(work["old_dirs"])
            shares[:count] = found[:count].unbind() if count else []
        state.update(work)

    @staticmethod
    def _converged(group, work, loss, grad):
        return bool(grad.abs().max() <= group["tolerance_grad"]) or bool(work["d"].mul(work["t"]).abs().max() <= group["tolerance_change"]) \
            or abs(loss - work["prev_loss"]) < group["tolerance_change"]


def _least(number, tensor):
    return tensor if tensor < number else number
